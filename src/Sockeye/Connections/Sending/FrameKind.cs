using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>What the first byte of a frame says (RFC 6455 §5.2).</summary>
/// <param name="Opcode">What the frame carries.</param>
/// <param name="Fin">Whether it ends its message.</param>
/// <param name="IsCompressed">Whether it begins a message that is compressed (RFC 7692 §6): RSV1.</param>
internal readonly record struct FrameKind(Opcode Opcode, bool Fin = true, bool IsCompressed = false)
{
    /// <summary>Writes the header of a frame with this first byte.</summary>
    /// <returns>How many bytes were written.</returns>
    public int WriteHeader(Span<byte> destination, uint? maskingKey, int payloadLength) =>
        FrameHeader.Write(destination, Fin, IsCompressed ? FrameHeader.Rsv1 : (byte)0, Opcode, maskingKey, payloadLength);

    /// <summary>A whole message, not compressed, or a control frame.</summary>
    public static implicit operator FrameKind(Opcode opcode) => new(opcode);
}
