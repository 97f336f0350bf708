using System.IO.Compression;
using Sockeye.Compression;

namespace Sockeye.Tests;

/// <summary>Codecs are shared by the value of the options, not by the object (RFC 7692 §7.1).</summary>
public sealed class CodecPoolsTests
{
    [Fact]
    public void Equal_options_share_their_codecs()
    {
        MessageCodecs one = MessageCodecs.For(new PerMessageDeflateOptions { Level = 3 })!;
        MessageCodecs other = MessageCodecs.For(new PerMessageDeflateOptions { Level = 3 })!;

        Assert.Same(one.Deflaters(15), other.Deflaters(15));
        Assert.Same(one.Inflaters(15), other.Inflaters(15));
    }

    [Fact]
    public void Options_that_change_the_output_have_separate_codecs()
    {
        PerMessageDeflateOptions options = new();
        PerMessageDeflateOptions[] different =
        [
            options with { Level = 9 },
            options with { MemoryLevel = 1 },
            options with { Strategy = ZLibCompressionStrategy.HuffmanOnly },
        ];
        CodecPool<Deflater> codecs = MessageCodecs.For(options)!.Deflaters(15);

        Assert.All(different, other => Assert.NotSame(codecs, MessageCodecs.For(other)!.Deflaters(15)));
        Assert.NotSame(codecs, MessageCodecs.For(options)!.Deflaters(14));
    }

    [Fact]
    public void Options_that_do_not_change_the_output_share_codecs()
    {
        PerMessageDeflateOptions options = new() { Level = 4 };

        Assert.Same(
            MessageCodecs.For(options)!.Deflaters(15),
            MessageCodecs.For(options with { MinimumLength = 7, EncoderIdleTimeout = TimeSpan.FromMinutes(1) })!.Deflaters(15));
    }

    [Fact]
    public void Unused_codecs_are_freed_after_a_while()
    {
        var pool = new CodecPool<Inflater>(() => new Inflater(15));
        Inflater one = pool.Rent();
        Inflater other = pool.Rent();
        pool.Return(one);
        pool.Return(other);

        Assert.True(pool.Trim());
        Assert.Equal(2, pool.KeptCount);
        pool.Return(pool.Rent());
        Assert.True(pool.Trim());
        Assert.Equal(1, pool.KeptCount);
        Assert.False(pool.Trim());

        Assert.Equal(0, pool.KeptCount);
    }

    [Fact]
    public void A_broadcast_to_connections_with_equal_options_is_compressed_once_and_holds_one_codec()
    {
        // Values that no other test uses: the pools are those of the process.
        static PerMessageDeflateOptions Options() => new() { Level = 2, MemoryLevel = 3, MinimumLength = 0 };
        WebSocketPreparedMessage message = WebSocketPreparedMessage.Text(DeflateSetup.TextOf(1, length: 50_000));
        var frames = new HashSet<byte[]>(ReferenceEqualityComparer.Instance);

        for (int i = 0; i < 100; i++)
        {
            MessageCodecs codecs = MessageCodecs.For(Options())!;
            var connection = new TestConnection(deflate: new DeflateSetup(default, codecs));
            connection.Connection.TrySend(message);
            frames.Add(message.FrameFor(codecs.Deflaters(15)).Shared!);
            Assert.True(Assert.Single(connection.Frames()).IsCompressed);
        }

        Assert.Single(frames);
        Assert.InRange(MessageCodecs.For(Options())!.Deflaters(15).KeptCount, 0, 1);
    }
}
