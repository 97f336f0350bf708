using System.Net;

namespace Sockeye.Testing;

/// <summary>The options of a <see cref="WebSocketTestPair"/>. Immutable.</summary>
public sealed record WebSocketTestPairOptions
{
    /// <summary>
    /// The address that the client requests: its path selects a route, and its host is the Host header. Nothing is resolved. The default is
    /// <c>ws://localhost/</c>.
    /// </summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The scheme is not ws: there is no TLS in memory.</exception>
    public Uri Address
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Address));
            field = value.IsAbsoluteUri && value.Scheme == Uri.UriSchemeWs
                ? value
                : throw new ArgumentException("The address must begin with ws://.", nameof(Address));
        }
    } = new("ws://localhost/");

    /// <summary>The options of the server, unless the pair is connected to an existing acceptor.</summary>
    /// <remarks>Those of a <see cref="WebSocketServer"/>, which listens, are rejected when the pair is connected.</remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public WebSocketAcceptorOptions Server
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(Server));
    } = new();

    /// <summary>The options of the client.</summary>
    /// <remarks>
    /// What concerns sockets, TLS, HTTP/2 and proxies is not used, so that the options of a production client need no change:
    /// <see cref="WebSocketClientOptions.ConnectCallback"/>, <see cref="WebSocketClientOptions.Tls"/>,
    /// <see cref="WebSocketClientOptions.Http2"/>, <see cref="WebSocketClientOptions.Proxy"/>,
    /// <see cref="WebSocketClientOptions.UseProxy"/>, <see cref="WebSocketClientOptions.LocalEndPoint"/>,
    /// <see cref="WebSocketClientOptions.AddressFamily"/> and <see cref="WebSocketClientOptions.Socket"/>.
    /// </remarks>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public WebSocketClientOptions Client
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(Client));
    } = new();

    /// <summary>Receives the messages of the client; <see langword="null"/>, the default, if the test calls <see cref="WebSocketConnection.ReceiveAsync"/>.</summary>
    public WebSocketHandler? ClientHandler { get; init; }

    /// <summary>The address of the client that the server sees; <see langword="null"/>, the default, if it is unknown.</summary>
    public EndPoint? ClientEndPoint { get; init; }

    /// <summary>The conditions of the network between the two.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public WebSocketTestNetworkOptions Network
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(Network));
    } = new();

    /// <summary>
    /// Whether the conditions of the network apply to the opening handshake too, and positions and records begin with it. The default is
    /// <see langword="false"/>: they begin after it, so that it needs no advance of a virtual clock.
    /// </summary>
    public bool ImpairHandshake { get; init; }

    /// <summary>
    /// The clock of the network and of both ends, except where their own options name another than that of the system.
    /// <see langword="null"/>, the default, leaves theirs.
    /// </summary>
    public TimeProvider? TimeProvider { get; init; }
}
