using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Sockeye.AspNetCore.Upgrades;

/// <summary>Writes the response to an opening handshake, as far as the server does not write it itself.</summary>
internal static class HttpUpgradeResponse
{
    /// <summary>Sets the headers of an accepted handshake: of HTTP/1.1 (RFC 6455 §4.2.2), or of HTTP/2 (RFC 8441 §5).</summary>
    public static void Accept(HttpContext context, WebSocketPreparedUpgrade upgrade)
    {
        if (HttpUpgrade.IsExtendedConnect(context))
        {
            upgrade.Response.ForEachHeader(context.Response.Headers, static (headers, name, value) => Append(headers, name, value, isHttp1: false));
        }
        else
        {
            upgrade.Response.ForEachHeader(context.Response.Headers, static (headers, name, value) => Append(headers, name, value, isHttp1: true));
        }
    }

    /// <summary>Writes a rejection. On HTTP/1.1 the connection is closed after it: the client may have sent frames already.</summary>
    public static async Task RejectAsync(HttpContext context, WebSocketPreparedUpgrade upgrade)
    {
        HttpResponse response = context.Response;
        response.StatusCode = upgrade.StatusCode;
        bool isHttp1 = HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol);
        foreach ((string name, string value) in upgrade.Headers)
        {
            if (isHttp1 || !(Is(name, HeaderNames.Connection) || Is(name, HeaderNames.Upgrade)))
            {
                response.Headers.Append(name, value);
            }
        }

        if (!upgrade.Body.IsEmpty)
        {
            await response.Body.WriteAsync(upgrade.Body, context.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <summary>Responds to a handshake that was accepted, but that the server does not upgrade.</summary>
    public static void Refuse(HttpContext context)
    {
        context.Response.Clear();
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        if (!HttpUpgrade.IsExtendedConnect(context))
        {
            context.Response.Headers.Connection = "close";
        }
    }

    // The server writes Connection itself; HTTP/2 has neither Upgrade nor a key to accept.
    private static void Append(IHeaderDictionary headers, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isHttp1)
    {
        bool isUpgrade = Is(name, "Upgrade"u8);
        bool isAccept = Is(name, "Sec-WebSocket-Accept"u8);
        if (Is(name, "Connection"u8) || (!isHttp1 && (isUpgrade || isAccept)))
        {
            return;
        }

        if (isUpgrade)
        {
            headers.Upgrade = "websocket";
        }
        else if (isAccept)
        {
            headers.SecWebSocketAccept = Encoding.ASCII.GetString(value);
        }
        else
        {
            headers.Append(Encoding.ASCII.GetString(name), Encoding.Latin1.GetString(value));
        }
    }

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(name, other);

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
}
