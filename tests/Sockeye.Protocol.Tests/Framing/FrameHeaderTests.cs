using System.Buffers;

namespace Sockeye.Protocol.Tests;

public sealed class FrameHeaderTests
{
    private const uint Key = 0x3D21FA37; // 37 FA 21 3D on the wire, the key of RFC 6455 §5.7

    private static readonly FrameRules OnServer = new(Role.Server);
    private static readonly FrameRules OnClient = new(Role.Client);

    // RFC 6455 §5.7, in its order. The payloads follow the headers in MessageReaderTests.

    [Theory]
    [Wire("81 05")]
    public void Client_reads_the_single_frame_unmasked_text_message_of_the_rfc(Wire wire) =>
        AssertReads(wire, OnClient, new FrameHeader(Fin: true, 0, Opcode.Text, 0, 5));

    [Theory]
    [Wire("81 85 37FA213D")]
    public void Server_reads_the_single_frame_masked_text_message_of_the_rfc(Wire wire) =>
        AssertReads(wire, OnServer, new FrameHeader(Fin: true, 0, Opcode.Text, Key, 5));

    [Theory]
    [Wire("01 03")]
    public void Client_reads_the_first_fragment_of_the_rfc(Wire wire) =>
        AssertReads(wire, OnClient, new FrameHeader(Fin: false, 0, Opcode.Text, 0, 3));

    [Theory]
    [Wire("80 02")]
    public void Client_reads_the_last_fragment_of_the_rfc(Wire wire) =>
        AssertReads(wire, OnClient, new FrameHeader(Fin: true, 0, Opcode.Continuation, 0, 2));

    [Theory]
    [Wire("89 05")]
    public void Client_reads_the_unmasked_ping_of_the_rfc(Wire wire) =>
        AssertReads(wire, OnClient, new FrameHeader(Fin: true, 0, Opcode.Ping, 0, 5));

    [Theory]
    [Wire("8A 85 37FA213D")]
    public void Server_reads_the_masked_pong_of_the_rfc(Wire wire) =>
        AssertReads(wire, OnServer, new FrameHeader(Fin: true, 0, Opcode.Pong, Key, 5));

    [Theory]
    [Wire("82 7E 0100")]
    public void Client_reads_the_16_bit_length_of_the_rfc(Wire wire) =>
        AssertReads(wire, OnClient, new FrameHeader(Fin: true, 0, Opcode.Binary, 0, 256));

    [Theory]
    [Wire("82 7F 0000000000010000")]
    public void Client_reads_the_64_bit_length_of_the_rfc(Wire wire) =>
        AssertReads(wire, OnClient, new FrameHeader(Fin: true, 0, Opcode.Binary, 0, 65_536));

    [Theory]
    [Wire("82 00", 0L)]
    [Wire("82 7D", 125L)]
    [Wire("82 7E 007E", 126L)]
    [Wire("82 7E 007F", 127L)]
    [Wire("82 7E FFFF", 65_535L)]
    [Wire("82 7F 0000000000010000", 65_536L)]
    [Wire("82 7F 000000007FFFFFFF", int.MaxValue)]
    [Wire("82 7F 0000000080000000", 1L << 31)]
    [Wire("82 7F 00000000FFFFFFFF", uint.MaxValue)]
    [Wire("82 7F 0000000100000000", 1L << 32)]
    [Wire("82 7F 0020000000000000", 1L << 53)]
    [Wire("82 7F 7FFFFFFFFFFFFFFF", long.MaxValue)]
    public void Client_reads_every_boundary_length(Wire wire, long expected) =>
        AssertReads(wire, OnClient, new FrameHeader(Fin: true, 0, Opcode.Binary, 0, expected));

    [Theory]
    [Wire("82 80 37FA213D", 0L)]
    [Wire("82 FD 37FA213D", 125L)]
    [Wire("82 FE 007E 37FA213D", 126L)]
    [Wire("82 FE FFFF 37FA213D", 65_535L)]
    [Wire("82 FF 0000000000010000 37FA213D", 65_536L)]
    [Wire("82 FF 7FFFFFFFFFFFFFFF 37FA213D", long.MaxValue)]
    public void Server_reads_every_boundary_length(Wire wire, long expected) =>
        AssertReads(wire, OnServer, new FrameHeader(Fin: true, 0, Opcode.Binary, Key, expected));

