using System.Net.WebSockets;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye.Interop;

/// <summary>Arguments of the platform's class as those of Sockeye.</summary>
internal static class PlatformArguments
{
    /// <summary>The kind of a message.</summary>
    /// <exception cref="ArgumentException">It is neither text nor binary.</exception>
    public static WebSocketMessageKind KindOf(WebSocketMessageType messageType) => messageType switch
    {
        WebSocketMessageType.Text => WebSocketMessageKind.Text,
        WebSocketMessageType.Binary => WebSocketMessageKind.Binary,
        _ => throw new ArgumentException(
            "Must be Text or Binary; CloseOutputAsync sends a Close frame.", nameof(messageType)),
    };

    /// <summary>The code of a Close frame; <see langword="null"/> for none.</summary>
    /// <exception cref="ArgumentException">The code must not be sent, or the description is too long or has no code.</exception>
    public static WebSocketCloseCode? CloseCodeOf(WebSocketCloseStatus closeStatus, string? statusDescription)
    {
        if (closeStatus == WebSocketCloseStatus.Empty)
        {
            // RFC 6455 §5.5.1: the reason follows the code, so that there is none without.
            return string.IsNullOrEmpty(statusDescription)
                ? null
                : throw new ArgumentException("A description needs a code (RFC 6455 §5.5.1).", nameof(statusDescription));
        }

        if (!CloseCodes.MayBeSent((int)closeStatus))
        {
            throw new ArgumentException("Must be 1000 to 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455 §7.4).", nameof(closeStatus));
        }

        return statusDescription is null || Encoding.UTF8.GetByteCount(statusDescription) <= ClosePayload.MaxReasonLength
            ? (WebSocketCloseCode)closeStatus
            : throw new ArgumentException("Must be at most 123 bytes as UTF-8 (RFC 6455 §5.5).", nameof(statusDescription));
    }
}
