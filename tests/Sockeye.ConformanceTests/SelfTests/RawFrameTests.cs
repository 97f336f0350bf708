using Xunit.Sdk;
using static Sockeye.Tests.Steps;

namespace Sockeye.Tests;

/// <summary>The peer's codec is the oracle of this project, so it is compared with the examples of RFC 6455 §5.7.</summary>
public sealed class RawFrameTests
{
    private static readonly byte[] RfcKey = Hex("37 FA 21 3D");

    [Fact]
    public void Client_writes_the_masked_hello_of_the_rfc() =>
        AssertWire("81 85 37FA213D 7F9F4D5158", peerIsClient: true, Text("Hello") with { MaskingKey = RfcKey });

    [Fact]
    public void Server_writes_the_unmasked_frames_of_the_rfc()
    {
        AssertWire("81 05 48656C6C6F", peerIsClient: false, Text("Hello"));
        AssertWire("01 03 48656C", peerIsClient: false, Text("Hel").Unfinished());
        AssertWire("80 02 6C6F", peerIsClient: false, Continuation("lo"));
        AssertWire("89 05 48656C6C6F", peerIsClient: false, Ping("Hello"));
    }

    [Theory]
    [InlineData(0, "82 00")]
    [InlineData(125, "82 7D")]
    [InlineData(126, "82 7E 007E")]
    [InlineData(256, "82 7E 0100")]
    [InlineData(65_535, "82 7E FFFF")]
    [InlineData(65_536, "82 7F 0000000000010000")]
    public void Lengths_take_their_shortest_form(int length, string header)
    {
        RawFrameWriter writer = new(peerIsClient: false, seed: 0);

        byte[] wire = writer.Write(Binary(new byte[length]), out int headerLength);

        Assert.Equal(Hex(header), wire[..headerLength]);
        Assert.Equal(headerLength + length, wire.Length);
    }

    [Fact]
    public void Invalid_frames_are_written_as_requested()
    {
        AssertWire("F3 00", peerIsClient: false, new RawFrame((RawOpcode)3, []) { ReservedBits = 7 });
        AssertWire("82 7E 0001 07", peerIsClient: false, Binary(7) with { LengthForm = LengthForm.Extended16 });
        AssertWire(
            "82 7F 0000000000000001 07", peerIsClient: false, Binary(7) with { LengthForm = LengthForm.Extended64 });
        AssertWire("82 7F 8000000000000000", peerIsClient: false, Binary() with { ClaimedLength = 1UL << 63 });
        AssertWire("82 01 07", peerIsClient: true, Binary(7) with { WrongMasking = true });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Written_frames_are_read_byte_by_byte(bool client)
    {
        RawFrame[] frames =
            [Text("Hello"), Binary(new byte[300]).Unfinished(), Ping("x"), Continuation([]), Close(1000, "bye")];
        RawFrameWriter writer = new(client, seed: 1);
        RawFrameReader reader = new(endpointIsClient: client);
        List<RawFrame> read = [];

        foreach (byte value in frames.SelectMany(frame => writer.Write(frame, out _)))
        {
            reader.Append([value]);
            while (reader.TryRead(out RawFrame? frame))
            {
                read.Add(frame);
            }
        }

        Assert.False(reader.HasPartialFrame);
        Assert.Equal(frames.Select(Describe), read.Select(Describe));
    }

    [Theory]
    [InlineData("81 80 00000000")]
    [InlineData("C1 00")]
    [InlineData("83 00")]
    [InlineData("09 00")]
    [InlineData("89 7E 0000")]
    [InlineData("82 7E 007D")]
    [InlineData("82 7F 000000000000FFFF")]
    public void Frames_that_no_server_may_send_fail_the_test(string wire)
    {
        RawFrameReader reader = new(endpointIsClient: false);
        reader.Append(Hex(wire));

        Assert.ThrowsAny<XunitException>(() => reader.TryRead(out _));
    }

    [Theory]
    [InlineData("80 00")]
    [InlineData("01 00 81 00")]
    [InlineData("81 01 FF")]
    [InlineData("88 01 03")]
    [InlineData("88 02 03ED")]
    [InlineData("88 03 03E8 FF")]
    [InlineData("88 00 81 00")]
    [InlineData("88 00 88 00")]
    public void Sequences_that_no_server_may_send_fail_the_test(string wire) =>
        Assert.ThrowsAny<XunitException>(() => new PeerEventReader(endpointIsClient: false).Append(Hex(wire)));

    private static void AssertWire(string expected, bool peerIsClient, RawFrame frame) =>
        Assert.Equal(Hex(expected), new RawFrameWriter(peerIsClient, seed: 0).Write(frame, out _));

    private static string Describe(RawFrame frame) =>
        $"{frame.Opcode} {frame.Fin} {Convert.ToHexString(frame.Payload)}";

    [Theory]
    [InlineData("C1 07 F248CDC9C90700", true, true)]
    [InlineData("C1 07 F248CDC9C90700", false, false)] // not agreed on
    [InlineData("41 02 F248 C0 05 CDC9C90700", true, false)] // on a continuation
    [InlineData("C9 00", true, false)] // on a ping
    [InlineData("E1 07 F248CDC9C90700", true, false)] // RSV2 with it
    public void Endpoint_may_set_RSV1_on_the_first_frame_of_a_message_if_negotiated(
        string wire, bool mayCompress, bool isLegal)
    {
        var reader = new PeerEventReader(endpointIsClient: false, mayCompress ? new PeerInflater() : null);
        if (isLegal)
        {
            reader.Append(Hex(wire));
            Assert.Equal("Hello"u8.ToArray(), reader.Dequeue().Payload);
            Assert.Equal(1, reader.CompressedCount);
        }
        else
        {
            Assert.ThrowsAny<XunitException>(() => reader.Append(Hex(wire)));
        }
    }
}
