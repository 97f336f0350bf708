using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Sockeye.AspNetCore.Upgrades;

/// <summary>Writes the response to an opening handshake, as far as the server does not write it itself.</summary>
internal static class HttpUpgradeResponse
{
    /// <summary>Sets the headers of an accepted handshake: of HTTP/1.1 (RFC 6455 §4.2.2), or of HTTP/2 (RFC 8441 §5).</summary>
    public static void Accept(HttpContext context, WebSocketPreparedUpgrade upgrade)
    {
        bool isHttp1 = !HttpUpgrade.IsExtendedConnect(context);
        foreach ((string name, string value) in upgrade.Headers)
        {
            // The server writes Connection itself.
            bool isOfHttp1 = Is(name, HeaderNames.Upgrade) || Is(name, HeaderNames.SecWebSocketAccept);
            if (!Is(name, HeaderNames.Connection) && (isHttp1 || !isOfHttp1))
            {
                context.Response.Headers.Append(name, value);
            }
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

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
}
