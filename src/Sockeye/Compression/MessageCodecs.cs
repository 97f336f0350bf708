using Sockeye.Protocol;

namespace Sockeye.Compression;

/// <summary>The pools of codecs that all connections with the same options share.</summary>
internal sealed class MessageCodecs
{
    // By window bits, from the smallest that there is: 8 for inflating, 9 for deflating.
    private readonly CodecPool<Inflater>[] _inflaters;
    private readonly CodecPool<Deflater>[] _deflaters;

    /// <summary>Makes the pools; codecs are made when they are needed.</summary>
    public MessageCodecs(PermessageDeflateOptions options)
    {
        Options = options;
        _inflaters =
        [
            .. from windowBits in Enumerable.Range(
                   PermessageDeflateParameters.MinWindowBits,
                   PermessageDeflateParameters.MaxWindowBits - PermessageDeflateParameters.MinWindowBits + 1)
               select new CodecPool<Inflater>(() => new Inflater(windowBits)),
        ];
        _deflaters =
        [
            .. from windowBits in Enumerable.Range(
                   PermessageDeflateNegotiation.MinDeflateWindowBits,
                   PermessageDeflateParameters.MaxWindowBits - PermessageDeflateNegotiation.MinDeflateWindowBits + 1)
               select new CodecPool<Deflater>(() => new Deflater(
                   new DeflateSettings(windowBits, options.Level, options.MemoryLevel, options.Strategy))),
        ];
    }

    /// <summary>What the user has set.</summary>
    public PermessageDeflateOptions Options { get; }

    /// <summary>The inflaters of a window.</summary>
    /// <param name="windowBits">8 to 15.</param>
    public CodecPool<Inflater> Inflaters(int windowBits) =>
        _inflaters[windowBits - PermessageDeflateParameters.MinWindowBits];

    /// <summary>The deflaters of a window.</summary>
    /// <param name="windowBits">9 to 15.</param>
    public CodecPool<Deflater> Deflaters(int windowBits) =>
        _deflaters[windowBits - PermessageDeflateNegotiation.MinDeflateWindowBits];
}
