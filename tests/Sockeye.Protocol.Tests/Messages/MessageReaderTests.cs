using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>Valid traffic, in every segmentation and both roles.</summary>
public sealed class MessageReaderTests
{
    [Theory]
    [Wire("81 05 48656C6C6F")] // RFC 6455 §5.7
    public void Client_reads_an_unmasked_text_message(Wire wire) =>
        Assert.Equal(["text Hello"], ReaderRun.All(wire));

    [Fact]
    public void Server_reads_a_masked_text_message() // RFC 6455 §5.7
    {
        foreach (Wire wire in Wire.Deliveries(Wire.Bytes("81 85 37FA213D 7F9F4D5158"), toServer: true))
        {
            Assert.Equal(["text Hello"], ReaderRun.All(wire));
        }
    }

    [Theory]
    [Frames("01 03 48656C 80 02 6C6F")] // RFC 6455 §5.7
    public void A_text_message_in_two_fragments_is_assembled(Wire wire) =>
        Assert.Equal(["text Hello"], ReaderRun.All(wire));

    [Theory]
    [Frames("89 05 48656C6C6F 8A 05 48656C6C6F")] // RFC 6455 §5.7
    public void Ping_and_pong_are_read(Wire wire) =>
        Assert.Equal(["ping 48656C6C6F", "pong 48656C6C6F"], ReaderRun.All(wire));

    [Theory]
    [Frames("89 00 8A 00 89 00")]
    public void Ping_and_pong_without_payload_are_read(Wire wire) =>
        Assert.Equal(["ping ", "pong ", "ping "], ReaderRun.All(wire));

    [Theory]
    [Frames("01 03 48656C 89 02 7069 80 02 6C6F")]
    [Frames("01 03 48656C 89 02 7069 80 02 6C6F 81 00", " ")]
    public void A_ping_between_two_fragments_is_read_first(Wire wire, string? more = null)
    {
        string[] expected = more is null
            ? ["ping 7069", "text Hello"]
            : ["ping 7069", "text Hello", "text "];

        Assert.Equal(expected, ReaderRun.All(wire));
        Assert.Equal(expected, ReaderRun.All(wire, releases: false));
    }

    [Theory]
    [Frames("02 01 AA 89 02 0102 00 01 BB 8A 01 03 00 00 89 00 80 01 CC 82 01 DD")]
    public void Control_frames_between_all_fragments_leave_the_message_intact(Wire wire) // FR-08
    {
        string[] expected = ["ping 0102", "pong 03", "ping ", "binary AABBCC", "binary DD"];

        Assert.Equal(expected, ReaderRun.All(wire));
        Assert.Equal(expected, ReaderRun.All(wire, releases: false));
    }

    [Theory]
    [Frames("81 00 82 00 01 00 80 00 02 00 00 00 80 00")]
    public void Empty_messages_are_delivered(Wire wire) =>
        Assert.Equal(["text ", "binary ", "text ", "binary "], ReaderRun.All(wire));

    [Theory]
    [Frames("01 00 80 05 48656C6C6F 01 05 48656C6C6F 80 00 01 02 4865 00 00 80 03 6C6C6F")]
    public void Empty_fragments_first_last_and_between_add_nothing(Wire wire) =>
        Assert.Equal(["text Hello", "text Hello", "text Hello"], ReaderRun.All(wire));

    [Theory]
    [Frames("01 01 61 80 01 62 02 01 63 80 01 64 81 01 65")]
    public void The_first_fragment_determines_the_kind(Wire wire) =>
        Assert.Equal(["text ab", "binary 6364", "text e"], ReaderRun.All(wire));

    [Theory]
    [Frames("88 02 03E8", "03E8")]
    [Frames("88 00", "")]
    [Frames("88 06 03E9 676F6E65", "03E9676F6E65")]
    public void A_close_frame_is_read_however_it_is_split(Wire wire, string payload) =>
        Assert.Equal(["close " + payload], ReaderRun.All(wire));

