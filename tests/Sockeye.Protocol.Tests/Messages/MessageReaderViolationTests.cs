namespace Sockeye.Protocol.Tests;

/// <summary>Invalid traffic. Each violation is final, and nothing after it is delivered.</summary>
public sealed class MessageReaderViolationTests
{
    [Theory]
    [Frames("C1 05 48656C6C6F 81 00", WebSocketProtocolError.ReservedBitSet)] // RSV1
    [Frames("A1 05 48656C6C6F 81 00", WebSocketProtocolError.ReservedBitSet)] // RSV2
    [Frames("91 05 48656C6C6F 81 00", WebSocketProtocolError.ReservedBitSet)] // RSV3
    [Frames("C9 00 81 00", WebSocketProtocolError.ReservedBitSet)] // RSV1 on a control frame
    [Frames("83 00 81 00", WebSocketProtocolError.ReservedOpcode)]
    [Frames("8B 00 81 00", WebSocketProtocolError.ReservedOpcode)]
    [Frames("80 00 81 00", WebSocketProtocolError.UnexpectedContinuation)] // FR-07: first frame of all
    [Frames("00 05 48656C6C6F 81 00", WebSocketProtocolError.UnexpectedContinuation)]
    [Frames("09 00 81 00", WebSocketProtocolError.FragmentedControlFrame)]
    [Frames("08 00 81 00", WebSocketProtocolError.FragmentedControlFrame)]
    [Frames("89 7E 007E 81 00", WebSocketProtocolError.ControlFrameTooLong)] // 126 bytes
    [Frames("88 7E 007E 81 00", WebSocketProtocolError.ControlFrameTooLong)]
    [Frames("82 7E 007D 81 00", WebSocketProtocolError.NonMinimalPayloadLength)]
    [Frames("82 7F 8000000000000000 81 00", WebSocketProtocolError.PayloadLengthOutOfRange)]
    public void A_first_frame_that_breaks_a_rule_is_rejected(Wire wire, WebSocketProtocolError expected) =>
        Assert.Equal(["error " + expected], ReaderRun.All(wire));

    [Theory]
    [Frames("01 01 61 81 01 62 81 00", WebSocketProtocolError.InterleavedMessage)] // text in a fragmented message
    [Frames("01 01 61 82 01 62 81 00", WebSocketProtocolError.InterleavedMessage)] // binary
    [Frames("02 01 61 01 01 62 81 00", WebSocketProtocolError.InterleavedMessage)]
    [Frames("01 00 01 00 81 00", WebSocketProtocolError.InterleavedMessage)]
    [Frames("01 01 61 C0 01 62 81 00", WebSocketProtocolError.ReservedBitSet)] // RSV1 on a continuation
    [Frames("01 01 61 83 01 62 81 00", WebSocketProtocolError.ReservedOpcode)]
    [Frames("01 01 61 09 00 81 00", WebSocketProtocolError.FragmentedControlFrame)]
    public void A_frame_inside_a_message_that_breaks_a_rule_is_rejected(Wire wire, WebSocketProtocolError expected) =>
        Assert.Equal(["error " + expected], ReaderRun.All(wire));

    [Theory]
    [Frames("01 01 61 80 01 62 80 01 63 81 00")]
    [Frames("81 01 61 80 00 81 00")]
    public void A_continuation_after_the_end_of_a_message_is_rejected(Wire wire)
    {
        IReadOnlyList<string> received = ReaderRun.All(wire);

        Assert.Equal(2, received.Count);
        Assert.StartsWith("text a", received[0], StringComparison.Ordinal);
        Assert.Equal("error UnexpectedContinuation", received[1]);
    }

    [Theory]
    [Wire("81 85 37FA213D 7F9F4D5158 81 00")]
    public void Client_rejects_a_masked_frame(Wire wire) =>
        Assert.Equal(["error MaskedServerFrame"], ReaderRun.All(wire));

