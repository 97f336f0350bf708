using System.Buffers;
using System.Net;
using Microsoft.Extensions.Logging;
using Sockeye.Logging;
using Sockeye.Memory;

namespace Sockeye;

/// <summary>
/// Which opening handshakes a <see cref="WebSocketAcceptor"/> or a <see cref="WebSocketServer"/> accepts, and how their connections
/// behave.
/// </summary>
/// <remarks>
/// Immutable. Callbacks run for one client on one thread at a time, and for several clients on several threads at once. Options that
/// contradict each other, so that one of them would have no effect, are rejected with an <see cref="ArgumentException"/> when an acceptor
/// or a server is created.
/// </remarks>
public record WebSocketAcceptorOptions
{
    // Copied when set and when read; see WebSocketConnectionOptions.
    private readonly WebSocketConnectionOptions _connection = new();
    private readonly PerMessageDeflateOptions? _compression;
    private readonly HandshakeLimitOptions _handshakeLimits = new();

    /// <summary>The supported subprotocols, in order of preference (RFC 6455 §1.9). The default is none.</summary>
    /// <remarks>
    /// The first of them that the client offers is selected. A client that offers none of them is accepted without a subprotocol, unless
    /// <see cref="RequireSubprotocol"/> is set.
    /// </remarks>
    /// <exception cref="ArgumentException">A name is not a token, or occurs twice (RFC 6455 §4.1).</exception>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public IReadOnlyList<string> Subprotocols
    {
        get;
        init => field = OptionChecks.Subprotocols(value, nameof(Subprotocols));
    } = [];

    /// <summary>
    /// Selects the subprotocol of a connection, instead of <see cref="Subprotocols"/>: returns one of those that the request offers, or
    /// <see langword="null"/> for none. <see langword="null"/>, the default, selects from that list.
    /// </summary>
    /// <remarks>
    /// Called in place, before <see cref="OnUpgrade"/>, if the client offers any; must not block. If it throws, or returns a subprotocol
    /// that was not offered, the response is 500. <see cref="WebSocketUpgradeAcceptance.Subprotocol"/> takes precedence.
    /// </remarks>
    public Func<WebSocketUpgradeRequest, string?>? SelectSubprotocol { get; init; }

    /// <summary>
    /// Whether a client is rejected that offers none of <see cref="Subprotocols"/>, or for which <see cref="SelectSubprotocol"/> selects
    /// none. The default is <see langword="false"/>. Requires one of the two.
    /// </summary>
    public bool RequireSubprotocol { get; init; }

    /// <summary>
    /// The origins whose pages may connect, besides the origin of the requested host (RFC 6455 §10.2): <c>https://example.com</c>, with a
    /// port if it is not the default port of the scheme. The default is none.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Origins are compared exactly. <c>https://*.example.com</c> allows every host below that one, but not that host itself;
    /// <c>chrome-extension://*</c> allows every host of a scheme other than http, https, ws and wss; <c>file://</c> has no host;
    /// <c>null</c> allows pages with an opaque origin, such as sandboxed pages and local files. Some devices send a whole address as
    /// their origin: an entry with a path, <c>http://device.local/app</c>, allows that path only. A single slash after the host makes no
    /// difference.
    /// </para>
    /// <para>
    /// The origin of the requested host is that of the Host header, with the same port, and the scheme http or ws, or https or wss over
    /// TLS. No browser sends a ws origin or a trailing slash; libraries and devices do.
    /// </para>
    /// <para>
    /// Only browsers have to send an origin: a client that sends none is accepted. For other rules see <see cref="IsOriginAllowed"/>.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentException">An entry is not an origin, or its wildcard covers a top-level domain.</exception>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public IReadOnlyList<string> AllowedOrigins
    {
        get;
        init => field = OptionChecks.Origins(value, nameof(AllowedOrigins));
    } = [];

    /// <summary>
    /// Decides about an origin that is neither that of the requested host nor in <see cref="AllowedOrigins"/>. It receives the value of
    /// the Origin header and the request, and returns whether pages of that origin may connect. <see langword="null"/>, the default,
    /// rejects them.
    /// </summary>
    /// <remarks>
    /// Called in place for a request that obeys all other rules, before it counts as a connection and before <see cref="OnUpgrade"/>; must
    /// not block. The value is one word of visible ASCII, and otherwise arbitrary, including <c>null</c>: compare it as a whole, not its
    /// prefix or suffix. If the callback throws, the response is 500.
    /// </remarks>
    public Func<string, WebSocketUpgradeRequest, bool>? IsOriginAllowed { get; init; }

    /// <summary>
    /// Whether pages of any origin may connect. This is dangerous if the application identifies users by a cookie, because any web page
    /// could then act on behalf of its visitor. The default is <see langword="false"/>. Cannot be combined with
    /// <see cref="AllowedOrigins"/> or <see cref="IsOriginAllowed"/>.
    /// </summary>
    public bool DangerousAllowAnyOrigin { get; init; }

