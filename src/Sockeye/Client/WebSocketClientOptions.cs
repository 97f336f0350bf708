using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Connections;
using Sockeye.Logging;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>The options of a client: for its request, and for its connection.</summary>
/// <remarks>
/// Immutable, and read when the client connects. Several clients may share it; callbacks are then called for each of them, on any
/// thread. These combinations, in which one option would have no effect, are rejected with an <see cref="ArgumentException"/>
/// when connecting: <see cref="LocalEndPoint"/>, <see cref="AddressFamily"/> or <see cref="Socket"/> with
/// <see cref="ConnectCallback"/>; <see cref="LocalEndPoint"/> with another <see cref="AddressFamily"/>;
/// <see cref="OnRedirecting"/> without <see cref="MaxRedirects"/>; <see cref="Proxy"/> without <see cref="UseProxy"/>;
/// <see cref="PreAuthenticate"/> without <see cref="Credentials"/>; <see cref="Origin"/> with an Origin header in
/// <see cref="RequestHeaders"/>; <see cref="AllowMissingSubprotocol"/> without <see cref="Subprotocols"/>; application protocols
/// in <see cref="Tls"/> with <see cref="Http2"/>; <see cref="PerMessageDeflateOptions.RequireClientMaxWindowBits"/>; and, unless
/// redirects are followed, <see cref="Tls"/> for an address without TLS, and <see cref="ConnectCallback"/>,
/// <see cref="LocalEndPoint"/>, <see cref="AddressFamily"/> or <see cref="Proxy"/> for a <c>ws+unix</c> address.
/// </remarks>
public sealed record WebSocketClientOptions
{
    private const int MostRedirects = 50;
    private const int LeastResponseHeadLength = 1024;
    private const int MostResponseHeadLength = 1024 * 1024;

    // Copied by setters and getters; see WebSocketConnectionOptions.
    private readonly WebSocketConnectionOptions _connection = new();
    private readonly PerMessageDeflateOptions? _compression;
    private readonly SocketOptions _socket = new();

    /// <summary>
    /// The subprotocols that the client supports, in order of preference (RFC 6455 §1.9). The default is an empty list.
    /// </summary>
    /// <remarks>
    /// If the list is not empty, the client rejects a response that selects none of them, as browsers do; see
    /// <see cref="AllowMissingSubprotocol"/>.
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">A subprotocol is not a valid token, or is repeated (RFC 6455 §4.1).</exception>
    public IReadOnlyList<string> Subprotocols
    {
        get;
        init => field = OptionChecks.Subprotocols(value, nameof(Subprotocols));
    } = [];

    /// <summary>
    /// Whether a server may select none of <see cref="Subprotocols"/>, as RFC 6455 §4.1 allows. The default is
    /// <see langword="false"/>.
    /// </summary>
    public bool AllowMissingSubprotocol { get; init; }

