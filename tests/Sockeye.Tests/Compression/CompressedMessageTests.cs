using System.Text;
using Sockeye.Compression;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Compressed messages in a <see cref="MessageReader"/>, among uncompressed ones (RFC 7692 §6, §7.2.3).</summary>
public sealed class CompressedMessageTests : IDisposable
{
    private const int KiB = 1024;
    private const int MaxMessageLength = 64 * KiB;

    private readonly CountingPool _pool = new();
    private readonly Inflater _inflater = new(15);

    public void Dispose() => _inflater.Dispose();

    [Theory]
    [InlineData("c1 07 f2 48 cd c9 c9 07 00", "Text Hello")] // §7.2.3.1
    [InlineData("41 03 f2 48 cd 80 04 c9 c9 07 00", "Text Hello")] // and in two fragments
    [InlineData("c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00", "Text Hello|Text Hello")] // §7.2.3.2
    [InlineData("c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00", "Text Hello")] // §7.2.3.3
    [InlineData("c1 08 f3 48 cd c9 c9 07 00 00", "Text Hello")] // §7.2.3.4
    [InlineData("c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Text Hello")] // §7.2.3.5
    [InlineData("c1 01 00 c2 00 c1 01 00", "Text |Binary |Text ")] // §7.2.3.6
    [InlineData("41 00 00 03 f2 48 cd 00 00 80 04 c9 c9 07 00", "Text Hello")] // DF-13
    [InlineData("41 03 f2 48 cd 00 04 c9 c9 07 00 80 00", "Text Hello")]
    [InlineData("41 03 f2 48 cd 89 01 21 80 04 c9 c9 07 00", "Ping !|Text Hello")]
    [InlineData("81 02 48 69 c1 07 f2 48 cd c9 c9 07 00 82 01 ff c1 05 f2 00 11 00 00", "Text Hi|Text Hello|Binary ÿ|Text Hello")] // DF-18
    [InlineData("c1 02 00 00", "InvalidCompressedData")]
    [InlineData("c1 03 f2 48 cd", "InvalidCompressedData")] // DF-14
    [InlineData("c1 07 00 01 00 fe ff ff 00", "InvalidUtf8")]
    [InlineData("89 00 c9 00", "Ping |ReservedBitSet")] // RSV1 on a control frame
    [InlineData("41 03 f2 48 cd c0 04 c9 c9 07 00", "ReservedBitSet")] // on a continuation frame
    [InlineData("01 01 48 c0 04 c9 c9 07 00", "ReservedBitSet")]
    [InlineData("a1 00", "ReservedBitSet")] // no extension uses RSV2
    [InlineData("e1 00", "ReservedBitSet")]
    public void Compressed_frames_are_read_alike_however_they_are_split(string hex, string expected)
    {
        foreach (Wire wire in Wire.Deliveries(Wire.Bytes(hex)))
        {
            Assert.Equal(expected, string.Join('|', Read(wire.Segments)));
        }
    }

    [Fact]
    public void RSV1_without_negotiation_fails() // FR-02
    {
        var reader = new MessageReader(
            new MessageReaderSettings(new FrameRules(Role.Client), MaxMessageLength, false, _pool));

        Assert.Equal(ReceivedKind.Violation, reader.Read([0xC1, 0x01, 0x00], out _, out _));
        Assert.Equal(WebSocketProtocolError.ReservedBitSet, reader.Error);
    }

    [Fact]
    public void Invalid_text_fails_before_its_frame_ends() // RFC 6455 §8.1
    {
        byte[] deflated = Inflating.Deflate([.. "fine"u8, 0xFF, .. new byte[3_000]]);

        string[] read = [.. Read([[0xC1, 0x7E, 0x10, 0x00, .. deflated]])];

        Assert.Equal(["InvalidUtf8"], read);
    }

    [Fact]
    public void A_message_at_the_limit_is_delivered_and_one_byte_more_fails() // DF-03
    {
        Assert.Equal(MaxMessageLength, ReadOne(new byte[MaxMessageLength]).Length - "Binary ".Length);
        Assert.Equal("MessageTooLong", ReadOne(new byte[MaxMessageLength + 1]));
    }

    [Fact]
    public void Incompressible_message_at_the_limit_may_be_longer_on_the_wire()
    {
        byte[] random = new byte[MaxMessageLength];
        new Random(1).NextBytes(random);
        byte[] deflated = Inflating.Deflate(random);
        Assert.True(deflated.Length > MaxMessageLength);

        Assert.Equal("Binary " + Encoding.Latin1.GetString(random), ReadOne(random));
    }