    /// <summary>
    /// The hosts that requests may name in the Host header (RFC 9110 §7.2): <c>example.com</c>, with any port; <c>example.com:8080</c>;
    /// <c>*.example.com</c>, every host below that one. Other requests are rejected with 421.
    /// </summary>
    /// <remarks>
    /// The default is an empty list, which allows every host. A server that browsers can reach at an address of a private network should
    /// list its hosts: otherwise a page whose name resolves to that address is of the same origin (DNS rebinding).
    /// </remarks>
    /// <exception cref="ArgumentException">An entry is not a host, or its wildcard covers a top-level domain.</exception>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public IReadOnlyList<string> AllowedHosts
    {
        get;
        init => field = OptionChecks.Hosts(value, nameof(AllowedHosts));
    } = [];

    /// <summary>
    /// The addresses of the proxies that are trusted: <see cref="ForwardedHeader"/> is read in requests from them, and in no others. The
    /// default is none.
    /// </summary>
    /// <remarks>See <see cref="WebSocketUpgradeRequest.ClientIPAddress"/> and <see cref="WebSocketUpgradeRequest.IsSecure"/>.</remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public IReadOnlyList<IPNetwork> TrustedProxies
    {
        get;
        init => field = OptionChecks.CopyOf(value, nameof(TrustedProxies));
    } = [];

