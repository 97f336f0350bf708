using System.Runtime.CompilerServices;

namespace Sockeye.Compression;

/// <summary>The codecs of all connections with the same options.</summary>
internal sealed class MessageCodecs
{
    // Connections that are opened one by one with the same options object share this object too.
    private static readonly ConditionalWeakTable<PerMessageDeflateOptions, MessageCodecs> Shared = [];

    private readonly CodecPools _pools;

    /// <summary>Creates codecs from the given pools; tests use pools of their own.</summary>
    public MessageCodecs(PerMessageDeflateOptions options, CodecPools? pools = null)
    {
        Options = options;
        _pools = pools ?? new CodecPools();
    }

    /// <summary>Returns the codecs for connections with these options, from the pools of the process.</summary>
    /// <param name="options">The user's options.</param>
    /// <returns>
    /// <see langword="null"/> if there are no options, if they disable compression, or if the platform has no zlib.
    /// </returns>
    public static MessageCodecs? For(PerMessageDeflateOptions? options) =>
        options is not { IsEnabled: true } || !ZLibNative.IsAvailable
            ? null
            : Shared.GetValue(options, static options => new MessageCodecs(options, CodecPools.Process));

    /// <summary>The user's options.</summary>
    public PerMessageDeflateOptions Options { get; }

    /// <summary>Returns the pool of inflaters for a window.</summary>
    /// <param name="windowBits">The base-2 logarithm of the window, 8 to 15.</param>
    public CodecPool<Inflater> Inflaters(int windowBits) => _pools.Inflaters(windowBits);

    /// <summary>Returns the pool of deflaters for a window.</summary>
    /// <param name="windowBits">The base-2 logarithm of the window, 9 to 15.</param>
    public CodecPool<Deflater> Deflaters(int windowBits) =>
        _pools.Deflaters(new DeflateSettings(windowBits, Options.Level, Options.MemoryLevel, Options.Strategy));
}