    [Theory]
    [Wire("81 85 00000000", 0x00000000u)]
    [Wire("81 85 FFFFFFFF", 0xFFFFFFFFu)]
    [Wire("81 85 01020304", 0x04030201u)]
    public void The_first_byte_of_the_masking_key_is_its_low_byte(Wire wire, uint expected) =>
        AssertReads(wire, OnServer, new FrameHeader(Fin: true, 0, Opcode.Text, expected, 5));

    [Fact]
    public void Reading_a_header_stops_at_the_payload()
    {
        byte[] frame = Wire.Bytes("81 85 37FA213D 7F9F4D5158 81 05");

        OperationStatus status = FrameHeader.TryRead(frame, OnServer, out FrameHeader header, out int consumed, out _);

        Assert.Equal(OperationStatus.Done, status);
        Assert.Equal(6, consumed);
        Assert.Equal(5, header.PayloadLength);
    }

    [Fact]
    public void An_empty_input_is_not_an_error()
    {
        OperationStatus status =
            FrameHeader.TryRead([], OnServer, out FrameHeader header, out int consumed, out WebSocketProtocolError error);

        Assert.Equal(OperationStatus.NeedMoreData, status);
        Assert.Equal((default, 0, WebSocketProtocolError.None), (header, consumed, error));
    }

    // The numbers are those of the fault catalogue: at least one row for each rule that two bytes can violate.

    [Theory]
    [InlineData("A1 05", WebSocketProtocolError.ReservedBitSet)] // FR-01: RSV2
    [InlineData("91 05", WebSocketProtocolError.ReservedBitSet)] // FR-01: RSV3
    [InlineData("C1 05", WebSocketProtocolError.ReservedBitSet)] // FR-02: RSV1 without an extension
    [InlineData("83 05", WebSocketProtocolError.ReservedOpcode)] // FR-04
    [InlineData("87 05", WebSocketProtocolError.ReservedOpcode)]
    [InlineData("8B 05", WebSocketProtocolError.ReservedOpcode)]
    [InlineData("8F 05", WebSocketProtocolError.ReservedOpcode)]
    [InlineData("03 05", WebSocketProtocolError.ReservedOpcode)]
    [InlineData("0B 05", WebSocketProtocolError.ReservedOpcode)]
    [InlineData("81 85", WebSocketProtocolError.MaskedServerFrame)] // FR-05
    [InlineData("81 FE", WebSocketProtocolError.MaskedServerFrame)]
    [InlineData("08 00", WebSocketProtocolError.FragmentedControlFrame)] // FR-06
    [InlineData("09 00", WebSocketProtocolError.FragmentedControlFrame)]
    [InlineData("0A 00", WebSocketProtocolError.FragmentedControlFrame)]
    [InlineData("88 7E", WebSocketProtocolError.ControlFrameTooLong)]
    [InlineData("89 7E", WebSocketProtocolError.ControlFrameTooLong)]
    [InlineData("8A 7F", WebSocketProtocolError.ControlFrameTooLong)]
    public void A_client_rejects_an_invalid_header_after_two_bytes(string hex, WebSocketProtocolError expected) =>
        AssertRefuses(hex, OnClient, expected);

    [Theory]
    [InlineData("81 05", WebSocketProtocolError.UnmaskedClientFrame)] // FR-05
    [InlineData("82 7F", WebSocketProtocolError.UnmaskedClientFrame)]
    [InlineData("88 00", WebSocketProtocolError.UnmaskedClientFrame)]
    [InlineData("00 00", WebSocketProtocolError.UnmaskedClientFrame)]
    [InlineData("F1 85", WebSocketProtocolError.ReservedBitSet)]
    [InlineData("83 85", WebSocketProtocolError.ReservedOpcode)]
    [InlineData("09 80", WebSocketProtocolError.FragmentedControlFrame)]
    [InlineData("89 FE", WebSocketProtocolError.ControlFrameTooLong)]
    public void A_server_rejects_an_invalid_header_after_two_bytes(string hex, WebSocketProtocolError expected) =>
        AssertRefuses(hex, OnServer, expected);

    [Theory]
    [InlineData("C0 05")] // FR-03, RFC 7692 §6: only the first fragment says that a message is compressed
    [InlineData("40 05")]
    [InlineData("C8 05")]
    [InlineData("C9 05")]
    [InlineData("CA 05")]
    [InlineData("E1 05")] // RSV1 is claimed, RSV2 is not
    [InlineData("D1 05")]
    public void A_negotiated_RSV1_is_rejected_on_other_frames(string hex) =>
        AssertRefuses(hex, OnClient with { AllowedReservedBits = FrameHeader.Rsv1 }, WebSocketProtocolError.ReservedBitSet);

