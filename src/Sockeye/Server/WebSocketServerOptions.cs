// Long because it is all that can be set on a server: most lines are its documentation.
using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Connections;
using Sockeye.Logging;
using Sockeye.Memory;

namespace Sockeye;

/// <summary>What a <see cref="WebSocketServer"/> listens on, whom it accepts, and what its connections do.</summary>
/// <remarks>
/// Never changes once made; read when the server starts. What it calls back is called for one client on one thread at a time,
/// and for several clients on several threads at once. A server whose options contradict each other, so that one of them would
/// have no effect, does not start: <see cref="ArgumentException"/>.
/// </remarks>
public sealed record WebSocketServerOptions
{
    // Copied on their way in and out; see WebSocketConnectionOptions.
    private readonly WebSocketConnectionOptions _connection = new();
    private readonly PerMessageDeflateOptions? _compression;
    private readonly EventLoopOptions _eventLoop = new();
    private readonly HandshakeLimitOptions _handshakeLimits = new();
    private readonly SocketOptions _socket = new();
    private readonly EndPoint _endPoint = DefaultEndPoint;

    /// <summary>
    /// Where to listen: an <see cref="IPEndPoint"/>, whose port 0 lets the system choose a free one, or a
    /// <see cref="UnixDomainSocketEndPoint"/>.
    /// </summary>
    /// <value>
    /// <see cref="IPAddress.IPv6Any"/> listens on all addresses, those of IPv4 included. The default is port 0 there.
    /// </value>
    /// <remarks>
    /// The file of a Unix socket is deleted when the server stops. One that a server left behind which was killed is
    /// replaced; one that somebody listens on is not.
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The value is neither of the two.</exception>
    public EndPoint EndPoint
    {
        get => Copy(_endPoint);
        init => _endPoint = value is IPEndPoint or UnixDomainSocketEndPoint
            ? Copy(value)
            : value is null ? throw new ArgumentNullException(nameof(EndPoint))
            : throw new ArgumentException("Must be an IPEndPoint or a UnixDomainSocketEndPoint.", nameof(EndPoint));
    }

    /// <summary>
    /// Where to listen, if that is more than one address: instead of <see cref="EndPoint"/>, <see cref="Tls"/> and
    /// <see cref="SelectTls"/>, which must not be set then. The default is empty.
    /// </summary>
    /// <remarks>A server listens on all of them, or does not start.</remarks>
    /// <exception cref="ArgumentNullException">The value or an address in it is <see langword="null"/>.</exception>
    public IReadOnlyList<WebSocketEndPoint> EndPoints
    {
        get;
        init => field = OptionChecks.CopyOf(value, nameof(EndPoints));
    } = [];

