using System.Buffers;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Sockeye.Handshakes;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye;

/// <summary>The request with which a client opens a connection (RFC 6455 §4.1). Immutable and thread-safe.</summary>
/// <remarks>
/// A connection keeps the bytes of the request, compressed. A value is read from them when its property is read for the first time,
/// and kept in this object.
/// </remarks>
public sealed class WebSocketUpgradeRequest
{
    private readonly byte[] _packedHead;
    private readonly Transport _transport;
    private readonly UpgradeScope _scope;

    // Two threads that read a value for the first time at the same time both read it; either is valid. The path has a field of its
    // own, because most servers choose a handler by it and read nothing else.
    private string? _path;
    private ReadValues? _values;

    /// <summary>Creates a request.</summary>
    /// <param name="packedHead">The head, as <see cref="PackedHead"/> packed it.</param>
    /// <param name="transport">The transport of the request, which has the addresses.</param>
    /// <param name="scope">The server's context of the request.</param>
    /// <param name="routeValues">The values that another router has found; <see langword="null"/> to take them from the path.</param>
    internal WebSocketUpgradeRequest(
        byte[] packedHead, Transport transport, UpgradeScope scope, IReadOnlyList<KeyValuePair<string, string>>? routeValues = null)
    {
        _packedHead = packedHead;
        _transport = transport;
        _scope = scope;
        _values = routeValues is null ? null : new ReadValues(this, routeValues);
    }

    /// <summary>The method: <c>GET</c> in every request that is accepted.</summary>
    public string Method => Read.Method;

    /// <summary>
    /// The request target as it was sent, without any decoding: path and query, or a whole URI in absolute form (RFC 9112 §3.2).
    /// </summary>
    public string Target => Read.Target;

    /// <summary>The path, percent-decoded once as UTF-8.</summary>
    /// <value>
    /// It begins with exactly one slash, however many slashes and backslashes the client sent there, encoded or not: in a URI or a
    /// Location header, it is never read as a host (<c>//host</c>). It has no <c>.</c> or <c>..</c> segments and no NUL. Any other
    /// character may be in it, including control characters, <c>?</c> and <c>#</c>: encode it again before you put it into a URI.
    /// <see cref="Target"/> has the path as it was sent.
    /// </value>
    /// <remarks>
    /// Routes are matched before decoding: <c>//admin</c> belongs to the route <c>/admin</c>, and <c>/%2Fadmin</c> does not.
    /// </remarks>
    public string Path => _path ??= Parse(static offer => offer.RawPath is [(byte)'/'] ? "/" : offer.DecodedPath);

    /// <summary>
    /// The query without its question mark, as it was sent; empty if there is none. After decoding it may have any character in it,
    /// including NUL.
    /// </summary>
    public string Query => Read.Query;

    /// <summary>
    /// The requested host, with its port if one is given: the Host header, or the authority of a target in absolute form, which
    /// replaces that header (RFC 9112 §3.2.2).
    /// </summary>
    public string Host => Read.Host;

    /// <summary>
    /// The origin of the page that opened the connection; <see langword="null"/> if the request has none, which means that it is not
    /// from a browser.
    /// </summary>
    public string? Origin => Read.Origin;

    /// <summary>The subprotocols that the client offers, in order of preference.</summary>
    public IReadOnlyList<string> Subprotocols => Read.Subprotocols;

    /// <summary>
    /// The extensions that the client offers, in order. An extension that is offered with several sets of parameters is listed
    /// once for each.
    /// </summary>
    public IReadOnlyList<WebSocketExtensionOffer> Extensions => Read.Extensions;

    /// <summary>The version of the WebSocket protocol: 13, or 8 for a client of the drafts HyBi 08 to 12.</summary>
    public int Version => Read.Version;

    /// <summary>The headers, as they were received.</summary>
    public WebSocketHeaders Headers => Read.Headers;

    /// <summary>
    /// The cookies in the order of the request (RFC 6265 §5.4), without quotes around a value. Text that is not a name and a
    /// value is omitted.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Cookies => Read.Cookies;

    /// <summary>The values of the route's parameters in the path, percent-decoded once; empty without a route.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> RouteValues => Read.RouteValues;

    /// <summary>The address of the client, or of the proxy in between; <see langword="null"/> if it is unknown.</summary>
    public EndPoint? RemoteEndPoint => _transport.RemoteEndPoint;

    /// <summary>
    /// The client's address: as the trusted proxy in between reports it, if there is one
    /// (<see cref="WebSocketAcceptorOptions.TrustedProxies"/>); otherwise the address of <see cref="RemoteEndPoint"/>;
    /// <see langword="null"/> if there is none.
    /// </summary>
    public IPAddress? ClientIPAddress => _scope.Proxies is { } proxies && proxies.Includes(RemoteEndPoint)
        ? Read.ClientBehind(proxies, RemoteEndPoint)
        : (RemoteEndPoint as IPEndPoint)?.Address;

