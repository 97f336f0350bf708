using System.Net.Http.Headers;
using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>The headers of a client's opening handshake (RFC 6455 §4.1).</summary>
internal static class ClientRequestHeaders
{
    // Besides those that no application may set.
    private static readonly string[] OfConnection = ["Keep-Alive", "Proxy-Connection"];

    /// <summary>Checks the headers that the user wants to send.</summary>
    /// <returns>The first fault, or <see cref="HandshakeFault.None"/>.</returns>
    public static HandshakeFault Check(IReadOnlyList<KeyValuePair<string, string>> headers) =>

        // RFC 9110 §11.7.2: that is for a proxy, to which none of these goes. The server would be told its password.
        headers.Any(header => header.Key.Equals("Proxy-Authorization", StringComparison.OrdinalIgnoreCase))
            ? HandshakeFault.ReservedHeaderName
            : HeaderFieldRules.Check(headers);

    /// <summary>Checks what the user wants to send, apart from headers.</summary>
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

        // §4.2.1: several origins are none.
        if (options.Origin is not null
            && options.RequestHeaders.Any(header => header.Key.Equals("Origin", StringComparison.OrdinalIgnoreCase)))
        {
            throw new ArgumentException("There are an origin and an Origin header.", nameof(options));
        }
    }

    /// <summary>Writes the headers.</summary>
    /// <param name="headers">Where they go to.</param>
    /// <param name="key">The key of HTTP/1.1; <see langword="null"/> in HTTP/2, which has none (RFC 8441 §5).</param>
    /// <param name="request">What the application has a say in.</param>
    /// <param name="address">Where the request goes.</param>
    /// <param name="options">What to ask for.</param>
    /// <param name="compression">How to compress, if that is to be offered.</param>
    /// <exception cref="ArgumentException">The user wants to send one that belongs to content.</exception>
    public static void Write(
        HttpRequestHeaders headers, string? key, WebSocketClientRequest request, ClientAddress address,
        WebSocketClientOptions options, PerMessageDeflateOptions? compression)
    {
        // RFC 9110 §7.2: without the port if it is the scheme's own.
        headers.Host = request.Host ?? HostOf(address.Uri);
        foreach ((string name, string value) in request.Headers)
        {
            // RFC 9113 §8.2.2: what is about a connection of HTTP/1.1 must not be sent in HTTP/2.
            if (key is null && OfConnection.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            if (!headers.TryAddWithoutValidation(name, value))
            {
                // Content-Type, Expires and the like.
                throw new ArgumentException($"'{name}' describes content, and the request has none.", nameof(options));
            }
        }

        if (key is not null)
        {
            headers.TryAddWithoutValidation("Connection", "Upgrade");
            headers.TryAddWithoutValidation("Upgrade", "websocket");
            headers.TryAddWithoutValidation("Sec-WebSocket-Key", key);
        }

        bool isDraft = options.ProtocolVersion == ServerHandshake.DraftVersion;
        headers.TryAddWithoutValidation("Sec-WebSocket-Version", isDraft ? "8" : "13");
        if (options.Origin is not null)
        {
            headers.TryAddWithoutValidation(isDraft ? "Sec-WebSocket-Origin" : "Origin", options.Origin);
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

    private static string HostOf(Uri address)
    {
        // RFC 9844 §3: the zone of an IPv6 address is nobody else's business; IdnHost would have it.
        string host = address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost;
        return address.IsDefaultPort ? host : $"{host}:{address.Port}";
    }
}
