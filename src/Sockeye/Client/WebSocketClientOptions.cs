using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Connections;
using Sockeye.Logging;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>What a client requests, and how its connection behaves.</summary>
/// <remarks>
/// Immutable; read when the client connects. May be shared by several clients; what it calls back is then called
/// for each of them, on any thread. These combinations, of which one option would have no effect, are rejected with an
/// <see cref="ArgumentException"/> when connecting: <see cref="LocalEndPoint"/>, <see cref="AddressFamily"/> or <see cref="Socket"/> with
/// <see cref="ConnectCallback"/>; <see cref="LocalEndPoint"/> with another <see cref="AddressFamily"/>; <see cref="OnRedirecting"/>
/// without <see cref="MaxRedirects"/>; <see cref="Proxy"/> without <see cref="UseProxy"/>; <see cref="PreAuthenticate"/> without
/// <see cref="Credentials"/>; <see cref="Origin"/> with an Origin header in <see cref="RequestHeaders"/>;
/// <see cref="AllowMissingSubprotocol"/> without <see cref="Subprotocols"/>; application protocols in
/// <see cref="Tls"/> with <see cref="Http2"/>; <see cref="PerMessageDeflateOptions.RequireClientMaxWindowBits"/>; and, unless
/// redirects are followed, <see cref="Tls"/> for an address without TLS, and <see cref="ConnectCallback"/>,
/// <see cref="LocalEndPoint"/>, <see cref="AddressFamily"/> or <see cref="Proxy"/> for a <c>ws+unix</c> address.
/// </remarks>
public sealed record WebSocketClientOptions
{
    private const int MostRedirects = 50;
    private const int LeastResponseHeadLength = 1024;
    private const int MostResponseHeadLength = 1024 * 1024;

    // Copied on their way in and out; see WebSocketConnectionOptions.
    private readonly WebSocketConnectionOptions _connection = new();
    private readonly PerMessageDeflateOptions? _compression;
    private readonly SocketOptions _socket = new();

    /// <summary>The subprotocols that the client supports, the preferred one first (RFC 6455 §1.9). The default is none.</summary>
    /// <remarks>
    /// If there are any, the client rejects a response that selects none, as browsers do; see <see cref="AllowMissingSubprotocol"/>.
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">A subprotocol is not a valid token, or is repeated (RFC 6455 §4.1).</exception>
    public IReadOnlyList<string> Subprotocols
    {
        get;
        init => field = OptionChecks.Subprotocols(value, nameof(Subprotocols));
    } = [];

    /// <summary>
    /// Whether a server may choose none of <see cref="Subprotocols"/>, as RFC 6455 §4.1 allows. The default is
    /// <see langword="false"/>.
    /// </summary>
    public bool AllowMissingSubprotocol { get; init; }

    /// <summary>The version of the WebSocket protocol to ask for.</summary>
    /// <value>
    /// 13, the default, is RFC 6455. 8 is for servers of its drafts HyBi 08 to 12: the frames are the same, and the origin
    /// goes by the name of Sec-WebSocket-Origin.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is neither.</exception>
    public int ProtocolVersion
    {
        get;
        init => field = value is ServerHandshake.RfcVersion or ServerHandshake.DraftVersion
            ? value
            : throw new ArgumentOutOfRangeException(nameof(ProtocolVersion), value, "Must be 13 or 8.");
    } = ServerHandshake.RfcVersion;

    /// <summary>
    /// The Origin header; <see langword="null"/>, the default, sends none, as clients other than browsers do. Not together with an
    /// Origin header in <see cref="RequestHeaders"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The value has a control character or a character that is not Latin-1 (RFC 9110 §5.5).</exception>
    public string? Origin
    {
        get;
        init => field = HeaderFieldRules.IsValue(value)
            ? value
            : throw new ArgumentException(
                "An origin cannot have a control character or a character that is not Latin-1 (RFC 9110 §5.5).", nameof(Origin));
    }

    /// <summary>Headers to add to the request, in their order. The default is none.</summary>
    /// <remarks>The credentials of a proxy are set on <see cref="Proxy"/>: these headers are sent to the server.</remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// The opening handshake writes one of the headers itself, or it is Proxy-Authorization, or it describes content, as Content-Type
    /// does.
    /// </exception>
    public WebSocketHeaders RequestHeaders
    {
        get;
        init => field = OptionChecks.RequestHeaders(value, nameof(RequestHeaders));
    } = [];

