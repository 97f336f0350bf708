using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Sockeye;

/// <summary>
/// Where a <see cref="WebSocketServer"/> listens, in addition to which clients it accepts and how it serves them; see
/// <see cref="WebSocketAcceptorOptions"/> for those.
/// </summary>
/// <remarks>Immutable.</remarks>
public sealed record WebSocketServerOptions : WebSocketAcceptorOptions
{
    // Copied when set and when read; see WebSocketConnectionOptions.
    private readonly EventLoopOptions _eventLoop = new();
    private readonly SocketOptions _socket = new();
    private readonly EndPoint _endPoint = DefaultEndPoint;

    /// <summary>
    /// The address to listen on: an <see cref="IPEndPoint"/>, whose port 0 lets the system choose a free one, or a
    /// <see cref="UnixDomainSocketEndPoint"/>.
    /// </summary>
    /// <value>
    /// <see cref="IPAddress.IPv6Any"/> listens on all addresses, including those of IPv4. The default is port 0 of it.
    /// </value>
    /// <remarks>
    /// The file of a Unix socket is deleted when the server stops. A file that a killed server left behind is replaced; a file on which
    /// a process listens is not.
    /// </remarks>
    /// <exception cref="ArgumentException">The value is neither of the two.</exception>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public EndPoint EndPoint
    {
        get => Copy(_endPoint);
        init => _endPoint = value is IPEndPoint or UnixDomainSocketEndPoint
            ? Copy(value)
            : value is null ? throw new ArgumentNullException(nameof(EndPoint))
            : throw new ArgumentException("Must be an IPEndPoint or a UnixDomainSocketEndPoint.", nameof(EndPoint));
    }

    /// <summary>
    /// The addresses to listen on, if there are several. Replaces <see cref="EndPoint"/>, <see cref="Tls"/> and <see cref="SelectTls"/>,
    /// which must not be set then. The default is empty.
    /// </summary>
    /// <remarks>The start fails if an address is not available; the server then listens on none.</remarks>
    /// <exception cref="ArgumentNullException">The value or an address in it is <see langword="null"/>.</exception>
    public IReadOnlyList<WebSocketEndPoint> EndPoints
    {
        get;
        init => field = OptionChecks.CopyOf(value, nameof(EndPoints));
    } = [];

    /// <summary>The number of connections that may wait for this server to accept them; the system may allow fewer.</summary>
    /// <value>At least 1. The default is 4,096.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int Backlog
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(Backlog));
    } = 4096;

    /// <summary>
    /// The event loops that serve connections on Linux. <see cref="EventLoopOptions.Disabled"/> serves them as on other systems. Copied when
    /// set and when read.
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
    /// The certificate and other options of TLS; <see langword="null"/>, the default, for connections without TLS.
    /// </summary>
    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>
    /// Like <see cref="WebSocketEndPoint.SelectTls"/>, for <see cref="EndPoint"/>. Cannot be combined with <see cref="Tls"/>.
    /// </summary>
    public Func<SslClientHelloInfo, CancellationToken, ValueTask<SslServerAuthenticationOptions>>? SelectTls { get; init; }

    /// <summary>Like <see cref="WebSocketEndPoint.TlsEngine"/>, for <see cref="EndPoint"/>.</summary>
    public WebSocketTlsEngine TlsEngine { get; init; }

    /// <summary>
    /// The number of descriptors below the limit of the process that the server leaves free, on Unix: for files that the application opens,
    /// its connections to other servers, and threads, each of which needs two to start. The runtime ends a process that cannot start a
    /// thread. A connection that would take a reserved descriptor is rejected with 503, or closed on an endpoint with TLS; a warning is
    /// logged, at most once a minute.
    /// </summary>
    /// <remarks>
    /// The limit is the soft limit of RLIMIT_NOFILE, which .NET raises to the hard limit when the process starts. It is read again when it
    /// seems to be reached. Servers of one process share the reserve.
    /// </remarks>
    /// <value>0 to 1,000,000. The default is 32. With 0 the server accepts connections until the system refuses.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or more than 1,000,000.</exception>
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

    /// <summary>How much data of each connection the operating system may buffer.</summary>
    /// <value>The default is <see cref="SocketOptions.Default"/>. Copied when set and when read.</value>
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

    /// <summary>The default of <see cref="EndPoint"/>: a new object each time.</summary>
    internal static EndPoint DefaultEndPoint => new IPEndPoint(IPAddress.IPv6Any, 0);

    internal IReadOnlyList<WebSocketEndPoint> AllEndPoints => EndPoints.Count > 0
        ? EndPoints
        : [new WebSocketEndPoint(EndPoint) { Tls = Tls, SelectTls = SelectTls, TlsEngine = TlsEngine }];

    /// <summary>How many descriptors the process may have: a seam for tests, which make them few.</summary>
    internal Func<int> DescriptorLimit { get; init; } = Transports.DescriptorLimit.Read;

    /// <summary>The same as <see cref="Socket"/>, without a copy.</summary>
    internal SocketOptions OwnSocket => _socket;

    // An IPEndPoint is mutable.
    private static EndPoint Copy(EndPoint endPoint) =>
        endPoint is IPEndPoint address ? new IPEndPoint(address.Address, address.Port) : endPoint;
}
