using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Connections.Lifecycle;

/// <summary>Checks what an application wants to put into a Close frame.</summary>
internal static class CloseArguments
{
    /// <summary>Makes a Close frame's content of a code and a reason; of neither for an empty Close frame.</summary>
    /// <param name="code">The code.</param>
    /// <param name="reason">The reason.</param>
    /// <param name="codeName">The name that an exception has for the code.</param>
    /// <param name="reasonName">The name that an exception has for the reason.</param>
    /// <exception cref="ArgumentException">
    /// The code must not be sent, the reason is too long, or there is a reason without a code.
    /// </exception>
    public static CloseStatus Check(
        WebSocketCloseCode? code, string? reason, string codeName = "code", string reasonName = "reason")
    {
        reason ??= "";
        if (code is null)
        {
            // §5.5.1: the reason follows the code, so that there is none without.
            return reason.Length == 0
                ? CloseStatus.None
                : throw new ArgumentException("A reason needs a code (RFC 6455 §5.5.1).", reasonName);
        }

        if (!CloseCodes.MayBeSent((int)code))
        {
            throw new ArgumentOutOfRangeException(
                codeName, code, "Must be 1000 to 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455 §7.4).");
        }

        return Encoding.UTF8.GetByteCount(reason) <= ClosePayload.MaxReasonLength
            ? new CloseStatus(code.Value, reason)
            : throw new ArgumentException("Must be at most 123 bytes as UTF-8 (RFC 6455 §5.5).", reasonName);
    }
}
