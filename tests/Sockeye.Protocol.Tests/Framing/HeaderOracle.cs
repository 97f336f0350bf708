namespace Sockeye.Protocol.Tests;

/// <summary>The state of a connection when the two bytes of a header arrive.</summary>
internal enum ReadState
{
    Idle,
    InText,
    InBinary,

    /// <summary>This end has sent a Close frame; the peer may still complete its message (RFC 6455 §5.5.1).</summary>
    CloseSent,
}

/// <summary>
/// RFC 6455 §5 as a table: the rules that two bytes violate, in each role and state. Shares no code with the implementation, and
/// reads the bytes as strings of bits, as in the figure of RFC 6455 §5.2.
/// </summary>
internal static class HeaderOracle
{
    // RFC 6455 §5.2, "Opcode: 4 bits": Continuation, Text, Binary, reserved (-) ×5, X is Close, ping (I), pong (O), reserved ×5.
    private const string Opcodes = "CTB-----XIO-----";

    private static readonly string[] Bits =
        [.. Enumerable.Range(0, 256).Select(value => Convert.ToString(value, 2).PadLeft(8, '0'))];

    /// <summary>Returns all rules that two bytes violate, whatever follows them; empty if they are valid.</summary>
    public static List<WebSocketProtocolError> Broken(int first, int second, bool toServer, bool claimsRsv1, ReadState state)
    {
        List<WebSocketProtocolError> broken = [];
        char opcode = Opcodes[first % 16];
        bool control = "XIO".Contains(opcode, StringComparison.Ordinal);
        (char fin, char rsv1, char rsv2, char rsv3) = (Bits[first][0], Bits[first][1], Bits[first][2], Bits[first][3]);

        // "MUST be 0 unless an extension is negotiated"; RFC 7692 §6: RSV1 on the first fragment of a data message only.
        if (rsv2 == '1' || rsv3 == '1' || (rsv1 == '1' && !(claimsRsv1 && opcode is ('T' or 'B'))))
        {
            broken.Add(WebSocketProtocolError.ReservedBitSet);
        }

        if (opcode == '-')
        {
            broken.Add(WebSocketProtocolError.ReservedOpcode);
        }

        // RFC 6455 §5.5: "MUST have a payload length of 125 bytes or less and MUST NOT be fragmented".
        if (control && fin == '0')
        {
            broken.Add(WebSocketProtocolError.FragmentedControlFrame);
        }

        if (control && Bits[second][1..] is ("1111110" or "1111111"))
        {
            broken.Add(WebSocketProtocolError.ControlFrameTooLong);
        }

        // RFC 6455 §5.1.
        switch (Bits[second][0])
        {
            case '0' when toServer:
                broken.Add(WebSocketProtocolError.UnmaskedClientFrame);
                break;
            case '1' when !toServer:
                broken.Add(WebSocketProtocolError.MaskedServerFrame);
                break;
        }

        // RFC 6455 §5.4.
        bool open = state is ReadState.InText or ReadState.InBinary;
        if (opcode == 'C' && !open)
        {
            broken.Add(WebSocketProtocolError.UnexpectedContinuation);
        }

        if (opcode is 'T' or 'B' && open)
        {
            broken.Add(WebSocketProtocolError.InterleavedMessage);
        }

        return broken;
    }

    /// <summary>Returns the message of a valid frame of two bytes; nothing if further bytes belong to it.</summary>
    public static ReceivedKind Completes(int first, int second, ReadState state) =>
        (Bits[second], Opcodes[first % 16]) switch
        {
            (not "00000000", _) => ReceivedKind.NeedMoreData,
            (_, 'X') => ReceivedKind.Close,
            (_, 'I') => ReceivedKind.Ping,
            (_, 'O') => ReceivedKind.Pong,
            (_, 'C') when state is ReadState.Idle or ReadState.CloseSent => throw new ArgumentException("Not legal."),
            _ => Bits[first][0] == '1' ? ReceivedKind.Message : ReceivedKind.NeedMoreData,
        };
}
