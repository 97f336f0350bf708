using System.Net.Http.Headers;
using Sockeye.Protocol;

namespace Sockeye.Client;

/// <summary>The headers of a client's opening handshake (RFC 6455 §4.1).</summary>
internal static class ClientRequestHeaders
{
    // Besides those that no application may set.
    private static readonly string[] OfConnection = ["Keep-Alive", "Proxy-Connection"];

    /// <summary>Writes the headers.</summary>
    /// <param name="headers">Where they go to.</param>
    /// <param name="key">The key of HTTP/1.1; <see langword="null"/> in HTTP/2, which has none (RFC 8441 §5).</param>
    /// <param name="request">What the application has a say in.</param>
    /// <param name="address">Where the request goes.</param>
    /// <param name="options">What to ask for.</param>
    /// <param name="compression">How to compress, if that is to be offered.</param>
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

            headers.TryAddWithoutValidation(name, value);
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
        // RFC 9844 §3: the zone of an IPv6 address must not be sent; IdnHost includes it.
        string host = address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost;
        return address.IsDefaultPort ? host : $"{host}:{address.Port}";
    }
}
