using Sockeye.Protocol;

namespace Sockeye;

/// <summary>
/// A frame to send as it is (RFC 6455 §5.2), with a <see cref="WebSocketFrameWriter"/>: for extensions and tests that need more than
/// messages.
/// </summary>
public readonly record struct WebSocketFrame
{
    private readonly bool _isNotFinal;

    /// <summary>Creates a frame that ends its message and has no reserved bit.</summary>
    /// <param name="opcode">
    /// 0 for a continuation, 1 for text, 2 for binary, 9 for a ping, 10 for a pong, or a reserved one: 3 to 7, 11 to 15.
    /// </param>
    /// <param name="payload">The payload; of a control frame, 8 to 15, at most 125 bytes (RFC 6455 §5.5).</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The opcode is over 15, or 8: <see cref="WebSocketConnection.CloseAsync"/> sends Close frames.
    /// </exception>
    /// <exception cref="ArgumentException">The payload of a control frame is longer than 125 bytes.</exception>
    public WebSocketFrame(int opcode, ReadOnlyMemory<byte> payload)
    {
        if (opcode is < 0 or > 15 or (int)Protocol.Opcode.Close)
        {
            throw new ArgumentOutOfRangeException(nameof(opcode), opcode, "Must be 0 to 15, and not 8: CloseAsync sends Close frames.");
        }

        if (opcode > (int)Protocol.Opcode.Close && payload.Length > FrameHeader.MaxControlPayloadLength)
        {
            throw new ArgumentException("A control frame has at most 125 bytes of payload (RFC 6455 §5.5).", nameof(payload));
        }

        Opcode = opcode;
        Payload = payload;
    }

    /// <summary>The opcode: what the frame carries.</summary>
    public int Opcode { get; }

    /// <summary>The payload as it is sent, before a client masks it. Do not change it until the send completes.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Whether the frame ends its message: the bit FIN. The default is <see langword="true"/>.</summary>
    public bool Fin
    {
        get => !_isNotFinal;
        init => _isNotFinal = !value;
    }

    /// <summary>The bit RSV1, which marks a compressed message if compression was negotiated (RFC 7692 §6).</summary>
    public bool Rsv1 { get; init; }

    /// <summary>The bit RSV2. A peer fails the connection unless an extension was negotiated that defines it.</summary>
    public bool Rsv2 { get; init; }

    /// <summary>The bit RSV3. A peer fails the connection unless an extension was negotiated that defines it.</summary>
    public bool Rsv3 { get; init; }
}
