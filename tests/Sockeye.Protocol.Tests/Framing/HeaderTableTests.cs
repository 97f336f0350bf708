using System.Buffers;

namespace Sockeye.Protocol.Tests;

/// <summary>FR-EXH: every header of two bytes, in every role and state, compared with a table written from the RFC.</summary>
public sealed class HeaderTableTests
{
    private const int HeaderCount = 1 << 16;

    [Fact]
    public void FrameHeader_agrees_with_the_table()
    {
        int cases = 0;
        int legal = 0;
        foreach (bool toServer in new[] { false, true })
        {
            foreach (bool claimsRsv1 in new[] { false, true })
            {
                FrameRules rules = Rules(toServer, claimsRsv1);
                for (int header = 0; header < HeaderCount; header++)
                {
                    legal += AssertFrameHeader(header, rules) ? 1 : 0;
                    cases++;
                }
            }
        }

        Assert.Equal(HeaderCount * 4, cases);

        // Counted by hand. Data: 3 opcodes × FIN × 128 lengths; control: 3 opcodes × 126 lengths; with RSV1 negotiated, another 2
        // opcodes × FIN × 128 lengths. All for one value of MASK, in each of two roles.
        const int plain = (3 * 2 * 128) + (3 * 126);
        Assert.Equal(2 * (plain + plain + (2 * 2 * 128)), legal);
    }

    [Fact]
    public void MessageReader_agrees_with_the_table_in_every_state()
    {
        int cases = 0;
        foreach (bool toServer in new[] { false, true })
        {
            foreach (bool claimsRsv1 in new[] { false, true })
            {
                MessageReaderSettings settings = Settings(toServer, claimsRsv1);
                foreach (ReadState state in Enum.GetValues<ReadState>())
                {
                    for (int header = 0; header < HeaderCount; header++)
                    {
                        AssertMessageReader(header, settings, claimsRsv1, state);
                        cases++;
                    }
                }
            }
        }

        Assert.Equal(1_048_576, cases);
    }

    [Fact]
    public void After_a_close_frame_every_header_is_ignored()
    {
        foreach (bool toServer in new[] { false, true })
        {
            MessageReaderSettings settings = Settings(toServer, claimsRsv1: false);
            for (int header = 0; header < HeaderCount; header++)
            {
                MessageReader reader = new(settings);
                Assert.Equal(ReceivedKind.Close, reader.Read(EmptyFrame(0x88, toServer), out _, out _));

                ReceivedKind received = reader.Read([(byte)(header >> 8), (byte)header], out int consumed, out _);

                Assert.Equal((ReceivedKind.NeedMoreData, 2, WebSocketProtocolError.None), (received, consumed, reader.Error));
            }
        }
    }

    private static FrameRules Rules(bool toServer, bool claimsRsv1) =>
        new(toServer ? Role.Server : Role.Client, claimsRsv1 ? FrameHeader.Rsv1 : (byte)0);

    private static MessageReaderSettings Settings(bool toServer, bool claimsRsv1) =>
        new(Rules(toServer, claimsRsv1), int.MaxValue, DeliverFragments: false, ArrayPool<byte>.Shared);

    private static bool AssertFrameHeader(int header, FrameRules rules)
    {
        (int first, int second) = (header / 256, header % 256);

        // A header alone does not show whether a message is open: valid if it is so in one of the states.
        bool toServer = rules.Receiver == Role.Server;
        bool claimsRsv1 = rules.AllowedReservedBits != 0;
        List<WebSocketProtocolError> idle = HeaderOracle.Broken(first, second, toServer, claimsRsv1, ReadState.Idle);
        List<WebSocketProtocolError> open = HeaderOracle.Broken(first, second, toServer, claimsRsv1, ReadState.InText);
        List<WebSocketProtocolError> broken = [.. idle.Intersect(open)];

        OperationStatus status = FrameHeader.TryRead(
            [(byte)first, (byte)second], rules, out FrameHeader read, out int consumed, out WebSocketProtocolError error);

        OperationStatus expected = broken.Count > 0 ? OperationStatus.InvalidData
            : second < 126 ? OperationStatus.Done
            : OperationStatus.NeedMoreData;
        bool agrees = status == expected
            && (broken.Count > 0 ? broken.Contains(error) : error == WebSocketProtocolError.None)
            && consumed == (status == OperationStatus.Done ? 2 : 0)
            && (status != OperationStatus.Done || read == Expected(first, second));
        if (!agrees)
        {
            Assert.Fail($"{rules}, {header:X4}: {status}, {error}, {read}; expected {expected}");
        }

        return broken.Count == 0;
    }

    // The frames of two bytes are unmasked, so the length is the second byte.
    private static FrameHeader Expected(int first, int second) =>
        new(first >= 128, (byte)(first / 16 % 8), (Opcode)(first % 16), MaskingKey: 0, second);

    private static void AssertMessageReader(
        int header, MessageReaderSettings settings, bool claimsRsv1, ReadState state)
    {
        (int first, int second) = (header / 256, header % 256);
        bool toServer = settings.Rules.Receiver == Role.Server;
        MessageReader reader = new(settings, new CopyingInflater());
        ClosingHandshake closing = Enter(state, reader, toServer);
        List<WebSocketProtocolError> broken = HeaderOracle.Broken(first, second, toServer, claimsRsv1, state);

        ReceivedKind received = reader.Read([(byte)first, (byte)second], out int consumed, out _);

        ReceivedKind expected =
            broken.Count > 0 ? ReceivedKind.Violation : HeaderOracle.Completes(first, second, state);
        bool agrees = received == expected
            && (broken.Count > 0 || consumed == 2)
            && (broken.Count > 0 ? broken.Contains(reader.Error) : reader.Error == WebSocketProtocolError.None);
        if (!agrees)
        {
            Assert.Fail($"{settings.Rules}, {state}, {header:X4}: {received}, {reader.Error}; expected {expected}");
        }

        if (received == ReceivedKind.Close)
        {
            // RFC 6455 §5.5.1: the close is echoed, unless this end has already sent a Close frame.
            Assert.True(closing.TryReceive(CloseStatus.None));
            Assert.Equal(state != ReadState.CloseSent, closing.TryReply(out _));
            Assert.True(closing.IsComplete);
        }
    }

    private static ClosingHandshake Enter(ReadState state, MessageReader reader, bool toServer)
    {
        ClosingHandshake closing = default;
        switch (state)
        {
            case ReadState.InText:
                Assert.Equal(ReceivedKind.NeedMoreData, reader.Read(EmptyFrame(0x01, toServer), out _, out _));
                break;
            case ReadState.InBinary:
                Assert.Equal(ReceivedKind.NeedMoreData, reader.Read(EmptyFrame(0x02, toServer), out _, out _));
                break;
            case ReadState.CloseSent:
                Assert.True(closing.TrySend(CloseStatus.None));
                break;
        }

        return closing;
    }

    private static byte[] EmptyFrame(byte first, bool masked) =>
        masked ? [first, 0x80, 1, 2, 3, 4] : [first, 0x00];
}