    /// <summary>How many connections may wait for this server to accept them; the system may allow fewer.</summary>
    /// <value>At least 1. The default is 4,096.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int Backlog
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(Backlog));
    } = 4096;

    /// <summary>
    /// The event loops that serve connections on Linux, except over TLS. <see cref="EventLoopOptions.Disabled"/> serves them as on other
    /// systems. A copy is kept, and a copy is returned.
    /// </summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public EventLoopOptions EventLoop
    {
        get => _eventLoop with { };
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(EventLoop));
            _eventLoop = value with { };
        }
    }

    /// <summary>
    /// The certificate and all else that TLS needs; <see langword="null"/>, the default, for connections without TLS.
    /// </summary>
    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>As <see cref="WebSocketEndPoint.SelectTls"/>, for <see cref="EndPoint"/>; not together with <see cref="Tls"/>.</summary>
    public Func<SslClientHelloInfo, CancellationToken, ValueTask<SslServerAuthenticationOptions>>? SelectTls { get; init; }

    /// <summary>The subprotocols that the server speaks, the preferred one first (RFC 6455 §1.9). The default is none.</summary>
    /// <remarks>
    /// The first of these that the client offers is chosen. A client that offers none of them is served without one, unless
    /// <see cref="RequireSubprotocol"/> says otherwise.
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">One is no token, or is there twice (RFC 6455 §4.1).</exception>
    public IReadOnlyList<string> Subprotocols
    {
        get;
        init => field = OptionChecks.Subprotocols(value, nameof(Subprotocols));
    } = [];

    /// <summary>
    /// Selects the subprotocol of each connection, instead of <see cref="Subprotocols"/>: one of those that the request offers,
    /// or <see langword="null"/> for none; <see langword="null"/>, the default, for that list.
    /// </summary>
    /// <remarks>
    /// Called in place, before <see cref="OnUpgrade"/>, if the client offers any; must not block. If it throws, or answers with
    /// one that is not offered, the client is answered with 500. What <see cref="WebSocketUpgradeAcceptance.Subprotocol"/> says
    /// goes before it.
    /// </remarks>
    public Func<WebSocketUpgradeRequest, string?>? SelectSubprotocol { get; init; }

    /// <summary>
    /// The origins whose pages may connect, beside those of the server's own host (RFC 6455 §10.2):
    /// <c>https://example.com</c>, with a port if it is not the scheme's own. The default is none but the own.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Compared exactly. <c>https://*.example.com</c> is every host below that one, and not itself; <c>chrome-extension://*</c> is
    /// every host of a scheme that is not http, https, ws or wss; <c>file://</c> has no host; <c>null</c> is for pages without an
    /// origin: sandboxed ones and local files. Some devices send a whole address: one with a path,
    /// <c>http://device.local/app</c>, allows that path only. A single slash behind the host makes no difference.
    /// </para>
    /// <para>
    /// The server's own host is that of the Host header, with the same port, and http or ws, or over TLS https or wss; a slash
    /// behind it makes no difference. No web page has an origin of ws or with a slash: libraries and devices send it.
    /// </para>
    /// <para>
    /// Only browsers must send an origin: a client that sends none is accepted. For other rules see
    /// <see cref="IsOriginAllowed"/>.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">One is no origin, or a wildcard for all of a top-level domain.</exception>
    public IReadOnlyList<string> AllowedOrigins
    {
        get;
        init => field = OptionChecks.Origins(value, nameof(AllowedOrigins));
    } = [];

    /// <summary>
    /// Decides about an origin that is neither the server's own nor one of <see cref="AllowedOrigins"/>: given the value of the
    /// Origin header and the request, it returns whether pages of that origin may connect. <see langword="null"/>, the default,
    /// refuses them.
    /// </summary>
    /// <remarks>
    /// Called in place, for a request that keeps all other rules, before a place is taken and before <see cref="OnUpgrade"/>;
    /// it must not block. The value is visible ASCII of one word, and may be anything else, <c>null</c> included: compare it
    /// whole, never by its beginning or its end. If the callback throws, the client is answered with 500.
    /// </remarks>
    public Func<string, WebSocketUpgradeRequest, bool>? IsOriginAllowed { get; init; }

    /// <summary>
    /// Whether pages of any origin may connect. Dangerous if the application knows its users by a cookie: any web page
    /// could act in their name. The default is <see langword="false"/>. Not together with <see cref="AllowedOrigins"/> or
    /// <see cref="IsOriginAllowed"/>.
    /// </summary>
    public bool DangerousAllowAnyOrigin { get; init; }

    /// <summary>
    /// The hosts for which this server answers, in the Host header (RFC 9110 §7.2): <c>example.com</c>, with any port;
    /// <c>example.com:8080</c>; <c>*.example.com</c>, every host below that. Others are answered with 421.
    /// </summary>
    /// <remarks>
    /// The default is none, for all hosts. A server that browsers can reach by an address of its own network should name its
    /// hosts: else a page whose name is pointed at that address is of the same origin (DNS rebinding).
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">One is no host, or a wildcard for all of a top-level domain.</exception>
    public IReadOnlyList<string> AllowedHosts
    {
        get;
        init => field = OptionChecks.Hosts(value, nameof(AllowedHosts));
    } = [];

    /// <summary>
    /// The proxies, by their addresses, whose word counts: <see cref="ForwardedHeader"/> is read in what comes from them, and from
    /// nobody else. The default is none.
    /// </summary>
    /// <remarks>See <see cref="WebSocketUpgradeRequest.ClientIPAddress"/> and <see cref="WebSocketUpgradeRequest.IsSecure"/>.</remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public IReadOnlyList<IPNetwork> TrustedProxies
    {
        get;
        init => field = OptionChecks.CopyOf(value, nameof(TrustedProxies));
    } = [];

    /// <summary>
    /// What trusted proxies write, and do not pass on as a client has sent it. The default is X-Forwarded-For and
    /// X-Forwarded-Proto.
    /// </summary>
    /// <remarks>
    /// Other than the default it needs <see cref="TrustedProxies"/> or <see cref="TrustUnixSocketProxies"/>. The other header is not
    /// read: a proxy that does not know it lets every client write in it what it likes.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is none of the two.</exception>
    public WebSocketForwardedHeader ForwardedHeader
    {
        get;
        init => field = Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ForwardedHeader), value, "There is no such header.");
    }

    /// <summary>Whether whoever connects to a Unix socket is a trusted proxy too. The default is <see langword="false"/>.</summary>
    /// <remarks>
    /// So is whoever is behind a stream that is given to <see cref="WebSocketHandshake.AcceptAsync"/> without its
    /// <see cref="WebSocketHandshakeInput.RemoteEndPoint"/>.
    /// </remarks>
    public bool TrustUnixSocketProxies { get; init; }

    /// <summary>How many connections there may be at once; one more is answered with 503.</summary>
    /// <value>
    /// At least 1. <see langword="null"/>, the default, derives the limit on Unix when the server starts: the descriptors that the
    /// process may have (RLIMIT_NOFILE), minus those in use, minus <see cref="ReservedDescriptors"/>, minus half as many again for
    /// the handshakes of clients that are rejected. Elsewhere the default is no limit.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? MaxConnections
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(MaxConnections));
    }

    /// <summary>
    /// How many connections there may be at once from one address; one more is answered with 429. The address is
    /// <see cref="WebSocketUpgradeRequest.ClientIPAddress"/>, and of IPv6 its first 64 bits: who has one of those has all.
    /// </summary>
    /// <value>At least 1; <see langword="null"/>, the default, for no limit.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? MaxConnectionsPerAddress
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(MaxConnectionsPerAddress));
    }

    /// <summary>
    /// How many descriptors below the limit of the process the server leaves free, on Unix: for files that the application opens,
    /// its connections to other servers, and threads, each of which needs two to start. The runtime ends a process that cannot
    /// start a thread. A connection that would take a reserved descriptor is answered with 503, or closed on an endpoint with TLS;
    /// a warning is logged, once a minute at most.
    /// </summary>
    /// <remarks>
    /// The limit is the soft one of RLIMIT_NOFILE, which .NET raises to the hard one when the process starts. It is read again when
    /// it seems to be reached. Servers of one process share the reserve.
    /// </remarks>
    /// <value>0 to 1,000,000. The default is 32; 0 has the server accept until the system refuses.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or over 1,000,000.</exception>
    public int ReservedDescriptors
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value, nameof(ReservedDescriptors));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1_000_000, nameof(ReservedDescriptors));
            field = value;
        }
    } = 32;

    /// <summary>
    /// How many opening handshakes may be underway at once, TLS and <see cref="OnUpgrade"/> included. At the limit, a new client
    /// takes the place of another whose request has not arrived whole: of the oldest of an address that has more than
    /// <see cref="MaxPendingHandshakesPerAddress"/>, or of the oldest that is underway for a second, clients that have sent nothing
    /// first. If there is none, clients wait to be accepted until there is room.
    /// </summary>
    /// <remarks>
    /// Handshakes get at most half of the connections that the descriptor limit of the process allows, after
    /// <see cref="ReservedDescriptors"/>. Where that is less than this value, <see cref="MaxPendingHandshakesPerAddress"/> is reduced in
    /// the same proportion.
    /// </remarks>
    /// <value>At least 1. The default is 4,096.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int MaxPendingHandshakes
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(MaxPendingHandshakes));
    } = 4096;

    /// <summary>
    /// How many of <see cref="MaxPendingHandshakes"/> one address of IPv4, or the addresses of IPv6 that share their first 64 bits,
    /// may keep when others need the room. An address may have more until <see cref="MaxPendingHandshakes"/> is reached. Then its
    /// oldest handshake gives way at once to a client from elsewhere, and a further client from it takes the place of the oldest
    /// of its own whose request has not arrived whole after one second; if there is none, it is answered with 429, or closed on an
    /// endpoint with TLS.
    /// </summary>
    /// <remarks>
    /// The address is that of the transport, since no header has been read. An IPv4 address counts as such on an IPv6 socket too.
    /// <see cref="TrustedProxies"/> and Unix sockets are exempt, because they carry many clients. A proxy that is not named there
    /// has this limit as one client; it forwards whole requests, which never give way.
    /// </remarks>
    /// <value>At least 1. The default is 1,024.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int MaxPendingHandshakesPerAddress
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(MaxPendingHandshakesPerAddress));
    } = 1024;

    /// <summary>
    /// How messages are compressed with clients that offer it (RFC 7692). The default, <see langword="null"/>, stands for
    /// <see cref="PerMessageDeflateOptions.Disabled"/>.
    /// </summary>
    /// <remarks>
    /// Compression costs time and, where context is kept, memory for each connection. Without the platform's zlib it is
    /// declined too, with a warning in the log.
    /// </remarks>
    public PerMessageDeflateOptions? Compression
    {
        get => _compression is null ? null : _compression with { };
        init => _compression = value is null ? null : value with { };
    }

    /// <summary>
    /// Whether a client is refused that offers none of <see cref="Subprotocols"/>, or for which
    /// <see cref="SelectSubprotocol"/> selects none. The default is <see langword="false"/>. Needs one of the two.
    /// </summary>
    public bool RequireSubprotocol { get; init; }

    /// <summary>
    /// Whether clients of version 8 are accepted beside those of 13: the drafts HyBi 08 to 12, whose frames are those of
    /// RFC 6455. The default is <see langword="true"/>.
    /// </summary>
    public bool AllowVersion8 { get; init; } = true;

    /// <summary>
    /// Whether the server knows its connections. Without, <see cref="WebSocketServer.Connections"/> is empty, broadcasts reach
    /// nobody, and connections are not closed when the server stops. The default is <see langword="true"/>.
    /// </summary>
    public bool TrackConnections { get; init; } = true;

    /// <summary>
    /// Asked about each opening handshake that keeps the rules, before it is answered; <see langword="null"/>, the default,
    /// accepts all of them.
    /// </summary>
    /// <remarks>
    /// Called in place: what comes before its first await must not block. While it waits no thread does, the deadline
    /// of <see cref="HandshakeTimeout"/> goes on, and the token is canceled when that is over or the client leaves. If it
    /// throws, the client is answered with 500.
    /// </remarks>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketUpgradeDecision>>? OnUpgrade { get; init; }

    /// <summary>
    /// Asked about each plain HTTP request: GET or HEAD without an Upgrade header, of HTTP/1.1 or 1.0, for a health check or a page
    /// of its own. <see langword="null"/>, the default, or a <see langword="null"/> from the callback refuses such requests as
    /// ever, with 426, 405 or 505.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Behind the response the connection is closed, and what the client sends behind its request is dropped and never parsed:
    /// this does not make an HTTP server. The head is checked as that of an opening handshake is, with <see cref="AllowedHosts"/>
    /// and without the origin; a request that announces a body is refused. Asked for paths that have no route too, and while
    /// <see cref="MaxConnections"/> is reached; not while the server stops, when the answer is 503.
    /// </para>
    /// <para>
    /// Called as <see cref="OnUpgrade"/> is: in place, with the same deadline and token. If it throws, the client is answered with
    /// 500.
    /// </para>
    /// </remarks>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketPlainResponse?>>? OnPlainRequest { get; init; }

    /// <summary>
    /// Told of each opening handshake that came to nothing, before that is answered; <see langword="null"/>, the default,
    /// for nobody.
    /// </summary>
    /// <value>May answer with a response of its own; <see langword="null"/> leaves the usual one. Must not block.</value>
    public Func<WebSocketHandshakeFailure, WebSocketUpgradeRejection?>? OnHandshakeFailed { get; init; }

    /// <summary>How long TLS, a client's request and <see cref="OnUpgrade"/> may take together.</summary>
    /// <value>More than zero, at most a day. The default is 10 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative or over a day.</exception>
    public TimeSpan HandshakeTimeout
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(HandshakeTimeout));
    } = TimeSpan.FromSeconds(10);

    /// <summary>How large the head of a request may be. A copy is kept, and a copy is returned.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public HandshakeLimitOptions HandshakeLimits
    {
        get => _handshakeLimits with { };
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(HandshakeLimits));
            _handshakeLimits = value with { };
        }
    }

    /// <summary>How much the operating system may hold of what each connection sends and receives.</summary>
    /// <value>The default is <see cref="SocketOptions.Default"/>. A copy is kept, and a copy is returned.</value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public SocketOptions Socket
    {
        get => _socket with { };
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Socket));
            _socket = value with { };
        }
    }

    /// <summary>What the connections do. A copy is kept, and a copy is returned.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// <see cref="LimitOptions.MaxMessageLength"/> is longer than an array can be, and messages are delivered whole.
    /// </exception>
    public WebSocketConnectionOptions Connection
    {
        get => _connection with { };
        init => _connection = OptionChecks.Connection(value, nameof(Connection)) with { };
    }

    /// <summary>Where events are logged.</summary>
    /// <value>
    /// By default, warnings and errors go to the standard error stream, at most 50 in 10 seconds.
    /// <see cref="Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory"/> logs nothing; the switch
    /// <c>Sockeye.LogToStandardError</c> of <see cref="AppContext"/> set to <see langword="false"/> does that for the process.
    /// </value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public ILoggerFactory LoggerFactory
    {
        get;
        init => field = OptionChecks.NotNull(value, nameof(LoggerFactory));
    } = DefaultLoggerFactory.Instance;

    /// <summary>Where time comes from. The default is the system's clock.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public TimeProvider TimeProvider
    {
        get;
        init => field = OptionChecks.NotNull(value, nameof(TimeProvider));
    } = TimeProvider.System;

    /// <summary>The default of <see cref="EndPoint"/>: a new object each time.</summary>
    internal static EndPoint DefaultEndPoint => new IPEndPoint(IPAddress.IPv6Any, 0);

    internal IReadOnlyList<WebSocketEndPoint> AllEndPoints => EndPoints.Count > 0
        ? EndPoints
        : [new WebSocketEndPoint(EndPoint) { Tls = Tls, SelectTls = SelectTls }];

    /// <summary>Where buffers come from: a seam, for tests to count them.</summary>
    internal ArrayPool<byte> Pool { get; init; } = LargeArrayPool.Process;

    /// <summary>What numbers the connections: those of a rehearsal are not the application's.</summary>
    internal ConnectionNumbers Numbers { get; init; } = ConnectionNumbers.Process;

    /// <summary>How many descriptors the process may have: a seam, for tests to make them few.</summary>
    internal Func<int> DescriptorLimit { get; init; } = Transports.DescriptorLimit.Read;

    /// <summary>How much the operating system may hold, for reading without a copy.</summary>
    internal SocketOptions OwnSocket => _socket;

    // An address is an object that can be written to as well.
    private static EndPoint Copy(EndPoint endPoint) =>
        endPoint is IPEndPoint address ? new IPEndPoint(address.Address, address.Port) : endPoint;
}
