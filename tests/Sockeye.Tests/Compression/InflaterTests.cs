using System.Text;
using Sockeye.Compression;
using static Sockeye.Tests.Inflating;

namespace Sockeye.Tests;

public sealed class InflaterTests
{
    [Theory]
    [InlineData("f2 48 cd c9 c9 07 00")] // §7.2.3.1: one compressed block
    [InlineData("00 05 00 fa ff 48 65 6c 6c 6f 00")] // §7.2.3.3: a stored block
    [InlineData("f3 48 cd c9 c9 07 00 00")] // §7.2.3.4: a block with BFINAL; DF-10
    [InlineData("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")] // §7.2.3.5: two blocks; DF-13
    [InlineData("f3 48 cd c9 c9 07 00 01")] // and with BFINAL in the block whose tail is cut off
    public void Examples_of_the_RFC_inflate_to_Hello_however_they_are_split(string hex)
    {
        foreach (Wire wire in Wire.Deliveries(Wire.Bytes(hex)))
        {
            foreach (int roomLength in new[] { 1, 2, 5, 6, 100 })
            {
                using var inflater = new Inflater(15);

                Assert.Equal("Hello", Text(Inflate(inflater, wire.Segments, roomLength)));
                Assert.Equal("Hello", Text(Inflate(inflater, wire.Segments, roomLength)));
            }
        }
    }

    [Fact]
    public void RFC_example_with_a_shared_window_inflates_to_Hello_twice() // §7.2.3.2
    {
        using var inflater = new Inflater(15);

        Assert.Equal("Hello", Text(Inflate(inflater, [Wire.Bytes("f2 48 cd c9 c9 07 00")])));
        Assert.Equal("Hello", Text(Inflate(inflater, [Wire.Bytes("f2 00 11 00 00")])));
    }

    [Theory]
    [InlineData("00")] // §7.2.3.6
    [InlineData("")] // no bytes at all: what is not begun need not end
    [InlineData("03 00")]
    [InlineData("02 00")]
    [InlineData("00 00 00 ff ff 00")]
    public void Message_may_be_empty(string hex) // DF-13
    {
        using var inflater = new Inflater(15);
        byte[] message = Wire.Bytes(hex);

        Assert.Empty(Inflate(inflater, [message])!);
        Assert.Empty(Inflate(inflater, [[], message, []])!);
        Assert.Equal("Hello", Text(Inflate(inflater, [Wire.Bytes("f2 48 cd c9 c9 07 00")])));
    }

    [Fact]
    public void Fragments_may_be_empty() // DF-13
    {
        using var inflater = new Inflater(15);

        Assert.Equal("Hello", Text(Inflate(
            inflater, [[], Wire.Bytes("f2 48 cd"), [], Wire.Bytes("c9 c9 07 00"), []])));
    }

    [Theory]
    [InlineData("f3 48 cd c9 c9 07 00", "Hello")] // BFINAL without the byte behind it
    [InlineData("03 80", "")] // the unused bits of the last byte are ignored
    [InlineData("f3 48 cd c9 c9 07 00 f2 48 cd c9 c9 07 00", "HelloHello")]
    public void Last_stream_may_end_the_message_with_BFINAL(string hex, string expected) // DF-11
    {
        using var inflater = new Inflater(15);

        Assert.Equal(expected, Text(Inflate(inflater, [Wire.Bytes(hex)])));
        Assert.Equal("Hello", Text(Inflate(inflater, [Wire.Bytes("f2 48 cd c9 c9 07 00")])));
    }

    [Theory]
    [InlineData("f3 48 cd c9 c9 07 00 de ad be ef de ad be ef")]
    [InlineData("f3 48 cd c9 c9 07 00 ff")]
    [InlineData("03 80 ff ff ff ff ff ff ff ff")]
    public void Data_after_BFINAL_that_is_not_a_stream_is_invalid(string hex) => // DF-11
        Assert.Null(Inflate(Wire.Bytes(hex)));

    [Fact]
    public void Message_after_one_with_BFINAL_is_inflated() // DF-12
    {
        using var inflater = new Inflater(15);

        Assert.Equal("Hello", Text(Inflate(inflater, [Wire.Bytes("f3 48 cd c9 c9 07 00 00")])));
        Assert.Equal("Hello", Text(Inflate(inflater, [Wire.Bytes("f2 48 cd c9 c9 07 00")])));
        Assert.Equal("Hello", Text(Inflate(inflater, [Wire.Bytes("f2 00 11 00 00")])));
    }

    [Fact]
    public void Stream_after_BFINAL_has_an_empty_window() // DF-12: as with every zlib that begins a new stream
    {
        using var inflater = new Inflater(15);

        Assert.Equal("Hello", Text(Inflate(inflater, [Wire.Bytes("f3 48 cd c9 c9 07 00 00")])));
        Assert.Null(Inflate(inflater, [Wire.Bytes("f2 00 11 00 00")]));
    }

