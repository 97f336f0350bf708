using System.Collections.Concurrent;
using Sockeye.Protocol;

namespace Sockeye.Compression;

/// <summary>
/// Holds one pool for each kind of codec. Settings are compared by value, so that a program which creates new options for each
/// connection still shares codecs and compressed broadcasts.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class CodecPools
{
    private readonly CodecPool<Inflater>[] _inflaters;

    // At most one entry for each combination of the four settings; usually one or two.
    private readonly ConcurrentDictionary<DeflateSettings, CodecPool<Deflater>> _deflaters = new();

    private readonly bool _areTrimmed;

    /// <summary>Creates empty pools.</summary>
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

    /// <summary>Returns the pool of inflaters for a window.</summary>
    /// <param name="windowBits">The base-2 logarithm of the window, 8 to 15.</param>
    public CodecPool<Inflater> Inflaters(int windowBits) =>
        _inflaters[windowBits - PerMessageDeflateParameters.MinWindowBits];

    /// <summary>Returns the pool of deflaters with these settings.</summary>
    public CodecPool<Deflater> Deflaters(DeflateSettings settings) =>
        _deflaters.GetOrAdd(
            settings,
            static (settings, isTrimmed) => new CodecPool<Deflater>(() => new Deflater(settings), isTrimmed),
            _areTrimmed);
}
