namespace Sockeye.Protocol;

/// <summary>What follows from a broken rule: the close code to send, and the sentence that says it.</summary>
internal static class ProtocolErrors
{
    /// <summary>The code of the Close frame that fails the connection (RFC 6455 §7.1.7, §7.4.1).</summary>
    public static WebSocketCloseCode CloseCode(this ProtocolError error) => error switch
    {
        ProtocolError.InvalidUtf8 or ProtocolError.InvalidUtf8InCloseReason or ProtocolError.InvalidCompressedData =>
            WebSocketCloseCode.InvalidPayload,
        ProtocolError.MessageTooLong => WebSocketCloseCode.MessageTooBig,
        ProtocolError.TooManyEmptyFragments => WebSocketCloseCode.PolicyViolation,
        ProtocolError.MemoryExhausted => WebSocketCloseCode.TryAgainLater,
        _ => WebSocketCloseCode.ProtocolError,
    };

    /// <summary>A sentence for people: what the peer did, and where it is forbidden.</summary>
    public static string Describe(this ProtocolError error) => error switch
    {
        ProtocolError.None => "no rule is broken",
        ProtocolError.ReservedBitSet => "a reserved bit is set that no negotiated extension uses (RFC 6455 §5.2)",
        ProtocolError.ReservedOpcode => "the opcode is a reserved one (RFC 6455 §5.2)",
        ProtocolError.FragmentedControlFrame => "a control frame is fragmented (RFC 6455 §5.4)",
        ProtocolError.ControlFrameTooLong => "a control frame has a payload over 125 bytes (RFC 6455 §5.5)",
        ProtocolError.UnmaskedClientFrame => "a client frame is not masked (RFC 6455 §5.1)",
        ProtocolError.MaskedServerFrame => "a server frame is masked (RFC 6455 §5.1)",
        ProtocolError.PayloadLengthOutOfRange => "a payload length has its top bit set (RFC 6455 §5.2)",
        ProtocolError.NonMinimalPayloadLength => "a payload length is not in its shortest form (RFC 6455 §5.2)",
        ProtocolError.UnexpectedContinuation => "a continuation frame continues no message (RFC 6455 §5.4)",
        ProtocolError.InterleavedMessage => "a message was begun inside a fragmented one (RFC 6455 §5.4)",
        ProtocolError.ClosePayloadTooShort => "a Close frame has a payload of one byte (RFC 6455 §5.5.1)",
        ProtocolError.InvalidCloseCode => "a Close frame has a code that must not be sent (RFC 6455 §7.4)",
        ProtocolError.InvalidUtf8 => "a text message is not valid UTF-8 (RFC 6455 §8.1)",
        ProtocolError.InvalidUtf8InCloseReason => "a close reason is not valid UTF-8 (RFC 6455 §5.5.1)",
        ProtocolError.MessageTooLong => "a message is longer than MaxMessageLength (RFC 6455 §10.4)",
        ProtocolError.TooManyEmptyFragments => "a message has too many empty fragments in a row (RFC 6455 §10.4)",
        ProtocolError.InvalidCompressedData => "a compressed message is not DEFLATE data, or is cut off (RFC 7692 §7.2.2)",
        ProtocolError.MemoryExhausted => "a message needs more memory than MaxBufferedMemory leaves (RFC 6455 §10.4)",
        _ => error.ToString(),
    };
}