    /// <summary>The Host header; <see langword="null"/>, the default, for that of the address.</summary>
    /// <remarks>The server's certificate is checked against the address all the same, or <see cref="Tls"/>.</remarks>
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
    /// Not sent before a server responds with 401 and a challenge, unless <see cref="PreAuthenticate"/> is set. Then the request
    /// is sent again, on a new connection, with the strongest scheme that the challenge has and there are credentials for: Negotiate
    /// (Kerberos, where the platform has it and one token is enough), Digest with SHA-256 or MD5 (RFC 7616), or Basic (RFC 7617).
    /// Without TLS, any machine on the way can read Basic. A cache is asked for the address of the server as <c>ws</c> or <c>wss</c>,
    /// then as <c>http</c> or <c>https</c>.
    /// </para>
    /// <para>
    /// A <see cref="NetworkCredential.Domain"/> is sent by Negotiate, and by Basic as <c>domain\user</c>; Digest does not use it, as in
    /// <see cref="HttpClient"/>.
    /// </para>
    /// <para>
    /// A <see cref="NetworkCredential"/> that cannot be sent, such as a user with a colon, is rejected when connecting. One that a cache
    /// gives when the server asks is not used, and the message of the <see cref="WebSocketHandshakeException"/> says why.
    /// </para>
    /// <para>
    /// User information in the address comes before these, and is sent unasked as Basic; an Authorization header among
    /// <see cref="RequestHeaders"/>, or from <see cref="OnSendingRequest"/>, comes before both, and no challenge to it is answered.
    /// Another origin, where a redirect may lead, gets none of them unless <see cref="WebSocketRedirect.KeepHeaders"/> says so.
    /// </para>
    /// </remarks>
    public ICredentials? Credentials { get; init; }

    /// <summary>
    /// Whether <see cref="Credentials"/> for the scheme Basic are sent with the first request, without being asked for. The default is
    /// <see langword="false"/>.
    /// </summary>
    /// <remarks>
    /// For a server that responds with 401 and no challenge, or to save a round trip. The server, and without TLS any machine on the way,
    /// learns the password, even if it would have asked for Digest. Needs <see cref="Credentials"/>.
    /// </remarks>
    public bool PreAuthenticate { get; init; }

    /// <summary>
    /// Where cookies for the request come from, and those that the server sets go to; <see langword="null"/>, the default,
    /// for none. May be shared with other clients.
    /// </summary>
    /// <remarks>Cookies that come with a redirect are not kept.</remarks>
    public CookieContainer? Cookies { get; init; }

    /// <summary>
    /// What is to be checked of the server's certificate, and shown of the client's own; <see langword="null"/> for the
    /// usual. Its <see cref="SslClientAuthenticationOptions.TargetHost"/> comes before the host of the address.
    /// </summary>
    /// <remarks>
    /// Only for <c>wss</c> and <c>https</c>, or a client that follows redirects there. Where a redirect leads to another origin, no
    /// certificate of the client is shown unless
    /// <see cref="WebSocketRedirect.KeepHeaders"/> says so.
    /// </remarks>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>How many redirects are followed, one after the other (RFC 9110 §15.4).</summary>
    /// <value>0 to 50. The default is 0: a redirect fails the attempt, and the exception has its headers.</value>
    /// <remarks>
    /// Never from wss to ws, nor to a socket. Credentials, cookies and headers are kept from other servers: see
    /// <see cref="WebSocketRedirect.KeepHeaders"/>.
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
    /// Called before each redirect that is to be followed; <see langword="false"/> fails the attempt.
    /// <see langword="null"/>, the default, follows all.
    /// </summary>
    /// <remarks>Needs <see cref="MaxRedirects"/>. What it throws ends the attempt, and is thrown by it.</remarks>
    public Func<WebSocketRedirect, CancellationToken, ValueTask<bool>>? OnRedirecting { get; init; }

    /// <summary>
    /// Called before each request, including those after a redirect and those that answer a challenge. It can set headers, and may take
    /// as long to find them as <see cref="HandshakeTimeout"/> allows. An exception that it throws ends the attempt.
    /// </summary>
    public Func<WebSocketClientRequest, CancellationToken, ValueTask>? OnSendingRequest { get; init; }

    /// <summary>
    /// The proxy to connect through: by HTTP's CONNECT, or SOCKS 4, 4a or 5, as the scheme of its address says, with its
    /// credentials. <see langword="null"/>, the default, for that of the process, <see cref="HttpClient.DefaultProxy"/>.
    /// </summary>
    /// <remarks>
    /// Cannot be combined with a Unix socket or named pipe. The user information in the proxy's address is used if the proxy has no
    /// credentials of its own.
    /// </remarks>
    public IWebProxy? Proxy { get; init; }

    /// <summary>
    /// Whether there may be a proxy at all. The default is <see langword="true"/>; <see langword="false"/> is not for options with a
    /// <see cref="Proxy"/>.
    /// </summary>
    public bool UseProxy { get; init; } = true;

