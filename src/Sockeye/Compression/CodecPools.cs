using System.Collections.Concurrent;
using Sockeye.Protocol;

namespace Sockeye.Compression;

/// <summary>
/// One pool for each kind of codec. Options are compared by value: a program that makes a new options object for each
/// connection shares codecs, and compressed broadcasts, as one that keeps the object does.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class CodecPools
{
    private readonly CodecPool<Inflater>[] _inflaters;

    // At most one for each value of the four settings, nearly always one or two.
    private readonly ConcurrentDictionary<DeflateSettings, CodecPool<Deflater>> _deflaters = new();

    private readonly bool _areTrimmed;

    /// <summary>Makes pools; codecs are made when they are needed.</summary>
    /// <param name="areTrimmed">Whether to free codecs that have been idle for a while.</param>
    public CodecPools(bool areTrimmed = false)
    {
        _areTrimmed = areTrimmed;
        _inflaters =
        [
            .. from windowBits in Enumerable.Range(
                   PerMessageDeflateParameters.MinWindowBits,
                   PerMessageDeflateParameters.MaxWindowBits - PerMessageDeflateParameters.MinWindowBits + 1)
               select new CodecPool<Inflater>(() => new Inflater(windowBits), areTrimmed),
        ];
    }

    /// <summary>The pools that all servers and clients of the process share.</summary>
    public static CodecPools Process { get; } = new(areTrimmed: true);

    /// <summary>The inflaters of a window.</summary>
    /// <param name="windowBits">8 to 15.</param>
    public CodecPool<Inflater> Inflaters(int windowBits) =>
        _inflaters[windowBits - PerMessageDeflateParameters.MinWindowBits];

    /// <summary>The deflaters made with these settings.</summary>
    public CodecPool<Deflater> Deflaters(DeflateSettings settings) =>
        _deflaters.GetOrAdd(
            settings,
            static (settings, isTrimmed) => new CodecPool<Deflater>(() => new Deflater(settings), isTrimmed),
            _areTrimmed);
}
