using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Sockeye.Protocol;

/// <summary>The payload of a Close frame: nothing, or two bytes of code and a reason (RFC 6455 §5.5.1).</summary>
internal static class ClosePayload
{
    /// <summary>The longest reason, in bytes: what a control frame holds beside the code.</summary>
    public const int MaxReasonLength = FrameHeader.MaxControlPayloadLength - sizeof(ushort);

    /// <summary>Reads a Close frame's payload.</summary>
    /// <param name="payload">The whole payload, unmasked.</param>
    /// <param name="status">Code and reason; 1005 and an empty reason for an empty payload (§7.1.5).</param>
    /// <returns>The rule broken, or <see cref="WebSocketProtocolError.None"/>.</returns>
    public static WebSocketProtocolError TryRead(ReadOnlySpan<byte> payload, out CloseStatus status)
    {
        status = CloseStatus.None;
        if (payload.IsEmpty)
        {
            return WebSocketProtocolError.None;
        }

        // §5.5.1: "the first two bytes of the body MUST be a 2-byte unsigned integer".
        if (payload.Length < sizeof(ushort))
        {
            return WebSocketProtocolError.ClosePayloadTooShort;
        }

        int code = BinaryPrimitives.ReadUInt16BigEndian(payload);
        if (!CloseCodes.MayBeSent(code))
        {
            return WebSocketProtocolError.InvalidCloseCode;
        }

        ReadOnlySpan<byte> reason = payload[sizeof(ushort)..];
        if (!Utf8.IsValid(reason))
        {
            return WebSocketProtocolError.InvalidUtf8InCloseReason;
        }

        status = new CloseStatus((WebSocketCloseCode)code, Encoding.UTF8.GetString(reason));
        return WebSocketProtocolError.None;
    }

    /// <summary>Writes a Close frame's payload.</summary>
    /// <param name="destination">At least <see cref="FrameHeader.MaxControlPayloadLength"/> bytes.</param>
    /// <param name="status">A code that may be sent, or <see cref="CloseStatus.None"/> for an empty payload.</param>
    /// <returns>How many bytes were written. A reason that is too long is cut between two characters.</returns>
    public static int Write(Span<byte> destination, CloseStatus status)
    {
        if (status.Code == WebSocketCloseCode.NoStatusReceived)
        {
            return 0;
        }

        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)status.Code);

        // Fills what fits and stops before a character that does not; never writes half of one.
        Utf8.FromUtf16(status.Reason, destination.Slice(sizeof(ushort), MaxReasonLength), out _, out int written);
        return sizeof(ushort) + written;
    }
}