    [Theory]
    [Wire("81 05 48656C6C6F 81 00")]
    public void Server_rejects_an_unmasked_frame(Wire wire) =>
        Assert.Equal(["error UnmaskedClientFrame"], ReaderRun.All(wire with { ToServer = true }));

    [Theory]
    [Frames("C2 01 61 C0 01 62 81 00", "binary 61", "error ReservedBitSet")]
    [Frames("42 01 61 C0 01 62 81 00", "error ReservedBitSet")]
    public void RSV1_on_a_continuation_is_rejected_even_if_negotiated(Wire wire, params string[] expected) =>
        Assert.Equal(expected, ReaderRun.All(wire, allowedReservedBits: FrameHeader.Rsv1)); // FR-03

    [Theory]
    [InlineData("80 FE", WebSocketProtocolError.UnexpectedContinuation)]
    [InlineData("80 85", WebSocketProtocolError.UnexpectedContinuation)]
    [InlineData("01 80 00000000 81 FF", WebSocketProtocolError.InterleavedMessage)]
    [InlineData("83 85", WebSocketProtocolError.ReservedOpcode)]
    [InlineData("89 FE", WebSocketProtocolError.ControlFrameTooLong)]
    [InlineData("81 05", WebSocketProtocolError.UnmaskedClientFrame)]
    public void An_invalid_header_is_rejected_after_two_bytes(string hex, WebSocketProtocolError expected)
    {
        foreach (Wire wire in Wire.Deliveries(Wire.Bytes(hex), toServer: true))
        {
            Assert.Equal(["error " + expected], ReaderRun.All(wire));
        }
    }

    [Theory]
    [Frames("88 01 03", WebSocketProtocolError.ClosePayloadTooShort)] // FR-30
    [Frames("88 02 03ED", WebSocketProtocolError.InvalidCloseCode)] // FR-31: 1005
    [Frames("88 02 03E7", WebSocketProtocolError.InvalidCloseCode)] // 999
    [Frames("88 04 03E8 C328", WebSocketProtocolError.InvalidUtf8InCloseReason)] // FR-32
    public void A_close_frame_with_an_invalid_payload_is_found_by_its_payload(Wire wire, WebSocketProtocolError expected)
    {
        string close = Assert.Single(ReaderRun.All(wire));

        WebSocketProtocolError error = ClosePayload.TryRead(Wire.Bytes(close["close ".Length..]), out _);

        Assert.Equal(expected, error);
    }

    [Fact]
    public void The_first_violation_is_final()
    {
        ReaderRun run = new(toServer: false);

        run.Feed(Wire.Bytes("83 00"));
        run.Feed(Wire.Bytes("81 05 48656C6C6F"));
        run.Feed(Wire.Bytes("88 00"));

        Assert.Equal(["error ReservedOpcode"], run.Received);
        Assert.Equal(WebSocketProtocolError.ReservedOpcode, run.Reader.Error);
        run.End();
    }

    [Fact]
    public void Random_damage_causes_no_exception_no_later_delivery_and_no_leak()
    {
        int refused = 0;
        for (int seed = 0; seed < 600; seed++)
        {
            Random random = new(seed);
            (byte[] frames, _) = RandomTraffic.Create(random);
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                frames[random.Next(Math.Min(frames.Length, 400))] = (byte)random.Next(256);
            }

            ReaderRun run = new(toServer: false, maxMessageLength: 100_000);
            for (int offset = 0; offset < frames.Length;)
            {
                int length = Math.Min(random.Next(1, 3_000), frames.Length - offset);
                run.Feed(frames.AsSpan(offset, length));
                offset += length;
            }

            run.End();
            int error = run.Received.ToList().FindIndex(answer => answer.StartsWith("error", StringComparison.Ordinal));
            Assert.True(error < 0 || error == run.Received.Count - 1, $"seed {seed}");
            refused += error < 0 ? 0 : 1;
        }

        Assert.InRange(refused, 200, 599);
    }
}
