using System.IO.Compression;
using System.Text;
using Sockeye.Compression;
using static Sockeye.Tests.Inflating;

namespace Sockeye.Tests;

public sealed class DeflaterTests
{
    private static readonly byte[] Hello = "Hello"u8.ToArray();

    [Fact]
    public void Second_hello_refers_to_the_first() // RFC 7692 §7.2.3.1, §7.2.3.2
    {
        using var deflater = new Deflater(new DeflateSettings(15, 6, 8, default));

        Assert.Equal(Wire.Bytes("f2 48 cd c9 c9 07 00"), Deflate(deflater, Hello, MessagePart.End));
        Assert.Equal(Wire.Bytes("f2 00 11 00 00"), Deflate(deflater, Hello, MessagePart.End));
    }

    [Fact]
    public void Message_without_context_takeover_is_not_referred_to() // §7.1.1
    {
        using var deflater = new Deflater(new DeflateSettings(15, 6, 8, default));

        Assert.Equal(Wire.Bytes("f2 48 cd c9 c9 07 00"), Deflate(deflater, Hello, MessagePart.EndAndReset));
        Assert.Equal(Wire.Bytes("f2 48 cd c9 c9 07 00"), Deflate(deflater, Hello, MessagePart.EndAndReset));
    }

    [Fact]
    public void Empty_message_is_always_a_single_zero_byte() // §7.2.3.6
    {
        foreach (MessagePart part in new[] { MessagePart.End, MessagePart.EndAndReset })
        {
            using var deflater = new Deflater(new DeflateSettings(15, 6, 8, default));
            for (int round = 0; round < 3; round++)
            {
                Assert.Equal(new byte[] { 0 }, Deflate(deflater, [], part));
                Assert.NotEmpty(Deflate(deflater, Hello, part));
            }
        }
    }

    [Fact]
    public void Fragments_reach_the_peer_one_by_one()
    {
        foreach (MessagePart end in new[] { MessagePart.End, MessagePart.EndAndReset })
        {
            using var deflater = new Deflater(new DeflateSettings(15, 6, 8, default));
            using var inflater = new Inflater(15);
            for (int round = 0; round < 3; round++)
            {
                byte[] first = Deflate(deflater, Hello, MessagePart.Fragment);
                byte[] empty = Deflate(deflater, [], MessagePart.Fragment);
                byte[] last = Deflate(deflater, [], end);
                byte[] room = new byte[100];

                Assert.Empty(empty);
                Assert.NotEmpty(last);
                inflater.Inflate(first, endsMessage: false, room, out _, out int written);
                Assert.Equal(Hello, room[..written]);
                Assert.Empty(Inflate(inflater, [last])!);
            }
        }
    }

    [Fact]
    public void Tail_is_removed_wherever_the_destination_ends() // §7.2.1; DF-21
    {
        var random = new Random(7);
        for (int length = 0; length < 400; length++)
        {
            byte[] message = new byte[length];
            random.NextBytes(message);
            foreach (MessagePart end in new[] { MessagePart.End, MessagePart.EndAndReset })
            {
                using var deflater = new Deflater(new DeflateSettings(12, 1 + (length % 9), 5, default));
                using var inflater = new Inflater(12);
                for (int round = 0; round < 3; round++)
                {
                    byte[] deflated = Deflate(deflater, message, end, Deflater.MinDestinationLength + round);

                    Assert.Equal(message, Inflate(inflater, [deflated]));
                }
            }
        }
    }

    [Fact]
    public void Output_is_readable_by_the_platforms_inflater() // DF-21
    {
        var random = new Random(3);
        for (int round = 0; round < 200; round++)
        {
            byte[] message = RandomMessage(random, 20_000);
            using var deflater = new Deflater(new DeflateSettings(9 + (round % 7), 1 + (round % 9), 1 + (round % 9), default));

            byte[] deflated = Deflate(deflater, message, MessagePart.EndAndReset);

            // With the tail, and a block that ends the stream, since messages never do.
            using var stream = new DeflateStream(
                new MemoryStream([.. deflated, 0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF]), CompressionMode.Decompress);
            using var inflated = new MemoryStream();
            stream.CopyTo(inflated);
            Assert.Equal(message, inflated.ToArray());
        }
    }

    [Fact]
    public void Every_level_memory_level_and_strategy_is_honored() // ws 4.6, 27 and 28
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 4_000).Select(n => $"{{\"id\":{n * n}}},")));
        var lengths = new Dictionary<DeflateSettings, int>();
        foreach (ZLibCompressionStrategy strategy in Enum.GetValues<ZLibCompressionStrategy>())
        {
            for (int level = 1; level <= 9; level += 4)
            {
                for (int memoryLevel = 1; memoryLevel <= 9; memoryLevel += 4)
                {
                    var settings = new DeflateSettings(15, level, memoryLevel, strategy);
                    using var deflater = new Deflater(settings);

                    byte[] deflated = Deflate(deflater, text, MessagePart.EndAndReset);

                    Assert.Equal(text, Inflate(deflated));
                    lengths[settings] = deflated.Length;
                }
            }
        }

        Assert.True(lengths[new(15, 9, 9, default)] < lengths[new(15, 1, 9, default)]);
        Assert.NotEqual(lengths[new(15, 5, 9, default)], lengths[new(15, 5, 1, default)]);
        Assert.True(lengths[new(15, 5, 9, default)] < lengths[new(15, 5, 9, ZLibCompressionStrategy.HuffmanOnly)]);
    }

    [Theory]
    [InlineData(8)] // zlib has no window of 256 bytes
    [InlineData(16)]
    public void Unsupported_window_throws(int windowBits) =>
        Assert.Throws<InvalidOperationException>(
            () => new Deflater(new DeflateSettings(windowBits, 6, 8, default)).Dispose());

    [Fact]
    public void Deflater_reset_within_a_message_is_in_its_initial_state()
    {
        byte[] random = new byte[100_000];
        new Random(5).NextBytes(random);
        using var deflater = new Deflater(new DeflateSettings(15, 6, 8, default));
        Assert.NotEmpty(Deflate(deflater, Hello, MessagePart.End));
        Assert.False(deflater.Deflate(random, MessagePart.End, new byte[64], out _, out _));

        deflater.Reset();

        Assert.Equal(Wire.Bytes("f2 48 cd c9 c9 07 00"), Deflate(deflater, Hello, MessagePart.End));
    }

    [Fact]
    public void Codecs_allocate_nothing_after_warm_up()
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("some text ", 100)));
        byte[] deflated = new byte[2_000];
        byte[] inflated = new byte[2_000];
        using var deflater = new Deflater(new DeflateSettings(15, 6, 8, default));
        using var inflater = new Inflater(15);
        long before = 0;
        long total = 0;
        for (int round = 0; round < 100; round++)
        {
            before = round == 10 ? GC.GetAllocatedBytesForCurrentThread() : before;
            deflater.Deflate(text, MessagePart.End, deflated, out _, out int length);
            inflater.Inflate(deflated.AsSpan(0, length), endsMessage: true, inflated, out _, out int written);
            total += written;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(100 * text.Length, total);
    }

    [Fact]
    public void Zlib_is_available() => Assert.True(ZLibNative.IsAvailable);
}
