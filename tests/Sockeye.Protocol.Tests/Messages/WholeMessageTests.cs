using System.Buffers;
using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>The fast path for a message in one frame, compared with the reader.</summary>
public sealed class WholeMessageTests
{
    private const int MaxMessageLength = 70_000;

    [Theory]
    [InlineData("81 85 37FA213D 7F9F4D5158", true, "text Hello")] // §5.7
    [InlineData("81 05 48656C6C6F", false, "text Hello")]
    [InlineData("82 80 37FA213D", true, "binary ")]
    [InlineData("82 00", false, "binary ")]
    public void A_whole_message_in_one_frame_is_read(string hex, bool toServer, string expected)
    {
        byte[] frame = Hex(hex);

        Assert.Equal(frame.Length, WholeMessage.Read(frame, Settings(toServer), out var kind, out Span<byte> payload));
        Assert.Equal(expected, Describe(kind, payload));
    }

    [Theory]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(65_535)]
    public void Only_the_first_message_is_consumed(int length)
    {
        byte[] frame = Frame(0x82, length, masked: true);
        byte[] more = [.. frame, .. "more"u8];

        int taken = WholeMessage.Read(more, Settings(toServer: true), out _, out Span<byte> payload);

        Assert.Equal(frame.Length, taken);
        Assert.Equal(length, payload.Length);
        Assert.True("more"u8.SequenceEqual(more.AsSpan(taken)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("82")]
    [InlineData("82 85 37FA213D 7F9F4D51")] // a byte is missing
    [InlineData("82 85 37FA21")]
    [InlineData("82 FE 00")]
    [InlineData("82 FE 0080 37FA213D 00")]
    [InlineData("02 81 37FA213D 00")] // not the end of its message
    [InlineData("80 81 37FA213D 00")] // a continuation
    [InlineData("C2 81 37FA213D 00")] // RSV1
    [InlineData("83 81 37FA213D 00")] // reserved
    [InlineData("88 80 37FA213D")]
    [InlineData("89 80 37FA213D")]
    [InlineData("8A 80 37FA213D")]
    [InlineData("82 01 00 37FA213D")] // not masked
    [InlineData("82 FE 0001 37FA213D 00")] // a length that could be shorter
    [InlineData("82 FF 0000000000000001 37FA213D 00")]
    public void Anything_else_is_left_unchanged(string hex)
    {
        byte[] bytes = Hex(hex);

        int taken = WholeMessage.Read(bytes, Settings(toServer: true), out _, out Span<byte> payload);

        Assert.Equal(0, taken);
        Assert.True(payload.IsEmpty);
        Assert.Equal(Hex(hex), bytes);
    }

    [Fact]
    public void A_message_over_the_limit_is_left_to_the_reader_which_rejects_it()
    {
        var settings = new MessageReaderSettings(
            new FrameRules(Role.Server), MaxMessageLength: 10, DeliverFragments: false, ArrayPool<byte>.Shared);

        Assert.Equal(16, WholeMessage.Read(Frame(0x82, 10, masked: true), settings, out _, out _));
        Assert.Equal(0, WholeMessage.Read(Frame(0x82, 11, masked: true), settings, out _, out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Any_two_first_bytes_are_read_like_a_reader_does_or_left_to_it(bool toServer)
    {
        int count = 0;
        for (int start = 0; start <= ushort.MaxValue; start++)
        {
            byte[] bytes = [(byte)(start >> 8), (byte)start, .. Enumerable.Range(1, 140).Select(value => (byte)value)];
            count += AgreesWithReader(bytes, toServer) ? 1 : 0;
        }

        // Text and binary, of 0 to 125 bytes; the two bytes of a longer length say 258.
        Assert.Equal(2 * 126, count);
    }

    [Fact]
    public void Random_traffic_is_read_like_a_reader_does_or_left_to_it()
    {
        int count = 0;
        for (int seed = 0; seed < 300; seed++)
        {
            (byte[] frames, _) = RandomTraffic.Create(new Random(seed));
            count += AgreesWithReader(frames, toServer: false) ? 1 : 0;
        }

        Assert.InRange(count, 50, 250);
    }

    private static bool AgreesWithReader(byte[] bytes, bool toServer)
    {
        byte[] copy = [.. bytes];
        int taken = WholeMessage.Read(copy, Settings(toServer), out var kind, out Span<byte> payload);
        if (taken == 0)
        {
            Assert.Equal(bytes, copy);
            return false;
        }

        var reader = new MessageReader(Settings(toServer));
        ReceivedKind received = reader.Read(bytes, out int consumed, out Span<byte> expected);
        if (received == ReceivedKind.Violation)
        {
            // The caller of WholeMessage validates text.
            Assert.Equal(WebSocketProtocolError.InvalidUtf8, reader.Error);
            Assert.False(Utf8Validator.IsValid(payload));
            return true;
        }

        Assert.Equal(ReceivedKind.Message, received);
        Assert.Equal(consumed, taken);
        Assert.Equal(reader.MessageKind, kind);
        Assert.True(expected.SequenceEqual(payload));
        return true;
    }

    private static MessageReaderSettings Settings(bool toServer) => new(
        new FrameRules(toServer ? Role.Server : Role.Client), MaxMessageLength, DeliverFragments: false,
        ArrayPool<byte>.Shared);

    private static byte[] Frame(byte first, int length, bool masked)
    {
        byte[] header = new byte[FrameHeader.MaxLength];
        int headerLength = FrameHeader.Write(
            header, fin: true, reservedBits: 0, (Opcode)(first & 0xF), masked ? 0x3D21FA37u : null, length);
        return [.. header[..headerLength], .. new byte[length]];
    }

    private static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static string Describe(WebSocketMessageKind kind, ReadOnlySpan<byte> payload) =>
        $"{kind.ToString().ToLowerInvariant()} {Encoding.UTF8.GetString(payload)}";
}