    /// <summary>Whether to ask by HTTP/2 (RFC 8441). The default is <see cref="WebSocketHttp2Policy.Never"/>.</summary>
    /// <remarks>
    /// Each connection has one of HTTP/2 to itself. With a policy other than the default, the application protocols of
    /// <see cref="Tls"/> must not be set: this sets them. All other options mean the same; an event loop serves none of them.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is none of the type.</exception>
    public WebSocketHttp2Policy Http2
    {
        get;
        init => field = Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Http2), value, "Must be one of the policies.");
    }

    /// <summary>
    /// The address of this end, with port 0 for any; <see langword="null"/>, the default, leaves it to the system.
    /// </summary>
    /// <remarks>
    /// Only addresses of its own family are tried then; <see cref="AddressFamily"/> must not name the other. Not together with
    /// <see cref="ConnectCallback"/> or a Unix socket.
    /// </remarks>
    public IPEndPoint? LocalEndPoint { get; init; }

    /// <summary>Which addresses of a host are tried.</summary>
    /// <value>
    /// <see cref="AddressFamily.InterNetwork"/> or <see cref="AddressFamily.InterNetworkV6"/> alone; the default,
    /// <see cref="AddressFamily.Unspecified"/>, is both: the next in parallel with one that has not connected within 250 ms
    /// (RFC 8305).
    /// </value>
    /// <remarks>Not together with <see cref="ConnectCallback"/> or a Unix socket.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is another.</exception>
    public AddressFamily AddressFamily
    {
        get;
        init => field = value is AddressFamily.Unspecified or AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            ? value
            : throw new ArgumentOutOfRangeException(nameof(AddressFamily), value, "Must be IPv4, IPv6 or both.");
    } = AddressFamily.Unspecified;

    /// <summary>
    /// Connects the transport, in place of this library: gives any duplex stream, over which TLS follows if the address
    /// says so. <see langword="null"/>, the default, connects a socket.
    /// </summary>
    /// <remarks>
    /// Not together with <see cref="LocalEndPoint"/>, <see cref="AddressFamily"/>, <see cref="Socket"/> or a Unix socket. Called for the
    /// proxy, if there is one. The stream is disposed of with the connection. What it throws fails the attempt with
    /// <see cref="WebSocketHandshakeError.NotReachable"/>, as the cause of that.
    /// </remarks>
    public Func<WebSocketConnectContext, CancellationToken, ValueTask<Stream>>? ConnectCallback { get; init; }

    /// <summary>
    /// How messages are compressed if the server agrees (RFC 7692). <see cref="PerMessageDeflateOptions.Disabled"/> does not offer it.
    /// </summary>
    /// <value>
    /// The default, <see langword="null"/>, stands for <see cref="PerMessageDeflateOptions.Default"/>. A copy is kept, and a copy is
    /// returned.
    /// </value>
    /// <remarks>Not offered where the platform's zlib is missing, which the log says with a warning.</remarks>
    public PerMessageDeflateOptions? Compression
    {
        get => _compression is null ? null : _compression with { };
        init => _compression = value is null ? null : value with { };
    }

    /// <summary>
    /// How long it may take to connect: name resolution, TCP, TLS, the proxy, callbacks and the opening handshake together, with
    /// all redirects.
    /// </summary>
    /// <value>More than zero, at most a day. The default is 15 seconds.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is zero, negative or over a day.</exception>
    public TimeSpan HandshakeTimeout
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(HandshakeTimeout));
    } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The longest head of a response, in bytes: status line and header lines together, of the server and of a proxy, and of each
    /// interim response; by HTTP/2 of all of them together. A longer one fails with <see cref="WebSocketHandshakeError.HeadTooLong"/>.
    /// </summary>
    /// <value>1 KiB to 1 MiB, rounded up to a whole number of KiB. The default is 16 KiB.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of range.</exception>
    public int MaxResponseHeadLength
    {
        get;
        init => field = OptionChecks.Between(value, LeastResponseHeadLength, MostResponseHeadLength, nameof(MaxResponseHeadLength));
    } = 16 * 1024;

    /// <summary>
    /// Whether a connection without TLS or a proxy is served by an event loop, on Linux: the fastest way, on threads that
    /// all clients of the process share, where a handler must not block. Else it is served by asynchronous sockets and
    /// the thread pool. The default is <see langword="true"/>.
    /// </summary>
    public bool UseEventLoop { get; init; } = true;

    /// <summary>How much the operating system may hold of what the connection sends and receives.</summary>
    /// <value>The default is <see cref="SocketOptions.Default"/>. A copy is kept, and a copy is returned.</value>
    /// <remarks>Not together with <see cref="ConnectCallback"/>.</remarks>
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

    /// <summary>What the connection does. A copy is kept, and a copy is returned.</summary>
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

    /// <summary>The token of Negotiate for a host: a seam, for tests without a key distribution center.</summary>
    internal Func<NetworkCredential, string, string?> NegotiateToken { get; init; } = Client.NegotiateToken.Create;

    /// <summary>The defaults that calls without options share; nothing else may reach them.</summary>
    internal static WebSocketClientOptions OwnDefault { get; } = new();

    /// <summary>How much the operating system may hold, for reading without a copy.</summary>
    internal SocketOptions OwnSocket => _socket;

    /// <summary>What the connection does, for reading without a copy.</summary>
    internal WebSocketConnectionOptions OwnConnection => _connection;

    /// <summary>How messages are compressed, for reading without a copy.</summary>
    internal PerMessageDeflateOptions OwnCompression => _compression ?? RoleDefaults.For(Role.Client).Compression;
}
