namespace Sockeye.Protocol;

/// <summary>The consequences of a protocol error: the close code to send and the text that describes it.</summary>
internal static class ProtocolErrors
{
    /// <summary>Returns the code of the Close frame that fails the connection (RFC 6455 §7.1.7, §7.4.1).</summary>
    public static WebSocketCloseCode CloseCode(this WebSocketProtocolError error) => error switch
    {
        WebSocketProtocolError.InvalidUtf8 or WebSocketProtocolError.InvalidUtf8InCloseReason or WebSocketProtocolError.InvalidCompressedData =>
            WebSocketCloseCode.InvalidPayload,
        WebSocketProtocolError.MessageTooLong => WebSocketCloseCode.MessageTooBig,
        WebSocketProtocolError.TooManyEmptyFragments => WebSocketCloseCode.PolicyViolation,
        WebSocketProtocolError.MemoryExhausted => WebSocketCloseCode.TryAgainLater,
        _ => WebSocketCloseCode.ProtocolError,
    };

    /// <summary>Describes for a human reader what the peer did, and which clause forbids it.</summary>
    public static string Describe(this WebSocketProtocolError error) => error switch
    {
        WebSocketProtocolError.None => "no error",
        WebSocketProtocolError.ReservedBitSet => "a reserved bit is set that no negotiated extension uses (RFC 6455 §5.2)",
        WebSocketProtocolError.ReservedOpcode => "the opcode is reserved (RFC 6455 §5.2)",
        WebSocketProtocolError.FragmentedControlFrame => "a control frame is fragmented (RFC 6455 §5.4)",
        WebSocketProtocolError.ControlFrameTooLong => "a control frame has a payload over 125 bytes (RFC 6455 §5.5)",
        WebSocketProtocolError.UnmaskedClientFrame => "a client frame is not masked (RFC 6455 §5.1)",
        WebSocketProtocolError.MaskedServerFrame => "a server frame is masked (RFC 6455 §5.1)",
        WebSocketProtocolError.PayloadLengthOutOfRange => "a payload length has its top bit set (RFC 6455 §5.2)",
        WebSocketProtocolError.NonMinimalPayloadLength => "a payload length is not in its shortest form (RFC 6455 §5.2)",
        WebSocketProtocolError.UnexpectedContinuation => "a continuation frame arrived while no message was open (RFC 6455 §5.4)",
        WebSocketProtocolError.InterleavedMessage => "a new message began inside a fragmented one (RFC 6455 §5.4)",
        WebSocketProtocolError.ClosePayloadTooShort => "a Close frame has a payload of one byte (RFC 6455 §5.5.1)",
        WebSocketProtocolError.InvalidCloseCode => "a Close frame has a code that must not be sent (RFC 6455 §7.4)",
        WebSocketProtocolError.InvalidUtf8 => "a text message is not valid UTF-8 (RFC 6455 §8.1)",
        WebSocketProtocolError.InvalidUtf8InCloseReason => "a close reason is not valid UTF-8 (RFC 6455 §5.5.1)",
        WebSocketProtocolError.MessageTooLong => "a message is longer than MaxMessageLength (RFC 6455 §10.4)",
        WebSocketProtocolError.TooManyEmptyFragments => "a message has too many empty fragments in a row (RFC 6455 §10.4)",
        WebSocketProtocolError.InvalidCompressedData => "a compressed message is not valid DEFLATE data, or is truncated (RFC 7692 §7.2.2)",
        WebSocketProtocolError.MemoryExhausted => "a message needs more memory than MaxBufferedLength or MaxIncompleteLength leaves (RFC 6455 §10.4)",
        _ => error.ToString(),
    };
}