    [Theory]
    [Frames("88 02 03E8 81 05 48656C6C6F 88 02 03E9 89 00 83 00")]
    public void Frames_after_a_close_frame_are_ignored(Wire wire) => // FR-34, FR-35
        Assert.Equal(["close 03E8"], ReaderRun.All(wire));

    [Theory]
    [Frames("01 03 48656C 88 02 03E8 80 02 6C6F")]
    public void A_close_frame_within_a_fragmented_message_is_accepted_and_the_message_dropped(Wire wire) =>
        Assert.Equal(["close 03E8"], ReaderRun.All(wire));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(256)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(200 * 1_024)]
    public void Payloads_of_every_length_form_are_read_in_both_roles_and_any_pieces(int length)
    {
        byte[] payload = new byte[length];
        new Random(length).NextBytes(payload);
        byte[] frame = Frame(Opcode.Binary, payload);
        byte[] masked = Wire.Masked(frame);
        string[] expected = ["binary " + Convert.ToHexString(payload)];

        foreach (int piece in new[] { frame.Length + 10, 65_536, 1_461, 64, 3, 1 }.Where(piece => length / piece < 70_000))
        {
            Assert.Equal(expected, ReaderRun.All(Wire.InPieces(frame, piece)));
            Assert.Equal(expected, ReaderRun.All(Wire.InPieces(masked, piece, toServer: true)));
        }
    }

    [Fact]
    public void Text_over_125_bytes_and_very_long_text_are_read()
    {
        foreach (int count in new[] { 126, 70_000 })
        {
            string text = string.Concat(Enumerable.Repeat("é", count));
            byte[] masked = Wire.Masked(Frame(Opcode.Text, Encoding.UTF8.GetBytes(text)));

            Assert.Equal(["text " + text], ReaderRun.All(new Wire("whole", [masked], ToServer: true)));
            Assert.Equal(["text " + text], ReaderRun.All(Wire.InPieces(masked, 777, toServer: true)));
        }
    }

    [Fact]
    public void Thousands_of_frames_in_one_buffer_are_read_in_sequence()
    {
        const int count = 20_000;
        byte[] frames = [.. Enumerable.Repeat(Wire.Bytes("82 01 00"), count).SelectMany(frame => frame)];

        IReadOnlyList<string> received = ReaderRun.All(new Wire("whole", [frames]));

        Assert.Equal(count, received.Count);
        Assert.All(received, message => Assert.Equal("binary 00", message));
    }

    [Theory]
    [Frames("01 03 48656C")]
    [Frames("81 05 48656C")]
    [Frames("89 05 48656C")]
    [Frames("81 7E 00FF 48656C")]
    [Frames("02 00")]
    public void An_incomplete_message_is_not_delivered(Wire wire) => Assert.Empty(ReaderRun.All(wire));

    [Fact]
    public void A_negotiated_RSV1_is_accepted_on_the_first_frame()
    {
        IReadOnlyList<string> received =
            ReaderRun.All(new Wire("whole", [Wire.Bytes("C2 01 AA")]), allowedReservedBits: FrameHeader.Rsv1);

        Assert.Equal(["binary AA"], received);
    }

    [Fact]
    public void Random_traffic_in_random_pieces_is_read_unchanged()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            Random random = new(seed);
            bool toServer = random.Next(2) == 0;
            (byte[] frames, List<string> expected) = RandomTraffic.Create(random);
            byte[] bytes = toServer ? Wire.Masked(frames) : frames;
            ReaderRun run = new(toServer) { ReleasesDelivered = random.Next(2) == 0 };

            for (int offset = 0; offset < bytes.Length;)
            {
                int length = Math.Min(random.Next(1, random.Next(2) == 0 ? 8 : 3_000), bytes.Length - offset);
                run.Feed(bytes.AsSpan(offset, length));
                offset += length;
            }

            run.End();
            Assert.Equal(expected, run.Received);
        }
    }

    private static byte[] Frame(Opcode opcode, byte[] payload)
    {
        byte[] header = new byte[FrameHeader.MaxLength];
        int length = FrameHeader.Write(header, fin: true, 0, opcode, null, payload.Length);
        return [.. header[..length], .. payload];
    }
}
