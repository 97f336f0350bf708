using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>A frame as this end sends it: masked by a client, not by a server (RFC 6455 §5.1).</summary>
internal static class OutgoingFrame
{
    /// <summary>How many bytes a frame with that payload takes.</summary>
    public static int LengthOf(int payloadLength, Role role) =>
        checked(FrameHeader.LengthOf(payloadLength, masked: role == Role.Client) + payloadLength);

    /// <summary>Writes a frame. The sender's memory is only read.</summary>
    /// <param name="destination">Where to: at least <see cref="LengthOf"/> bytes.</param>
    /// <param name="role">Which end this is.</param>
    /// <param name="kind">What its first byte says.</param>
    /// <param name="payload">Its payload.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Write(
        Span<byte> destination, Role role, FrameKind kind, ReadOnlySpan<byte> payload)
    {
        if (role == Role.Server)
        {
            int length = kind.WriteHeader(destination, maskingKey: null, payload.Length);
            payload.CopyTo(destination[length..]);
            return length + payload.Length;
        }

        uint key = MaskingKeySource.Next();
        int headerLength = kind.WriteHeader(destination, key, payload.Length);
        Masking.Apply(payload, destination.Slice(headerLength, payload.Length), key);
        return headerLength + payload.Length;
    }
}