    /// <summary>The address at which the client reached this server; <see langword="null"/> if it is unknown.</summary>
    public EndPoint? LocalEndPoint => _transport.LocalEndPoint;

    /// <summary>
    /// The negotiated parameters of TLS; <see langword="null"/> if the connection does not use TLS of this library.
    /// </summary>
    public WebSocketTlsInformation? Tls => _transport.Tls;

    /// <summary>
    /// Whether the client's connection uses TLS: to the trusted proxy in between, if that reports it; otherwise to this server.
    /// </summary>
    public bool IsSecure => _scope.IsSecure;

    /// <summary>What the HTTP server that has read the request knows of it; <see langword="null"/> if there is none.</summary>
    internal object? HttpOrigin { get; init; }

    private ReadValues Read => _values ??= new ReadValues(this);

    /// <summary>Returns the value of a cookie.</summary>
    /// <param name="name">The name, which is case-sensitive.</param>
    /// <returns>The value of the first cookie with the name; <see langword="null"/> if there is none.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    public string? GetCookie(string name) => Find(Cookies, name);

    /// <summary>Returns the value of a parameter of the route.</summary>
    /// <param name="name">The name, which is case-sensitive.</param>
    /// <returns>The value; <see langword="null"/> if the route has no such parameter.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    public string? GetRouteValue(string name) => Find(RouteValues, name);

    private static string? Find(IReadOnlyList<KeyValuePair<string, string>> pairs, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return pairs.FirstOrDefault(pair => pair.Key.Equals(name, StringComparison.Ordinal)).Value;
    }

    private static WebSocketExtensionOffer ToOffer(Extension extension) => new(
        extension.Name,
        [.. extension.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))]);

    /// <summary>Unpacks and parses the head, and reads a value from it.</summary>
    private T Parse<T>(ValueReader<T> read)
    {
        int length = PackedHead.UnpackedLength(_packedHead);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            PackedHead.Unpack(_packedHead, buffer);
            ReadOnlySpan<byte> head = buffer.AsSpan(0, length);

            // Errors are not checked: the head of an accepted request is well-formed, and properties that are missing in another are
            // empty.
            RequestHead.TryParse(
                head, HeaderLine.RoomFor(head, stackalloc HeaderLine[HeaderLine.UsualCount]), out RequestHead request);
            return read(new ServerHandshakeOffer(request, selected: null));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads a value from a request, which is a view of a rented buffer.</summary>
    private delegate T ValueReader<T>(ServerHandshakeOffer offer);

    /// <summary>The values besides the path that were read from a request so far.</summary>
    /// <param name="request">The request.</param>
    /// <param name="routeValues">The values of the route's parameters, if they are known already.</param>
    private sealed class ReadValues(WebSocketUpgradeRequest request, IReadOnlyList<KeyValuePair<string, string>>? routeValues = null)
    {
        private int _version;
        private string? _method;
        private string? _target;
        private string? _query;
        private string? _host;
        private StrongBox<string?>? _origin;
        private IReadOnlyList<string>? _subprotocols;
        private IReadOnlyList<WebSocketExtensionOffer>? _extensions;
        private WebSocketHeaders? _headers;
        private IReadOnlyList<KeyValuePair<string, string>>? _cookies;
        private IReadOnlyList<KeyValuePair<string, string>>? _routeValues = routeValues;
        private StrongBox<IPAddress?>? _client;

        public string Method => _method ??= request.Parse(static offer => Encoding.ASCII.GetString(offer.Request.Method));

        public string Target => _target ??= request.Parse(static offer => offer.TargetText);

        public string Query => _query ??= request.Parse(static offer => offer.Query);

        public string Host => _host ??= request.Parse(static offer => offer.Host);

        public string? Origin => (_origin ??= new(request.Parse(static offer => offer.Origin))).Value;

        public int Version => _version != 0 ? _version : _version = request.Parse(static offer => offer.Version);

        public IReadOnlyList<string> Subprotocols => _subprotocols ??= request.Parse(static offer => offer.Subprotocols);

        public IReadOnlyList<WebSocketExtensionOffer> Extensions =>
            _extensions ??= [.. request.Parse(static offer => offer.Extensions).Select(ToOffer)];

        public WebSocketHeaders Headers =>
            _headers ??= WebSocketHeaders.Received(request.Parse(static offer => offer.Request.Headers.ToPairs()));

        public IReadOnlyList<KeyValuePair<string, string>> Cookies => _cookies ??= request.Parse(static offer => offer.Cookies);

        public IReadOnlyList<KeyValuePair<string, string>> RouteValues =>
            _routeValues ??= request._scope.Route is { } route ? request.Parse(offer => route.ValuesIn(offer.RawPath)) : [];

        public IPAddress? ClientBehind(TrustedProxies proxies, EndPoint? peer) =>
            (_client ??= new(request.Parse(offer => proxies.ClientOf(peer, offer.Request.Headers)))).Value;
    }
}