    /// <summary>
    /// The header that trusted proxies write, and do not forward as the client sent it. The default is X-Forwarded-For, with
    /// X-Forwarded-Proto.
    /// </summary>
    /// <remarks>
    /// Any other value requires <see cref="TrustedProxies"/> or <see cref="TrustUnixSocketProxies"/>. The other header is not read, because
    /// a proxy that does not know it forwards what the client wrote in it.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is not defined.</exception>
    public WebSocketForwardedHeader ForwardedHeader
    {
        get;
        init => field = Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ForwardedHeader), value, "The value is not defined.");
    }

    /// <summary>
    /// Whether peers without an IP address are trusted proxies too: clients of a Unix socket, and streams that are accepted without
    /// <see cref="WebSocketHandshakeInput.RemoteEndPoint"/>. The default is <see langword="false"/>.
    /// </summary>
    public bool TrustUnixSocketProxies { get; init; }

    /// <summary>The maximum number of connections; further requests are rejected with 503.</summary>
    /// <value>
    /// At least 1. The default, <see langword="null"/>, is no limit for a <see cref="WebSocketAcceptor"/>. A
    /// <see cref="WebSocketServer"/> derives its default on Unix when it starts: the descriptors that the process may have
    /// (RLIMIT_NOFILE), minus those in use, minus <see cref="WebSocketServerOptions.ReservedDescriptors"/>, minus half as many again for
    /// the handshakes of clients that are rejected. On other systems it has no limit by default.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int? MaxConnections
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(MaxConnections));
    }

    /// <summary>
    /// The maximum number of connections from one address; further requests are rejected with 429. The address is
    /// <see cref="WebSocketUpgradeRequest.ClientIPAddress"/>; of an IPv6 address, the first 64 bits count, because a client that has one
    /// address of such a network can use all of them.
    /// </summary>
    /// <value>At least 1; <see langword="null"/>, the default, for no limit.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int? MaxConnectionsPerAddress
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(MaxConnectionsPerAddress));
    }

    /// <summary>
    /// The maximum number of opening handshakes in progress, including TLS and <see cref="OnUpgrade"/>. At the limit, a new client replaces
    /// another whose request has not arrived whole: the oldest of an address that has more than
    /// <see cref="MaxPendingHandshakesPerAddress"/>, or the oldest that has been in progress for a second, clients that have sent nothing
    /// first. If none can be replaced, a <see cref="WebSocketServer"/> leaves clients in the queue of the system until one can, and a
    /// <see cref="WebSocketAcceptor"/>, which has no such queue, rejects the stream with 503.
    /// </summary>
    /// <remarks>
    /// A server uses at most half of the connections that the descriptor limit of the process allows, after
    /// <see cref="WebSocketServerOptions.ReservedDescriptors"/>, for handshakes. Where that is less than this value,
    /// <see cref="MaxPendingHandshakesPerAddress"/> is reduced in the same proportion.
    /// </remarks>
    /// <value>At least 1. The default is 4,096.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int MaxPendingHandshakes
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(MaxPendingHandshakes));
    } = 4096;

    /// <summary>
    /// How many of <see cref="MaxPendingHandshakes"/> one IPv4 address, or the IPv6 addresses that share their first 64 bits, may keep when
    /// others need them. An address may have more until <see cref="MaxPendingHandshakes"/> is reached. Then its oldest handshake is dropped
    /// for a client from elsewhere, and another client from it replaces its own oldest handshake whose request has not arrived whole after
    /// one second; if there is none, that client is rejected with 429, or closed on an endpoint with TLS.
    /// </summary>
    /// <remarks>
    /// The address is that of the transport, because no header has been read. An IPv4 address on an IPv6 socket counts as IPv4.
    /// <see cref="TrustedProxies"/> and peers without an IP address are exempt, because they carry many clients. A proxy that is not
    /// trusted counts as one client; it forwards whole requests, which are never dropped.
    /// </remarks>
    /// <value>At least 1. The default is 1,024.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
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
    /// Compression costs time and, where context is kept, memory for each connection. Without the platform's zlib it is declined, with a
    /// warning in the log.
    /// </remarks>
    public PerMessageDeflateOptions? Compression
    {
        get => _compression is null ? null : _compression with { };
        init => _compression = value is null ? null : value with { };
    }

    /// <summary>
    /// Whether clients of version 8 are accepted besides those of version 13: the drafts HyBi 08 to 12, whose frames are those of RFC 6455.
    /// The default is <see langword="true"/>.
    /// </summary>
    public bool AllowVersion8 { get; init; } = true;

    /// <summary>
    /// Whether connections are tracked. If not, <see cref="WebSocketServer.GetConnections"/> is empty, broadcasts reach no connection, and
    /// a stop closes none. The default is <see langword="true"/>.
    /// </summary>
    public bool TrackConnections { get; init; } = true;

    /// <summary>
    /// Decides about each opening handshake that obeys the rules, before the response; <see langword="null"/>, the default, accepts all of
    /// them.
    /// </summary>
    /// <remarks>
    /// Called in place: the part before its first await must not block. No thread waits for it. The time counts towards
    /// <see cref="HandshakeTimeout"/>; the token is canceled when that is over or the client disconnects. If the callback throws, the
    /// response is 500. A callback that decides at once returns the <see cref="WebSocketUpgradeDecision"/> itself.
    /// </remarks>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketUpgradeDecision>>? OnUpgrade { get; init; }

    /// <summary>
    /// Responds to plain HTTP requests, for a health check or a page: GET and HEAD without an Upgrade header, in HTTP/1.1 or 1.0.
    /// <see langword="null"/>, the default, rejects such requests with 426, 405 or 505, and so does a <see langword="null"/> that the
    /// callback returns.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The connection is closed after the response, and what the client sends after its request is discarded and never parsed: this does
    /// not make an HTTP server. The head is checked like that of an opening handshake, including <see cref="AllowedHosts"/> but not the
    /// origin; a request that announces a body is rejected. The callback is also called for paths without a route, and while
    /// <see cref="MaxConnections"/> is reached; not during a stop, when the response is 503.
    /// </para>
    /// <para>
    /// Called like <see cref="OnUpgrade"/>: in place, with the same deadline and token. If it throws, the response is 500. A callback that
    /// responds at once returns the <see cref="WebSocketPlainResponse"/> itself.
    /// </para>
    /// </remarks>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketPlainResponse?>>? OnPlainRequest { get; init; }

    /// <summary>
    /// Called for each opening handshake that fails, before the response; <see langword="null"/>, the default, for no callback.
    /// </summary>
    /// <value>May return a response of its own; <see langword="null"/> keeps the usual one. Must not block.</value>
    public Func<WebSocketHandshakeFailure, WebSocketUpgradeRejection?>? OnHandshakeFailed { get; init; }

    /// <summary>The time that TLS, the request and <see cref="OnUpgrade"/> may take together.</summary>
    /// <value>More than zero, at most a day. The default is 10 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative or more than a day.</exception>
    public TimeSpan HandshakeTimeout
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(HandshakeTimeout));
    } = TimeSpan.FromSeconds(10);

    /// <summary>The limits on the head of a request. Copied when set and when read.</summary>
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

    /// <summary>How the connections behave. Copied when set and when read.</summary>
    /// <exception cref="ArgumentException">
    /// <see cref="LimitOptions.MaxMessageLength"/> is longer than an array can be, and messages are delivered whole.
    /// </exception>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public WebSocketConnectionOptions Connection
    {
        get => _connection with { };
        init => _connection = OptionChecks.Connection(value, nameof(Connection)) with { };
    }

    /// <summary>Where events are logged.</summary>
    /// <value>
    /// By default, warnings and errors go to the standard error stream, at most 50 in 10 seconds.
    /// <see cref="Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory"/> logs nothing; setting the
    /// <see cref="AppContext"/> switch <c>Sockeye.LogToStandardError</c> to <see langword="false"/> does that for the process.
    /// </value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public ILoggerFactory LoggerFactory
    {
        get;
        init => field = OptionChecks.NotNull(value, nameof(LoggerFactory));
    } = DefaultLoggerFactory.Instance;

    /// <summary>The clock. The default is that of the system.</summary>
    /// <remarks>
    /// If the clock of the system jumps by more than two seconds, the process was stopped, as by a suspended machine, and deadlines start
    /// again. Any other clock may advance by any time at once: a test expects what is due by then.
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public TimeProvider TimeProvider
    {
        get;
        init => field = OptionChecks.NotNull(value, nameof(TimeProvider));
    } = TimeProvider.System;

    /// <summary>Where buffers are rented: a seam for tests, which count them.</summary>
    internal ArrayPool<byte> Pool { get; init; } = LargeArrayPool.Process;

    /// <summary>Counts what the connections hold: a seam for tests, beside which others use the one of the process.</summary>
    internal MemoryBudget Budget { get; init; } = MemoryBudget.Process;

    /// <summary>Whether the connections are those of a rehearsal, which have numbers of their own and are in no metrics.</summary>
    internal bool IsRehearsal { get; init; }
}
