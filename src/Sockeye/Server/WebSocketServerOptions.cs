using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Sockeye;

/// <summary>What a <see cref="WebSocketServer"/> listens on, whom it accepts, and what its connections do.</summary>
/// <remarks>Never changes once made; read when the server starts.</remarks>
public sealed class WebSocketServerOptions
{
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
    /// <exception cref="ArgumentException">The value is neither of the two.</exception>
    public EndPoint EndPoint
    {
        get;
        init => field = value is IPEndPoint or UnixDomainSocketEndPoint
            ? value
            : throw new ArgumentException("Must be an IPEndPoint or a UnixDomainSocketEndPoint.", nameof(EndPoint));
    } = new IPEndPoint(IPAddress.IPv6Any, 0);

    /// <summary>
    /// How connections are served on Linux, unless they are over TLS; <see langword="null"/> for the portable way of
    /// other systems: asynchronous sockets and the thread pool, where a handler that blocks holds up its own connection
    /// only.
    /// </summary>
    public EventLoopOptions? EventLoop { get; init; } = EventLoopOptions.Default;

    /// <summary>
    /// The certificate and all else that TLS needs; <see langword="null"/>, the default, for connections without TLS.
    /// </summary>
    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>The subprotocols that the server speaks, the preferred one first (RFC 6455 §1.9). The default is none.</summary>
    /// <remarks>The first that the client offers is chosen. A client that offers none of them is served without one.</remarks>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>
    /// The origins whose pages may connect, beside those of the server's own host (RFC 6455 §10.2):
    /// <c>https://example.com</c>, with a port if it is not the scheme's own; <c>null</c> for pages without an origin.
    /// </summary>
    /// <remarks>
    /// Compared exactly. Only browsers send an origin: whoever sends none is not asked. The default is none but the own.
    /// </remarks>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>
    /// Whether pages of any origin may connect. Dangerous if the application knows its users by a cookie: any web page
    /// could act in their name. The default is <see langword="false"/>.
    /// </summary>
    public bool DangerousAllowAnyOrigin { get; init; }

    /// <summary>
    /// How messages are compressed with clients that offer it (RFC 7692); <see langword="null"/>, the default, declines.
    /// </summary>
    /// <remarks>
    /// Compression costs time and, where context is kept, memory for each connection. Without the platform's zlib it is
    /// declined too, with a warning in the log.
    /// </remarks>
    public PerMessageDeflateOptions? Compression { get; init; }

    /// <summary>How long a client may take for its request, and for TLS before that.</summary>
    /// <value>More than zero, at most a day. The default is 10 seconds.</value>
    public TimeSpan HandshakeTimeout
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(HandshakeTimeout));
    } = TimeSpan.FromSeconds(10);

    /// <summary>What the connections do.</summary>
    public WebSocketConnectionOptions Connection { get; init; } = WebSocketConnectionOptions.Server;

    /// <summary>Where events are logged. The default is nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Where time comes from. The default is the system's clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where buffers come from: a seam, for tests to count them.</summary>
    internal ArrayPool<byte> Pool { get; init; } = ArrayPool<byte>.Shared;
}
