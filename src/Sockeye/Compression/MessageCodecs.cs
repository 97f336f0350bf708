using System.Runtime.CompilerServices;

namespace Sockeye.Compression;

/// <summary>The codecs of connections with the same options.</summary>
internal sealed class MessageCodecs
{
    // Connections that are opened one by one, with the same options object, share this object too.
    private static readonly ConditionalWeakTable<PerMessageDeflateOptions, MessageCodecs> Shared = [];

    private readonly CodecPools _pools;

    /// <summary>Makes codecs that come from pools of their own, for tests, or from given ones.</summary>
    public MessageCodecs(PerMessageDeflateOptions options, CodecPools? pools = null)
    {
        Options = options;
        _pools = pools ?? new CodecPools();
    }

    /// <summary>The codecs for connections with these options, from the pools of the process.</summary>
    /// <param name="options">What the user has set.</param>
    /// <returns><see langword="null"/> if there are no options, if they disable compression, or the platform has no zlib.</returns>
    public static MessageCodecs? For(PerMessageDeflateOptions? options) =>
        options is not { IsEnabled: true } || !ZLibNative.IsAvailable
            ? null
            : Shared.GetValue(options, static options => new MessageCodecs(options, CodecPools.Process));

    /// <summary>What the user has set.</summary>
    public PerMessageDeflateOptions Options { get; }

    /// <summary>The inflaters of a window.</summary>
    /// <param name="windowBits">8 to 15.</param>
    public CodecPool<Inflater> Inflaters(int windowBits) => _pools.Inflaters(windowBits);

    /// <summary>The deflaters of a window.</summary>
    /// <param name="windowBits">9 to 15.</param>
    public CodecPool<Deflater> Deflaters(int windowBits) =>
        _pools.Deflaters(new DeflateSettings(windowBits, Options.Level, Options.MemoryLevel, Options.Strategy));
}
