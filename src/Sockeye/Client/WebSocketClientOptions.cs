using System.Net.Security;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Sockeye;

/// <summary>What a client asks for, and what its connection does.</summary>
/// <remarks>Never changes once made; read when the client connects.</remarks>
public sealed class WebSocketClientOptions
{
    /// <summary>The defaults.</summary>
    public static WebSocketClientOptions Default { get; } = new();

    /// <summary>The subprotocols that the client speaks, the preferred one first (RFC 6455 §1.9). The default is none.</summary>
    /// <remarks>If there are any, a server that chooses none is refused, as browsers do.</remarks>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>
    /// Whether a server may choose none of <see cref="Subprotocols"/>, as RFC 6455 §4.1 allows. The default is
    /// <see langword="false"/>.
    /// </summary>
    public bool AllowMissingSubprotocol { get; init; }

    /// <summary>The Origin header; <see langword="null"/>, the default, sends none, as clients that are no browsers do.</summary>
    public string? Origin { get; init; }

    /// <summary>Headers to add to the request, in their order.</summary>
    /// <remarks>Those that the opening handshake writes itself are refused when connecting.</remarks>
    public IReadOnlyList<KeyValuePair<string, string>> RequestHeaders { get; init; } = [];

    /// <summary>What is to be checked of the server's certificate; <see langword="null"/> for the usual.</summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>
    /// How messages are compressed if the server agrees (RFC 7692); <see langword="null"/> does not offer it.
    /// </summary>
    /// <value>The default is <see cref="PerMessageDeflateOptions.Default"/>.</value>
    /// <remarks>Not offered where the platform's zlib is missing, which the log says with a warning.</remarks>
    public PerMessageDeflateOptions? Compression { get; init; } = PerMessageDeflateOptions.Default;

    /// <summary>How long it may take to connect: name resolution, TCP, TLS and the opening handshake together.</summary>
    /// <value>More than zero, at most a day. The default is 15 seconds.</value>
    public TimeSpan HandshakeTimeout
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(HandshakeTimeout));
    } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Whether a connection without TLS or a proxy is served by an event loop, on Linux: the fastest way, on threads that
    /// all clients of the process share, where a handler must not block. Else it is served by asynchronous sockets and
    /// the thread pool. The default is <see langword="true"/>.
    /// </summary>
    public bool UseEventLoop { get; init; } = true;

    /// <summary>What the connection does.</summary>
    public WebSocketConnectionOptions Connection { get; init; } = WebSocketConnectionOptions.Client;

    /// <summary>Where events are logged. The default is nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Where time comes from. The default is the system's clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
