using System.Net;
using Sockeye.Handshakes;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye;

/// <summary>The request with which a client opened a connection (RFC 6455 §4.1). Immutable.</summary>
/// <remarks>
/// Any thread may read it. What a connection keeps of it is as small as can be: a property is read from the request's bytes when it is asked for.
/// Keep the value of one that is needed often.
/// </remarks>
public sealed class WebSocketUpgradeRequest
{
    private readonly byte[] _packedHead;
    private readonly Transport _transport;
    private readonly UpgradeScope _scope;

    // Unpacked when the first property is asked for; by two threads at once, twice.
    private byte[]? _head;

    /// <summary>Takes a request.</summary>
    /// <param name="packedHead">Its head, as <see cref="PackedHead"/> has made it.</param>
    /// <param name="transport">What it came over, which knows the address.</param>
    /// <param name="scope">What its server knows about it.</param>
    internal WebSocketUpgradeRequest(byte[] packedHead, Transport transport, UpgradeScope scope)
    {
        _packedHead = packedHead;
        _transport = transport;
        _scope = scope;
    }

    /// <summary>The method: <c>GET</c> in every request that is accepted.</summary>
    public string Method => System.Text.Encoding.ASCII.GetString(Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Request.Method);

    /// <summary>
    /// The request target as it was sent, nothing decoded: path and query, or a whole URI in absolute form (RFC 9112 §3.2).
    /// </summary>
    public string Target => Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).TargetText;

    /// <summary>The path, percent-decoded once as UTF-8.</summary>
    /// <value>
    /// It begins with exactly one slash, however many slashes and backslashes the client sent there, encoded or not: put
    /// into a URI or a Location header, it is never read as a host (<c>//host</c>). It has no <c>.</c> or <c>..</c> segments
    /// and no NUL. Any other character may be in it, control characters, <c>?</c> and <c>#</c> among them: encode it again
    /// before you put it into a URI. The path as it was sent is in <see cref="Target"/>.
    /// </value>
    /// <remarks>
    /// Routes are matched before decoding: <c>//admin</c> belongs to the route <c>/admin</c>, and <c>/%2Fadmin</c> does not.
    /// </remarks>
    public string Path => Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).DecodedPath;

    /// <summary>
    /// The query without its question mark, as it was sent; empty if there is none. Once decoded it may have any characters
    /// in it, NUL among them.
    /// </summary>
    public string Query => Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Query;

    /// <summary>
    /// The host that the client asks for, with its port if it is written: the Host header, or the authority of a target in
    /// absolute form, which replaces that header (RFC 9112 §3.2.2).
    /// </summary>
    public string Host => Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Host;

    /// <summary>The origin of the page that opened the connection; <see langword="null"/> if no browser did.</summary>
    public string? Origin => Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Origin;

    /// <summary>The subprotocols that the client offers, its preferred one first.</summary>
    public IReadOnlyList<string> Subprotocols => Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Subprotocols;

    /// <summary>The extensions that the client offers, in its order; one with several sets of parameters is there several times.</summary>
    public IReadOnlyList<WebSocketExtensionOffer> Extensions =>
        [.. Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Extensions.Select(ToOffer)];

    /// <summary>The version of the WebSocket protocol: 13, or 8 for a client of the drafts HyBi 08 to 12.</summary>
    public int Version => Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Version;

    /// <summary>The headers in their order; repeated names stand there each time.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers =>
        Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Request.Headers.ToPairs();

    /// <summary>
    /// The cookies in their order, as they were sent (RFC 6265 §5.4), without quotes around a value; what is no cookie is left
    /// out.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Cookies => Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Cookies;

    /// <summary>What stands for the parameters of the route in the path, percent-decoded once; none without a route.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> RouteValues =>
        _scope.Route?.ValuesIn(Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).RawPath) ?? [];

    /// <summary>The address of the client, or of the proxy in between, if it is known.</summary>
    public EndPoint? RemoteEndPoint => _transport.RemoteEndPoint;

    /// <summary>
    /// The client's address, which a proxy has told if it is one of <c>WebSocketServerOptions.TrustedProxies</c>; else that of
    /// <see cref="RemoteEndPoint"/>; <see langword="null"/> if there is none.
    /// </summary>
    public IPAddress? ClientIPAddress => _scope.Proxies is { } proxies && proxies.Includes(RemoteEndPoint)
        ? proxies.ClientOf(RemoteEndPoint, Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Request.Headers)
        : (RemoteEndPoint as IPEndPoint)?.Address;

    /// <summary>The address at which the client reached this server, if it is known.</summary>
    public EndPoint? LocalEndPoint => _transport.LocalEndPoint;

    /// <summary>What was agreed on in the handshake of TLS; <see langword="null"/> if it is not Sockeye's TLS.</summary>
    public WebSocketTlsInformation? Tls => _transport.Tls;

    /// <summary>
    /// Whether the client's connection is over TLS: to a trusted proxy, if that tells; else to this server.
    /// </summary>
    public bool IsSecure => _scope.IsSecure;

    /// <summary>The value of a header.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>The value, several joined with a comma; <see langword="null"/> if there is none.</returns>
    public string? GetHeader(string name) =>
        Offer(stackalloc HeaderLine[HeaderLine.UsualCount]).Request.Headers.GetString(name);

    /// <summary>The value of a cookie.</summary>
    /// <param name="name">Its name; case counts.</param>
    /// <returns>The first of that name; <see langword="null"/> if there is none.</returns>
    public string? GetCookie(string name) => Find(Cookies, name);

    /// <summary>What stands for a parameter of the route.</summary>
    /// <param name="name">Its name; case counts.</param>
    /// <returns>The value; <see langword="null"/> if the route has no such parameter.</returns>
    public string? GetRouteValue(string name) => Find(RouteValues, name);

    private static string? Find(IReadOnlyList<KeyValuePair<string, string>> pairs, string name) =>
        pairs.FirstOrDefault(pair => pair.Key.Equals(name, StringComparison.Ordinal)).Value;

    private static WebSocketExtensionOffer ToOffer(Extension extension) => new(
        extension.Name,
        [.. extension.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))]);

    // Of a request that was accepted once nothing is missing: the errors need no look.
    private ServerHandshakeOffer Offer(Span<HeaderLine> lines)
    {
        byte[] head = _head ??= PackedHead.Unpack(_packedHead);
        RequestHead.TryParse(head, HeaderLine.RoomFor(head, lines), out RequestHead request);
        return new ServerHandshakeOffer(request, selected: null);
    }
}
