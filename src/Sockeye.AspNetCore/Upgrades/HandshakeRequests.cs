using Microsoft.AspNetCore.Http;

namespace Sockeye.AspNetCore.Upgrades;

/// <summary>Recognizes requests that ask for a WebSocket, whether or not they are valid.</summary>
internal static class HandshakeRequests
{
    /// <summary>Whether a request asks for a WebSocket.</summary>
    public static bool IsHandshake(HttpContext context) => IsHttp1Handshake(context) || HttpUpgrade.IsExtendedConnect(context);

    /// <summary>Whether a request asks for an upgrade of its HTTP/1.1 connection, by a list with our protocol (RFC 9110 §7.8).</summary>
    public static bool IsHttp1Handshake(HttpContext context)
    {
        if (!HttpProtocol.IsHttp11(context.Request.Protocol) && !HttpProtocol.IsHttp10(context.Request.Protocol))
        {
            return false;
        }

        foreach (string? value in context.Request.Headers.Upgrade)
        {
            if (value is not null && value.Contains("websocket", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
