using Sockeye.Protocol;

namespace Sockeye;

/// <summary>
/// Describes why a connection was failed (RFC 6455 §7.1.7): the peer broke a rule of the protocol, or a limit was exceeded.
/// </summary>
public sealed class WebSocketProtocolException : SockeyeException
{
    internal WebSocketProtocolException(ProtocolViolation violation)
        : base(
            violation.Error == WebSocketProtocolError.MemoryExhausted
                ? $"The connection was failed: {violation}."
                : $"The peer broke the WebSocket protocol: {violation}.",
            innerException: null)
    {
        Error = violation.Error;
        CloseCode = violation.Error.CloseCode();
        FrameOffset = violation.FrameOffset;
        FrameHeader = violation.FrameHeader;
        MessageLength = violation.MessageLength;
        MaxMessageLength = violation.MaxMessageLength;
    }

    /// <summary>The rule that was broken. Stable across versions: switch on this, not on the message.</summary>
    public WebSocketProtocolError Error { get; }

    /// <summary>The code of the Close frame that was sent to the peer.</summary>
    public WebSocketCloseCode CloseCode { get; }

    /// <summary>
    /// The offset of the frame that broke the rule: the number of bytes that the peer sent between the opening handshake and this
    /// frame. It does not depend on how the network split the stream. Over TLS, decrypted bytes are counted.
    /// </summary>
    public long FrameOffset { get; }

    /// <summary>
    /// The header of that frame (RFC 6455 §5.2), up to the byte that breaks the rule: 2 to 14 bytes. May include the masking key;
    /// never includes payload. May be empty for <see cref="WebSocketProtocolError.MemoryExhausted"/>, which no frame causes.
    /// </summary>
    public ReadOnlyMemory<byte> FrameHeader { get; }

    /// <summary>
    /// For <see cref="WebSocketProtocolError.MessageTooLong"/>, the sum of the payload lengths, in bytes, that the frames of the
    /// message have declared, this frame included. For a compressed message these are lengths of compressed bytes.
    /// <see langword="null"/> for other rules.
    /// </summary>
    public long? MessageLength { get; }

    /// <summary>
    /// For <see cref="WebSocketProtocolError.MessageTooLong"/>, the limit, in bytes: <see cref="LimitOptions.MaxMessageLength"/>.
    /// <see langword="null"/> for other rules.
    /// </summary>
    public long? MaxMessageLength { get; }
}
