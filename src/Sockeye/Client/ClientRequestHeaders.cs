using System.Net.Http.Headers;
using Sockeye.Protocol;
using Sockeye.Telemetry;

namespace Sockeye.Client;

/// <summary>Writes the headers of a client's opening handshake (RFC 6455 §4.1).</summary>
internal static class ClientRequestHeaders
{
    // Headers about an HTTP/1.1 connection that an application may set; the options reject the others.
    private static readonly string[] ConnectionHeaders = ["Keep-Alive", "Proxy-Connection"];

    /// <summary>Writes the headers.</summary>
    /// <param name="headers">Receives the headers.</param>
    /// <param name="key">
    /// The Sec-WebSocket-Key of HTTP/1.1; <see langword="null"/> in HTTP/2, which does not use one (RFC 8441 §5).
    /// </param>
    /// <param name="request">The request as the application configured it.</param>
    /// <param name="address">The address of the server.</param>
    /// <param name="options">The options of the client.</param>
    /// <param name="compression">The compression to offer; <see langword="null"/> to offer none.</param>
    public static void Write(
        HttpRequestHeaders headers, string? key, WebSocketClientRequest request, ClientAddress address,
        WebSocketClientOptions options, PerMessageDeflateOptions? compression)
    {
        // RFC 9110 §7.2: the default port of the scheme is omitted.
        headers.Host = request.Host ?? HostOf(address.Uri);
        foreach ((string name, string value) in request.Headers)
        {
            // RFC 9113 §8.2.2: connection-specific headers must not be sent in HTTP/2.
            if (key is null && ConnectionHeaders.Contains(name, StringComparer.OrdinalIgnoreCase))
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

        TraceHeaders.Add(headers);
    }

    private static string HostOf(Uri address)
    {
        // RFC 9844 §3: the zone of an IPv6 address must not be sent; IdnHost includes it.
        string host = address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost;
        return address.IsDefaultPort ? host : $"{host}:{address.Port}";
    }
}