    [Theory]
    [InlineData("C1 05", 0x1)]
    [InlineData("C2 05", 0x2)]
    public void A_negotiated_RSV1_is_accepted_on_the_first_frame(string hex, int opcode)
    {
        FrameRules rules = OnClient with { AllowedReservedBits = FrameHeader.Rsv1 };

        Assert.Equal(
            OperationStatus.Done, FrameHeader.TryRead(Wire.Bytes(hex), rules, out FrameHeader header, out _, out _));

        Assert.Equal(new FrameHeader(Fin: true, FrameHeader.Rsv1, (Opcode)opcode, 0, 5), header);
    }

    [Theory]
    [InlineData("82 7F 8000000000000000")] // FR-10: 2^63
    [InlineData("82 7F 8000000000000005")]
    [InlineData("82 7F FFFFFFFFFFFFFFFF")]
    public void A_length_with_its_top_bit_set_is_rejected_even_by_lenient_rules(string hex)
    {
        AssertRefuses(hex, OnClient, WebSocketProtocolError.PayloadLengthOutOfRange);
        AssertRefuses(hex, OnClient with { AllowNonMinimalLength = true }, WebSocketProtocolError.PayloadLengthOutOfRange);
    }

    [Theory]
    [InlineData("82 FF 8000000000000000", WebSocketProtocolError.PayloadLengthOutOfRange)]
    [InlineData("82 FE 007D", WebSocketProtocolError.NonMinimalPayloadLength)]
    public void A_bad_length_is_rejected_before_the_masking_key_arrives(string hex, WebSocketProtocolError expected) =>
        AssertRefuses(hex, OnServer, expected);

    [Theory]
    [InlineData("82 7E 0000", 0)] // FR-13
    [InlineData("82 7E 007D", 125)]
    [InlineData("82 7F 0000000000000000", 0)]
    [InlineData("82 7F 000000000000007D", 125)]
    [InlineData("82 7F 000000000000007E", 126)]
    [InlineData("82 7F 000000000000FFFF", 65_535)]
    public void A_length_that_is_not_in_its_shortest_form_is_rejected_unless_rules_allow_it(string hex, long length)
    {
        AssertRefuses(hex, OnClient, WebSocketProtocolError.NonMinimalPayloadLength);

        AssertReads(
            new Wire("whole", [Wire.Bytes(hex)]),
            OnClient with { AllowNonMinimalLength = true },
            new FrameHeader(Fin: true, 0, Opcode.Binary, 0, length));
    }

    [Theory]
    [InlineData("89 7E", "0005")]
    [InlineData("88 7F", "0000000000000005")]
    public void Lenient_lengths_do_not_apply_to_control_frames(string hex, string length) =>
        AssertRefuses(
            hex + length, OnClient with { AllowNonMinimalLength = true }, WebSocketProtocolError.ControlFrameTooLong);

    private static void AssertReads(Wire wire, FrameRules rules, FrameHeader expected)
    {
        List<byte> arrived = [];
        foreach (byte[] segment in wire.Segments[..^1])
        {
            arrived.AddRange(segment);
            Assert.Equal(
                OperationStatus.NeedMoreData,
                FrameHeader.TryRead(arrived.ToArray(), rules, out _, out int none, out WebSocketProtocolError noError));
            Assert.Equal(0, none);
            Assert.Equal(WebSocketProtocolError.None, noError);
        }

        arrived.AddRange(wire.Segments[^1]);
        OperationStatus status = FrameHeader.TryRead(
            arrived.ToArray(), rules, out FrameHeader header, out int consumed, out WebSocketProtocolError error);

        Assert.Equal(OperationStatus.Done, status);
        Assert.Equal(WebSocketProtocolError.None, error);
        Assert.Equal(arrived.Count, consumed);
        Assert.Equal(expected, header);
    }

    private static void AssertRefuses(string hex, FrameRules rules, WebSocketProtocolError expected)
    {
        OperationStatus status = FrameHeader.TryRead(
            Wire.Bytes(hex), rules, out FrameHeader header, out int consumed, out WebSocketProtocolError error);

        Assert.Equal(OperationStatus.InvalidData, status);
        Assert.Equal(expected, error);
        Assert.Equal(0, consumed);
        Assert.Equal(default, header);
    }
}
