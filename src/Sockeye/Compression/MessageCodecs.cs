using System.Runtime.CompilerServices;
using Sockeye.Protocol;

namespace Sockeye.Compression;

/// <summary>The pools of codecs that all connections with the same options share.</summary>
internal sealed class MessageCodecs
{
    // Connections that are opened one by one, with the same options, share as well.
    private static readonly ConditionalWeakTable<PerMessageDeflateOptions, MessageCodecs> Shared = [];

    // By window bits, from the smallest that there is: 8 for inflating, 9 for deflating.
    private readonly CodecPool<Inflater>[] _inflaters;
    private readonly CodecPool<Deflater>[] _deflaters;

    /// <summary>Makes the pools; codecs are made when they are needed.</summary>
    public MessageCodecs(PerMessageDeflateOptions options)
    {
        Options = options;
        _inflaters =
        [
            .. from windowBits in Enumerable.Range(
                   PerMessageDeflateParameters.MinWindowBits,
                   PerMessageDeflateParameters.MaxWindowBits - PerMessageDeflateParameters.MinWindowBits + 1)
               select new CodecPool<Inflater>(() => new Inflater(windowBits)),
        ];
        _deflaters =
        [
            .. from windowBits in Enumerable.Range(
                   PerMessageDeflateNegotiation.MinDeflateWindowBits,
                   PerMessageDeflateParameters.MaxWindowBits - PerMessageDeflateNegotiation.MinDeflateWindowBits + 1)
               select new CodecPool<Deflater>(() => new Deflater(
                   new DeflateSettings(windowBits, options.Level, options.MemoryLevel, options.Strategy))),
        ];
    }

    /// <summary>The pools for connections with these options.</summary>
    /// <param name="options">What the user has set.</param>
    /// <returns><see langword="null"/> if there are no options, or the platform has no zlib.</returns>
    public static MessageCodecs? For(PerMessageDeflateOptions? options) =>
        options is null || !ZLibNative.IsAvailable
            ? null
            : Shared.GetValue(options, static options => new MessageCodecs(options));

    /// <summary>What the user has set.</summary>
    public PerMessageDeflateOptions Options { get; }

    /// <summary>The inflaters of a window.</summary>
    /// <param name="windowBits">8 to 15.</param>
    public CodecPool<Inflater> Inflaters(int windowBits) =>
        _inflaters[windowBits - PerMessageDeflateParameters.MinWindowBits];

    /// <summary>The deflaters of a window.</summary>
    /// <param name="windowBits">9 to 15.</param>
    public CodecPool<Deflater> Deflaters(int windowBits) =>
        _deflaters[windowBits - PerMessageDeflateNegotiation.MinDeflateWindowBits];
}
