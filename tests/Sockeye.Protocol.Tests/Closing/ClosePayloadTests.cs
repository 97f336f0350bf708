using System.Text;

namespace Sockeye.Protocol.Tests;

public sealed class ClosePayloadTests
{
    private const byte Untouched = 0xEE;

    [Fact]
    public void An_empty_payload_reads_as_1005()
    {
        Assert.Equal(WebSocketProtocolError.None, ClosePayload.TryRead([], out CloseStatus status));

        Assert.Equal(new CloseStatus(WebSocketCloseCode.NoStatusReceived, ""), status);
    }

    [Fact]
    public void Any_single_byte_is_too_short() // FR-30
    {
        for (int value = 0; value <= byte.MaxValue; value++)
        {
            Assert.Equal(WebSocketProtocolError.ClosePayloadTooShort, ClosePayload.TryRead([(byte)value], out CloseStatus status));
            Assert.Equal(CloseStatus.None, status);
        }
    }

    [Fact]
    public void All_65536_codes_are_accepted_or_rejected_on_the_wire() // FR-31
    {
        for (int code = 0; code <= ushort.MaxValue; code++)
        {
            bool expected = code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);
            byte[] payload = [(byte)(code / 256), (byte)(code % 256), (byte)'x'];

            WebSocketProtocolError error = ClosePayload.TryRead(payload, out CloseStatus status);

            Assert.True((expected ? WebSocketProtocolError.None : WebSocketProtocolError.InvalidCloseCode) == error, $"{code}: {error}");
            Assert.True((expected ? code : 1005) == (int)status.Code, $"{code}: {status}");
            Assert.Equal(expected ? "x" : "", status.Reason);
        }
    }

    [Theory]
    [InlineData("03E8 FF")] // FR-32
    [InlineData("03E8 C0AF")]
    [InlineData("03E8 EDA080")]
    [InlineData("03E8 F4908080")]
    [InlineData("03E8 6F6B E282")] // ends within a character
    [InlineData("0FA0 80")]
    public void A_reason_that_is_not_UTF8_is_rejected(string hex)
    {
        WebSocketProtocolError error = ClosePayload.TryRead(Wire.Bytes(hex), out CloseStatus status);

        Assert.Equal(WebSocketProtocolError.InvalidUtf8InCloseReason, error);
        Assert.Equal(CloseStatus.None, status);
    }

    [Fact]
    public void A_bad_code_is_reported_before_a_bad_reason() =>
        Assert.Equal(WebSocketProtocolError.InvalidCloseCode, ClosePayload.TryRead(Wire.Bytes("03ED FF"), out _));

    [Theory]
    [InlineData("03E8", 1000, "")]
    [InlineData("03E9 6F6B", 1001, "ok")]
    [InlineData("1387 E282AC F09F989C", 4999, "€😜")]
    [InlineData("0BB8 00 EFBBBF", 3000, "\0\uFEFF")] // a BOM is text like any other
    public void Code_and_reason_are_read_and_written(string hex, int code, string reason)
    {
        CloseStatus expected = new((WebSocketCloseCode)code, reason);
        byte[] destination = new byte[FrameHeader.MaxControlPayloadLength];

        Assert.Equal(WebSocketProtocolError.None, ClosePayload.TryRead(Wire.Bytes(hex), out CloseStatus status));
        Assert.Equal(expected, status);

        int written = ClosePayload.Write(destination, expected);
        Assert.Equal(Wire.Bytes(hex), destination[..written]);
    }

    [Fact]
    public void A_status_without_a_code_is_written_as_an_empty_payload()
    {
        byte[] destination = new byte[FrameHeader.MaxControlPayloadLength];
        destination.AsSpan().Fill(Untouched);

        Assert.Equal(0, ClosePayload.Write(destination, CloseStatus.None));
        Assert.All(destination, value => Assert.Equal(Untouched, value));
    }

    [Fact]
    public void A_reason_of_123_bytes_fills_the_frame()
    {
        byte[] payload = [0x03, 0xE8, .. Enumerable.Repeat((byte)'r', ClosePayload.MaxReasonLength)];
        byte[] destination = new byte[FrameHeader.MaxControlPayloadLength];

        Assert.Equal(123, ClosePayload.MaxReasonLength);
        Assert.Equal(WebSocketProtocolError.None, ClosePayload.TryRead(payload, out CloseStatus status));
        Assert.Equal(125, ClosePayload.Write(destination, status));
        Assert.Equal(payload, destination);
    }

    [Theory]
    [InlineData("r")]
    [InlineData("é")]
    [InlineData("€")]
    [InlineData("😜")]
    public void A_reason_that_is_too_long_is_truncated_between_characters(string character)
    {
        int characterLength = Encoding.UTF8.GetByteCount(character);

        // Some ASCII first, so that the limit falls on each byte of the character in turn.
        for (int first = 0; first < characterLength; first++)
        {
            string reason = new string('a', first) + string.Concat(Enumerable.Repeat(character, 200));
            byte[] destination = new byte[FrameHeader.MaxControlPayloadLength + 1];
            destination.AsSpan().Fill(Untouched);

            int written = ClosePayload.Write(destination, new CloseStatus(WebSocketCloseCode.NormalClosure, reason));

            int whole = (ClosePayload.MaxReasonLength - first) / characterLength;
            byte[] expected = Encoding.UTF8.GetBytes(reason)[..(first + (whole * characterLength))];
            Assert.Equal(expected, destination[2..written]);
            Assert.Equal(Untouched, destination[^1]);
            Assert.Equal(WebSocketProtocolError.None, ClosePayload.TryRead(destination.AsSpan(0, written), out CloseStatus read));
            Assert.StartsWith(read.Reason, reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_unpaired_surrogate_is_replaced()
    {
        // Half of a pair is not text, and the output must be UTF-8. Not a theory, since an attribute cannot hold these.
        (string Reason, string Expected)[] cases =
            [("a\uD83Db", "a\uFFFDb"), ("\uDE1C", "\uFFFD"), ("\uDE1C\uD83D", "\uFFFD\uFFFD"), ("\uD83D", "\uFFFD")];

        foreach ((string reason, string expected) in cases)
        {
            byte[] destination = new byte[FrameHeader.MaxControlPayloadLength];

            int written = ClosePayload.Write(destination, new CloseStatus(WebSocketCloseCode.NormalClosure, reason));

            Assert.Equal(
                WebSocketProtocolError.None, ClosePayload.TryRead(destination.AsSpan(0, written), out CloseStatus read));
            Assert.Equal(expected, read.Reason);
        }
    }

    [Fact]
    public void A_replacement_character_at_the_limit_is_written_whole_or_omitted()
    {
        for (int first = 119; first <= 124; first++)
        {
            byte[] destination = new byte[FrameHeader.MaxControlPayloadLength];
            string reason = new string('a', first) + "\uD83D";

            int written = ClosePayload.Write(destination, new CloseStatus(WebSocketCloseCode.NormalClosure, reason));

            Assert.Equal(2 + Math.Min(first <= 120 ? first + 3 : first, 123), written);
            Assert.Equal(WebSocketProtocolError.None, ClosePayload.TryRead(destination.AsSpan(0, written), out _));
        }
    }
}