    /// <summary>The version of the WebSocket protocol that the client requests.</summary>
    /// <value>
    /// 13, the default, is RFC 6455. 8 is for servers of its drafts HyBi 08 to 12: the frames are the same, and the origin is
    /// sent as Sec-WebSocket-Origin.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is neither 13 nor 8.</exception>
    public int ProtocolVersion
    {
        get;
        init => field = value is ServerHandshake.RfcVersion or ServerHandshake.DraftVersion
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ProtocolVersion), value, "Must be 13 or 8.");
    } = ServerHandshake.RfcVersion;

    /// <summary>
    /// The Origin header; <see langword="null"/>, the default, sends none, as clients other than browsers do. Cannot be combined
    /// with an Origin header in <see cref="RequestHeaders"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The value has a control character or a character that is not Latin-1 (RFC 9110 §5.5).</exception>
    public string? Origin
    {
        get;
        init => field = HeaderFieldRules.IsValue(value)
            ? value
            : throw new ArgumentException(
                "The origin has a control character or a character that is not Latin-1 (RFC 9110 §5.5).", nameof(Origin));
    }

    /// <summary>Headers to add to the request, in order. Empty by default.</summary>
    /// <remarks>The credentials of a proxy are set on <see cref="Proxy"/>: these headers are sent to the server.</remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// A header is written by the opening handshake itself, or is Proxy-Authorization, or describes content, like Content-Type.
    /// </exception>
    public WebSocketHeaders RequestHeaders
    {
        get;
        init => field = OptionChecks.RequestHeaders(value, nameof(RequestHeaders));
    } = [];

    /// <summary>The Host header; <see langword="null"/>, the default, uses the host of the address.</summary>
    /// <remarks>
    /// Does not affect TLS: the server's certificate is checked against the host of the address or the target host of
    /// <see cref="Tls"/>.
    /// </remarks>
    /// <exception cref="ArgumentException">The value is not a host with an optional port (RFC 9112 §3.2).</exception>
    public string? Host
    {
        get;
        init => field = OptionChecks.Host(value, nameof(Host));
    }

    /// <summary>
    /// The credentials for a server that requires authentication (RFC 9110 §11.6): a <see cref="NetworkCredential"/>, or a
    /// <see cref="CredentialCache"/> with addresses and schemes. The default is <see langword="null"/>: no credentials.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Credentials are not sent until a server responds with 401 and a challenge, unless <see cref="PreAuthenticate"/> is set.
    /// The client then sends the request again, on a new connection, with the strongest scheme of the challenge for which there
    /// are credentials: Negotiate (Kerberos, where the platform supports it and one token is enough), Digest with SHA-256 or MD5
    /// (RFC 7616), or Basic (RFC 7617). Without TLS, any machine on the way can read Basic. A cache is searched for the address
    /// of the server as <c>ws</c> or <c>wss</c>, then as <c>http</c> or <c>https</c>.
    /// </para>
    /// <para>
    /// A <see cref="NetworkCredential.Domain"/> is sent by Negotiate, and by Basic as <c>domain\user</c>; Digest does not use it, as in
    /// <see cref="HttpClient"/>.
    /// </para>
    /// <para>
    /// A <see cref="NetworkCredential"/> that cannot be sent, such as a user with a colon, is rejected when connecting. One that
    /// a cache returns for a challenge is not used, and the message of the <see cref="WebSocketHandshakeException"/> states why.
    /// </para>
    /// <para>
    /// User information in the address takes precedence over these credentials and is sent with the first request as Basic; an
    /// Authorization header in <see cref="RequestHeaders"/>, or from <see cref="OnSendingRequest"/>, takes precedence over both,
    /// and challenges to it are ignored. After a redirect to another origin none of them is sent unless
    /// <see cref="WebSocketRedirect.KeepHeaders"/> is set.
    /// </para>
    /// </remarks>
    public ICredentials? Credentials { get; init; }

    /// <summary>
    /// Whether <see cref="Credentials"/> for the scheme Basic are sent with the first request, without a challenge. The default
    /// is <see langword="false"/>.
    /// </summary>
    /// <remarks>
    /// For a server that responds with 401 and no challenge, or to save a round trip. The server, and without TLS any machine on
    /// the way, learns the password, even if the server would have requested Digest. Requires <see cref="Credentials"/>.
    /// </remarks>
    public bool PreAuthenticate { get; init; }

    /// <summary>
    /// The container whose cookies are sent, and which stores the cookies that the server sets; <see langword="null"/>, the
    /// default, uses no cookies. Several clients may share it.
    /// </summary>
    /// <remarks>Cookies in a response that redirects are not stored.</remarks>
    public CookieContainer? Cookies { get; init; }

    /// <summary>
    /// How the server's certificate is checked, and the client's own certificate; <see langword="null"/>, the default, uses the
    /// platform's defaults. Its <see cref="SslClientAuthenticationOptions.TargetHost"/> takes precedence over the host of the
    /// address.
    /// </summary>
    /// <remarks>
    /// Only for <c>wss</c> and <c>https</c>, or a client that follows redirects there. After a redirect to another origin, the
    /// client certificate is not used unless <see cref="WebSocketRedirect.KeepHeaders"/> is set.
    /// </remarks>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>The maximum number of redirects to follow (RFC 9110 §15.4).</summary>
    /// <value>0 to 50. The default is 0: a redirect fails the attempt, and the exception has its headers.</value>
    /// <remarks>
    /// A client never follows a redirect from wss to ws, or to another socket. It does not send credentials, cookies or most
    /// headers to other servers: see <see cref="WebSocketRedirect.KeepHeaders"/>.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or over 50.</exception>
    public int MaxRedirects
    {
        get;
        init => field = value is >= 0 and <= MostRedirects
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxRedirects), value, "Must be 0 to 50.");
    }

    /// <summary>
    /// Called before a redirect is followed; <see langword="false"/> fails the attempt. <see langword="null"/>, the default,
    /// follows every redirect.
    /// </summary>
    /// <remarks>
    /// Requires <see cref="MaxRedirects"/>. An exception that it throws ends the attempt, and is thrown unchanged.
    /// </remarks>
    public Func<WebSocketRedirect, CancellationToken, ValueTask<bool>>? OnRedirecting { get; init; }

    /// <summary>
    /// Called before each request, including those after a redirect or a challenge. It can set headers, and may take as long as
    /// <see cref="HandshakeTimeout"/> allows. An exception that it throws ends the attempt.
    /// </summary>
    public Func<WebSocketClientRequest, CancellationToken, ValueTask>? OnSendingRequest { get; init; }

    /// <summary>
    /// The proxy to connect through, with its credentials: by HTTP CONNECT, or SOCKS 4, 4a or 5, according to the scheme of its
    /// address. <see langword="null"/>, the default, uses the proxy of the process, <see cref="HttpClient.DefaultProxy"/>.
    /// </summary>
    /// <remarks>
    /// Cannot be combined with a Unix socket or named pipe. The user information in the proxy's address is used if the proxy has no
    /// credentials of its own.
    /// </remarks>
    public IWebProxy? Proxy { get; init; }

    /// <summary>
    /// Whether a proxy may be used. The default is <see langword="true"/>; <see langword="false"/> cannot be combined with
    /// <see cref="Proxy"/>.
    /// </summary>
    public bool UseProxy { get; init; } = true;

    /// <summary>Whether the client uses HTTP/2 (RFC 8441). The default is <see cref="WebSocketHttp2Policy.Never"/>.</summary>
    /// <remarks>
    /// Each WebSocket has an HTTP/2 connection to itself, which is not served by an event loop. With a policy other than the
    /// default, the application protocols of <see cref="Tls"/> must not be set, because the policy determines them. All other
    /// options apply unchanged.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a member of the enumeration.</exception>
    public WebSocketHttp2Policy Http2
    {
        get;
        init => field = Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Http2), value, "Must be one of the policies.");
    }

    /// <summary>
    /// The local address to connect from, with port 0 for any port; <see langword="null"/>, the default, lets the system choose.
    /// </summary>
    /// <remarks>
    /// Only server addresses of the same family are tried then; <see cref="AddressFamily"/> must not select the other family.
    /// Cannot be combined with <see cref="ConnectCallback"/> or a Unix socket.
    /// </remarks>
    public IPEndPoint? LocalEndPoint { get; init; }

    /// <summary>The family of a host's addresses that are tried.</summary>
    /// <value>
    /// <see cref="AddressFamily.InterNetwork"/> or <see cref="AddressFamily.InterNetworkV6"/> alone; the default,
    /// <see cref="AddressFamily.Unspecified"/>, is both: if an address has not connected within 250 ms, the next is tried in
    /// parallel (RFC 8305).
    /// </value>
    /// <remarks>Cannot be combined with <see cref="ConnectCallback"/> or a Unix socket.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is another family.</exception>
    public AddressFamily AddressFamily
    {
        get;
        init => field = value is AddressFamily.Unspecified or AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            ? value
            : throw new ArgumentOutOfRangeException(nameof(AddressFamily), value, "Must be IPv4, IPv6 or both.");
    } = AddressFamily.Unspecified;

    /// <summary>
    /// Connects the transport instead of the library, and returns any duplex stream; TLS is added if the address requires it.
    /// <see langword="null"/>, the default, connects a socket.
    /// </summary>
    /// <remarks>
    /// Cannot be combined with <see cref="LocalEndPoint"/>, <see cref="AddressFamily"/>, <see cref="Socket"/> or a Unix socket.
    /// If there is a proxy, the callback connects to the proxy. The stream is disposed of with the connection. An exception that
    /// it throws fails the attempt with <see cref="WebSocketHandshakeError.NotReachable"/>, as the inner exception.
    /// </remarks>
    public Func<WebSocketConnectContext, CancellationToken, ValueTask<Stream>>? ConnectCallback { get; init; }

    /// <summary>
    /// How messages are compressed if the server agrees (RFC 7692). With <see cref="PerMessageDeflateOptions.Disabled"/>, the
    /// client does not offer compression.
    /// </summary>
    /// <value>
    /// The default, <see langword="null"/>, means <see cref="PerMessageDeflateOptions.Default"/>. A copy is kept, and a copy is
    /// returned.
    /// </value>
    /// <remarks>Not offered where the platform's zlib is missing; the client then logs a warning.</remarks>
    public PerMessageDeflateOptions? Compression
    {
        get => _compression is null ? null : _compression with { };
        init => _compression = value is null ? null : value with { };
    }

    /// <summary>
    /// The maximum time to connect: for name resolution, TCP, TLS, the proxy, callbacks and the opening handshake together,
    /// including all redirects.
    /// </summary>
    /// <value>More than zero, at most a day. The default is 15 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative or over a day.</exception>
    public TimeSpan HandshakeTimeout
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(HandshakeTimeout));
    } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The maximum length of a response's head, in bytes: status line and header lines together, of the server, of a proxy and of
    /// each interim response; with HTTP/2, of all of them together. A longer head fails with
    /// <see cref="WebSocketHandshakeError.HeadTooLong"/>.
    /// </summary>
    /// <value>1 KiB to 1 MiB, rounded up to a whole number of KiB. The default is 16 KiB.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxResponseHeadLength
    {
        get;
        init => field = OptionChecks.Between(value, LeastResponseHeadLength, MostResponseHeadLength, nameof(MaxResponseHeadLength));
    } = 16 * 1024;

    /// <summary>
    /// Whether an event loop serves the connection, plain or over TLS, on Linux. This is the fastest way, on threads that all clients of the
    /// process share and that a handler must not block, also behind a proxy. Otherwise, and always with a
    /// <see cref="ConnectCallback"/>, with a proxy that is itself reached by TLS, or if <see cref="Http2"/> allows HTTP/2,
    /// asynchronous sockets and the thread pool serve the connection. The default is <see langword="true"/>.
    /// </summary>
    /// <remarks>
    /// On an event loop, a server that renegotiates TLS 1.2 after the opening handshake is disconnected (RFC 9325 §3.5).
    /// </remarks>
    public bool UseEventLoop { get; init; } = true;

    /// <summary>How much data of the connection the operating system may buffer, in each direction.</summary>
    /// <value>The default is <see cref="SocketOptions.Default"/>. A copy is kept, and a copy is returned.</value>
    /// <remarks>Cannot be combined with <see cref="ConnectCallback"/>.</remarks>
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

    /// <summary>The options of the connection itself. A copy is kept, and a copy is returned.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// <see cref="LimitOptions.MaxMessageLength"/> is longer than an array can be, and messages are delivered whole.
    /// </exception>
    public WebSocketConnectionOptions Connection
    {
        get => _connection with { };
        init => _connection = OptionChecks.Connection(value, nameof(Connection)) with { };
    }

    /// <summary>The factory of the loggers for events.</summary>
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

    /// <summary>The source of time. The default is the system's clock.</summary>
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

    /// <summary>Creates the Negotiate token for a host. Tests replace it, since they have no key distribution center.</summary>
    internal Func<NetworkCredential, string, string?> NegotiateToken { get; init; } = Client.NegotiateToken.Create;

    /// <summary>The defaults of calls without options. Shared, and never returned to a caller.</summary>
    internal static WebSocketClientOptions OwnDefault { get; } = new();

    /// <summary>The socket options, without a copy.</summary>
    internal SocketOptions OwnSocket => _socket;

    /// <summary>The options of the connection, without a copy.</summary>
    internal WebSocketConnectionOptions OwnConnection => _connection;

    /// <summary>The compression options in effect, without a copy.</summary>
    internal PerMessageDeflateOptions OwnCompression => _compression ?? RoleDefaults.For(Role.Client).Compression;
}
