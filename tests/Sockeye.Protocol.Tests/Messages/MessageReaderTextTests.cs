using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>RFC 6455 §8.1: text is UTF-8, validated as it arrives.</summary>
public sealed class MessageReaderTextTests
{
    [Theory]
    [Frames("81 04 C328 6161")]
    [Frames("81 02 C080")]
    [Frames("81 03 EDA080")]
    [Frames("81 04 F4908080")]
    [Frames("81 01 80")]
    [Frames("81 02 E282")] // ends within a character
    [Frames("01 02 E282 80 00")]
    [Frames("01 02 E282 80 01 41")]
    [Frames("01 02 E282 89 01 AC 80 01 41")] // the ping's byte does not count
    public void Text_that_is_not_UTF8_is_rejected(Wire wire) =>
        Assert.Equal("error InvalidUtf8", ReaderRun.All(wire)[^1]);

    [Theory]
    [Frames("01 01 F0 00 01 9F 00 00 00 01 98 80 01 9C", "😜")]
    [Frames("01 02 E282 89 01 FF 80 01 AC", "€")] // a ping may hold anything, anywhere
    [Frames("81 03 EFBBBF", "\uFEFF")] // a BOM is kept
    [Frames("81 06 EFBFBE EFBFBD", "\uFFFE\uFFFD")] // noncharacters are characters here
    public void A_character_may_be_split_between_fragments(Wire wire, string expected) =>
        Assert.Equal("text " + expected, ReaderRun.All(wire)[^1]);

    [Theory]
    [Frames("82 02 C328 01 02 E282 80 01 AC")]
    public void Binary_messages_are_not_checked(Wire wire) =>
        Assert.Equal(["binary C328", "text €"], ReaderRun.All(wire));

    [Fact]
    public void Every_scalar_value_split_at_every_byte_between_fragments_is_delivered()
    {
        // FR-46. A sample of a few thousand, evenly spaced, with both ends of every range.
        IEnumerable<int> values = Enumerable.Range(0, 0x110000 / 257).Select(i => i * 257)
            .Concat([0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]);
        foreach (Rune rune in values.Where(Rune.IsValid).Select(value => new Rune(value)))
        {
            byte[] character = Encoding.UTF8.GetBytes(rune.ToString());
            for (int cut = 0; cut <= character.Length; cut++)
            {
                byte[] frames =
                [
                    0x01, (byte)cut, .. character[..cut],
                    0x80, (byte)(character.Length - cut), .. character[cut..],
                ];

                Assert.Equal(["text " + rune], ReaderRun.All(new Wire("whole", [frames])));
            }
        }
    }

    [Theory]
    [InlineData("81 7E 1000 48656C6C6F", "FF")] // FR-45: in a frame of 4,096 bytes of which 6 have arrived
    [InlineData("81 7E 1000 48656C6C6F", "C0")]
    [InlineData("81 7E 1000 48656C E2", "41")]
    [InlineData("81 7E 1000 48656C F0", "80")]
    [InlineData("81 7E 1000 48656C F4", "90")]
    [InlineData("81 7E 1000 48656C ED", "A0")]
    [InlineData("01 03 48 E282 00 05", "41")] // the first byte of a fragment
    [InlineData("01 03 48 E282 89 00 80 05", "C3")]
    public void The_byte_that_invalidates_text_fails_the_connection_before_the_frame_is_complete(string good, string bad)
    {
        byte[] all = Wire.Bytes(good + bad);
        foreach ((byte[] bytes, bool toServer) in new[] { (all, false), (Wire.Masked(all), true) })
        {
            ReaderRun run = new(toServer);

            run.Feed(bytes.AsSpan(..^1));
            Assert.DoesNotContain(run.Received, answer => answer.StartsWith("error", StringComparison.Ordinal));

            run.Feed(bytes.AsSpan(^1..));
            Assert.Equal("error InvalidUtf8", run.Received[^1]);
            run.End();
        }
    }

    [Fact]
    public void Each_text_message_is_validated_separately()
    {
        ReaderRun run = new(toServer: false);

        run.Feed(Wire.Bytes("01 02 E282 80 01 AC"));
        run.Feed(Wire.Bytes("81 01 AC"));

        Assert.Equal(["text €", "error InvalidUtf8"], run.Received);
        run.End();
    }
}
