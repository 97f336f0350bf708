using System.Net.Http.Headers;
using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>The headers of a client's opening handshake (RFC 6455 §4.1).</summary>
internal static class ClientRequestHeaders
{
    /// <summary>Checks what the user wants to send.</summary>
    /// <exception cref="ArgumentException">Something of it must not be sent.</exception>
    public static void Check(WebSocketClientOptions options)
    {
        if (!SubprotocolList.IsValid(options.Subprotocols))
        {
            throw new ArgumentException("Subprotocols are different tokens (RFC 6455 §4.1).", nameof(options));
        }

        if (options.Origin is not null && !HeaderFieldRules.IsValue(options.Origin))
        {
            throw new ArgumentException("The origin has characters that no header may have.", nameof(options));
        }

        HandshakeFault fault = HeaderFieldRules.Check(options.RequestHeaders);
        if (fault != HandshakeFault.None)
        {
            throw new ArgumentException($"A request header cannot be sent: {fault}.", nameof(options));
        }
    }

    /// <summary>Writes the headers; all but Host, which the HTTP client adds.</summary>
    /// <exception cref="ArgumentException">The user wants to send one that belongs to content.</exception>
    public static void Write(
        HttpRequestHeaders headers, string key, WebSocketClientOptions options, PerMessageDeflateOptions? compression)
    {
        foreach ((string name, string value) in options.RequestHeaders)
        {
            if (!headers.TryAddWithoutValidation(name, value))
            {
                // Content-Type, Expires and the like.
                throw new ArgumentException($"'{name}' describes content, and the request has none.", nameof(options));
            }
        }

        headers.TryAddWithoutValidation("Connection", "Upgrade");
        headers.TryAddWithoutValidation("Upgrade", "websocket");
        headers.TryAddWithoutValidation("Sec-WebSocket-Key", key);
        headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
        if (options.Origin is not null)
        {
            headers.TryAddWithoutValidation("Origin", options.Origin);
        }

        if (options.Subprotocols.Count != 0)
        {
            headers.TryAddWithoutValidation("Sec-WebSocket-Protocol", SubprotocolList.Format(options.Subprotocols));
        }

        if (compression is not null)
        {
            headers.TryAddWithoutValidation(
                "Sec-WebSocket-Extensions", PerMessageDeflateNegotiation.Offer(compression.ToRules()).ToString());
        }
    }
}