    [Theory]
    [InlineData("f2")] // in a block's head, or the code after it
    [InlineData("f2 48 cd")]
    [InlineData("f2 48 cd c9 c9 07")]
    [InlineData("00 05")] // in a stored block's length
    [InlineData("00 05 00 fa ff 48")]
    [InlineData("00 09 00 f6 ff 48 65 6c 6c 6f")] // where the tail would be the rest of the block
    [InlineData("f2 48 cd c9 c9 07 00 00 00 ff ff")] // nothing was cut off
    [InlineData("04")] // in the tables of a dynamic block
    [InlineData("04 c0 81 08 00 00")]
    public void Message_without_its_end_is_invalid(string hex) => // DF-14
        Assert.Null(Inflate(Wire.Bytes(hex)));

    [Fact]
    public void Message_truncated_anywhere_is_invalid() // DF-14
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 300).Select(n => $"{n * n} ")));
        byte[] message = Deflate(text);
        Assert.Equal(text, Inflate(message));

        for (int length = 1; length < message.Length; length++)
        {
            Assert.Null(Inflate(message[..length]));
        }
    }

    [Fact]
    public void Message_has_at_most_1024_streams() // DF-15
    {
        byte[] stream = Wire.Bytes("03 00");
        byte[] Repeat(int count) => [.. Enumerable.Repeat(stream, count).SelectMany(bytes => bytes)];

        Assert.Empty(Inflate(Repeat(1_024))!);
        Assert.Empty(Inflate([.. Repeat(1_024), 0x00])!);
        Assert.Null(Inflate(Repeat(1_025)));
        Assert.Null(Inflate(Repeat(100_000)));

        // Of each message anew.
        using var inflater = new Inflater(15);
        Assert.Empty(Inflate(inflater, [Repeat(1_000)])!);
        Assert.Empty(Inflate(inflater, [Repeat(1_000)])!);
    }

    [Theory]
    [InlineData("06")] // block type 3
    [InlineData("07 00")]
    [InlineData("00 05 00 fb ff 48 65 6c 6c 6f 00")] // NLEN is not the complement
    [InlineData("04 80 ff ff ff ff ff ff ff ff")] // code lengths that make no code
    [InlineData("fc ff ff ff ff ff ff ff ff ff")] // 288 codes for lengths, 32 for distances
    [InlineData("04 00 24 49 92 24 49 92 24 49 92 24 49")] // a code with too many of one length
    [InlineData("1a 03 00")] // length symbol 286
    [InlineData("1a 07 00")] // length symbol 287
    [InlineData("02 7f 00 00")] // a distance before the beginning
    [InlineData("4a 04 3d 00 00")] // distance symbol 30
    public void Non_DEFLATE_data_is_invalid(string hex) => // DF-16
        Assert.Null(Inflate(Wire.Bytes(hex)));

    [Fact]
    public void Reference_into_a_discarded_message_is_invalid() // DF-17
    {
        using var inflater = new Inflater(15);
        Assert.Equal("Hello", Text(Inflate(inflater, [Wire.Bytes("f2 48 cd c9 c9 07 00")])));

        Assert.True(inflater.TryReset());

        Assert.Null(Inflate(inflater, [Wire.Bytes("f2 00 11 00 00")]));
    }

    [Fact]
    public void Reference_beyond_the_window_into_an_earlier_message_is_invalid() // DF-17
    {
        // 512 bytes are the window; the second message begins with what the first began with.
        using var deflater = new Deflater(new DeflateSettings(15, 9, 8, default));
        byte[] beginning = Encoding.ASCII.GetBytes("something to come back to");
        byte[] random = new byte[600];
        new Random(1).NextBytes(random);
        byte[] first = Deflate(deflater, [.. beginning, .. random], MessagePart.End);
        byte[] second = Deflate(deflater, beginning, MessagePart.End);
        using var small = new Inflater(9);
        using var large = new Inflater(10);

        Assert.NotNull(Inflate(small, [first]));
        Assert.Null(Inflate(small, [second]));
        Assert.NotNull(Inflate(large, [first]));
        Assert.Equal(beginning, Inflate(large, [second]));
    }

    [Fact]
    public void Inflater_can_be_reused_after_an_invalid_message_and_a_reset()
    {
        using var inflater = new Inflater(15);
        Assert.Null(Inflate(inflater, [Wire.Bytes("f2 48 06 ff")]));

        Assert.True(inflater.TryReset());

        Assert.Equal("Hello", Text(Inflate(inflater, [Wire.Bytes("f2 48 cd c9 c9 07 00")])));
    }

    [Fact]
    public void Every_negotiable_window_is_supported() // 8 too: §7.1.2
    {
        for (int windowBits = 8; windowBits <= 15; windowBits++)
        {
            Assert.Equal("Hello", Text(Inflate(Wire.Bytes("f2 48 cd c9 c9 07 00"), windowBits)));
        }
    }

    private static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.ASCII.GetString(bytes);
}
