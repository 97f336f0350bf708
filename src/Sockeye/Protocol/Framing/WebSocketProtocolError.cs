namespace Sockeye;

/// <summary>The rules of the WebSocket protocol, and the limits of this end, that a peer can violate.</summary>
/// <remarks>Stable across versions: switch on these values, not on messages. New members are added at the end.</remarks>
public enum WebSocketProtocolError
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>A reserved bit is set that no negotiated extension uses (RFC 6455 §5.2). Close code 1002.</summary>
    ReservedBitSet,

    /// <summary>The opcode is 0x3 to 0x7 or 0xB to 0xF (RFC 6455 §5.2). Close code 1002.</summary>
    ReservedOpcode,

    /// <summary>A control frame has FIN clear (RFC 6455 §5.4). Close code 1002.</summary>
    FragmentedControlFrame,

    /// <summary>A control frame has a payload over 125 bytes (RFC 6455 §5.5). Close code 1002.</summary>
    ControlFrameTooLong,

    /// <summary>A frame from a client is not masked (RFC 6455 §5.1). Close code 1002.</summary>
    UnmaskedClientFrame,

    /// <summary>A frame from a server is masked (RFC 6455 §5.1). Close code 1002.</summary>
    MaskedServerFrame,

    /// <summary>A 64-bit payload length has its top bit set (RFC 6455 §5.2). Close code 1002.</summary>
    PayloadLengthOutOfRange,

    /// <summary>A payload length is not in its shortest form (RFC 6455 §5.2). Close code 1002.</summary>
    NonMinimalPayloadLength,

    /// <summary>A continuation frame arrived with no message open (RFC 6455 §5.4). Close code 1002.</summary>
    UnexpectedContinuation,

    /// <summary>A new message began inside a fragmented one (RFC 6455 §5.4). Close code 1002.</summary>
    InterleavedMessage,

    /// <summary>A Close frame has a payload of one byte (RFC 6455 §5.5.1). Close code 1002.</summary>
    ClosePayloadTooShort,

    /// <summary>A Close frame has a code that must not be sent (RFC 6455 §7.4). Close code 1002.</summary>
    InvalidCloseCode,

    /// <summary>A text message is not valid UTF-8 (RFC 6455 §8.1). Close code 1007.</summary>
    InvalidUtf8,

    /// <summary>The reason in a Close frame is not valid UTF-8 (RFC 6455 §5.5.1). Close code 1007.</summary>
    InvalidUtf8InCloseReason,

    /// <summary>A message is longer than this end's limit (RFC 6455 §10.4). Close code 1009.</summary>
    MessageTooLong,

    /// <summary>
    /// A message has too many empty fragments in a row, which cost the receiver work without end (RFC 6455 §10.4). Close code
    /// 1008.
    /// </summary>
    TooManyEmptyFragments,

    /// <summary>A compressed message is not valid DEFLATE data, or is truncated (RFC 7692 §7.2.2). Close code 1007.</summary>
    InvalidCompressedData,

    /// <summary>
    /// A message needs more memory than the limit for all connections of this end leaves (RFC 6455 §10.4). Close code 1013: the
    /// peer is not at fault and may try again later.
    /// </summary>
    MemoryExhausted,
}