    [Fact]
    public void Endless_empty_blocks_exceed_the_limit() // DF-04
    {
        long maxWireLength = CompressedMessage.MaxWireLength(MaxMessageLength);

        // Announced by one frame, and by many.
        Assert.Equal(["MessageTooLong"], Read([Header(0xC2, maxWireLength + 1)]));
        byte[] fragment = [.. Enumerable.Repeat<byte[]>([0x00, 0x00, 0x00, 0xFF, 0xFF], KiB).SelectMany(bytes => bytes)];
        List<byte[]> frames = [[.. Header(0x42, fragment.Length), .. fragment]];
        for (int count = 0; count < maxWireLength / fragment.Length; count++)
        {
            frames.Add([.. Header(0x00, fragment.Length), .. fragment]);
        }

        Assert.Equal(["MessageTooLong"], Read(frames));
    }

    [Fact]
    public void Fragments_are_delivered_while_inflating()
    {
        byte[] frames = Wire.Bytes("41 03 f2 48 cd 00 00 80 04 c9 c9 07 00 c1 05 f2 00 11 00 00 81 02 48 69");

        List<string> read = Read([frames], deliversFragments: true);

        Assert.Equal("Hello", string.Concat(read.TakeWhile(one => one.EndsWith('…'))
            .Append(read.First(one => !one.EndsWith('…'))).Select(one => one["Text ".Length..].TrimEnd('…'))));
        Assert.Equal(["Text Hello", "Text Hi"], read.Skip(read.Count - 2));
    }

    [Fact]
    public void Limit_applies_to_the_sum_of_the_fragments()
    {
        byte[] deflated = Inflating.Deflate(new byte[MaxMessageLength + 1]);
        byte[][] segments = [Header(0xC2, deflated.Length), .. deflated.Chunk(7)];

        List<string> read = Read(segments, deliversFragments: true);

        Assert.Equal("MessageTooLong", read[^1]);
        Assert.InRange(read.SkipLast(1).Sum(one => one.Length - "Binary …".Length), 1, MaxMessageLength);
    }

    private string ReadOne(byte[] message)
    {
        byte[] deflated = Inflating.Deflate(message);
        return Assert.Single(Read([[.. Header(0xC2, deflated.Length), .. deflated]]));
    }

    private List<string> Read(IEnumerable<byte[]> segments, bool deliversFragments = false)
    {
        Assert.True(_inflater.TryReset());
        var rules = new FrameRules(Role.Client, FrameHeader.Rsv1);
        var reader = new MessageReader(
            new MessageReaderSettings(rules, MaxMessageLength, deliversFragments, _pool), _inflater);
        List<string> read = [];
        foreach (byte[] segment in segments)
        {
            Span<byte> rest = [.. segment];
            ReceivedKind kind;
            do
            {
                kind = reader.Read(rest, out int consumed, out Span<byte> payload);
                rest = rest[consumed..];
                if (kind != ReceivedKind.NeedMoreData)
                {
                    read.Add(Describe(reader, kind, payload));
                    reader.ReleaseDelivered();
                }
            }
            while (kind != ReceivedKind.NeedMoreData);
        }

        Assert.Equal(read[^1] is not [.., '…'] && !Enum.TryParse<WebSocketProtocolError>(read[^1], out _), reader.IsAtRest);
        reader.Release();
        Assert.Equal(0, _pool.OutCount);
        return read;
    }

    private static string Describe(MessageReader reader, ReceivedKind kind, ReadOnlySpan<byte> payload) => kind switch
    {
        ReceivedKind.Violation => reader.Error.ToString(),
        ReceivedKind.Message =>
            $"{reader.MessageKind} {Encoding.Latin1.GetString(payload)}{(reader.EndsMessage ? "" : "…")}",
        _ => $"{kind} {Encoding.Latin1.GetString(payload)}",
    };

    private static byte[] Header(byte first, long length)
    {
        byte[] header = new byte[FrameHeader.MaxLength];
        int written = FrameHeader.Write(
            header, (first & 0x80) != 0, (byte)((first >> 4) & 7), (Opcode)(first & 0xF), maskingKey: null, length);
        return header[..written];
    }
}
