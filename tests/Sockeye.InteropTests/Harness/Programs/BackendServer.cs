using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Sockeye.Tests;

/// <summary>
/// Sockeye's server with programs before it: it sends messages back, on <c>/close</c> closes with what a text says, and
/// rejects requests for <c>/secret</c> without credentials.
/// </summary>
internal sealed class BackendServer : IAsyncDisposable
{
    private readonly Channel<WebSocketConnection> _connections = Channel.CreateUnbounded<WebSocketConnection>();
    private readonly Channel<WebSocketHandshakeFailure> _failures = Channel.CreateUnbounded<WebSocketHandshakeFailure>();
    private readonly CapturedLog _log = new();
    private readonly ProgramFolder _folder = new();
    private readonly BackendKind _kind;
    private WebSocketServer? _server;

    private BackendServer(BackendKind kind) => _kind = kind;

    public WebSocketServer Server => _server!;

    /// <summary>The address for a client that connects without a reverse proxy.</summary>
    public Uri Address => new($"{(_kind == BackendKind.Tls ? "wss" : "ws")}://{Server.LocalEndPoint}");

    /// <summary>The log entries of level Warning and above.</summary>
    public IReadOnlyCollection<string> Warnings => _log.Warnings;

    public static async Task<BackendServer> StartAsync(
        BackendKind kind = BackendKind.Plain, KeepAliveOptions? keepAlive = null, bool useForwarded = false)
    {
        BackendServer backend = new(kind);
        try
        {
            backend._server = await WebSocketServer.StartAsync(backend.Options(keepAlive, useForwarded), backend.ServeAsync, Deadline.Token());
            return backend;
        }
        catch
        {
            backend._folder.Dispose();
            throw;
        }
    }

    /// <summary>The proxy's settings for this server.</summary>
    public ReverseProxySettings Settings(TimeSpan? idleTimeout = null) =>
        new(Server.LocalEndPoint, _kind == BackendKind.Tls, idleTimeout ?? TimeSpan.FromMinutes(1));

    /// <summary>The next connection.</summary>
    public ValueTask<WebSocketConnection> NextConnectionAsync() => _connections.Reader.ReadAsync(Deadline.Token());

    /// <summary>The next request that opened no connection.</summary>
    public ValueTask<WebSocketHandshakeFailure> NextFailureAsync() => _failures.Reader.ReadAsync(Deadline.Token());

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }

    private async Task ServeAsync(WebSocketConnection connection, CancellationToken cancellation)
    {
        _connections.Writer.TryWrite(connection);
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
        {
            if (connection.Request!.Path == "/close")
            {
                string[] parts = message.GetText().Split(' ', 2);
                int code = int.Parse(parts[0], CultureInfo.InvariantCulture);
                await connection.CloseAsync((WebSocketCloseCode)code, parts[1], cancellation);
                return;
            }

            await connection.SendAsync(message, cancellation);
        }
    }

    private WebSocketServerOptions Options(KeepAliveOptions? keepAlive, bool useForwarded) => new()
    {
        EndPoint = _kind == BackendKind.UnixSocket
            ? new UnixDomainSocketEndPoint(_folder["socket"])
            : new IPEndPoint(IPAddress.Loopback, 0),
        Tls = _kind == BackendKind.Tls
            ? new SslServerAuthenticationOptions { ServerCertificate = TestCertificate.Value }
            : null,
        Subprotocols = ["chat.v2", "chat.v1"],
        Compression = PerMessageDeflateOptions.Default with { MinimumLength = 0 },
        TrustedProxies = [IPNetwork.Parse("127.0.0.1/32")],
        TrustUnixSocketProxies = true,
        ForwardedHeader = useForwarded ? WebSocketForwardedHeader.Forwarded : WebSocketForwardedHeader.XForwarded,
        LoggerFactory = _log,

        // What is logged is about proxies: warnings about a busy machine are ignored.
        EventLoop = EventLoopOptions.Default with { SlowCallbackThreshold = TimeSpan.FromMinutes(1) },
        Connection = new()
        {
            Limits = new() { MaxMessageLength = 8 << 20 },
            KeepAlive = keepAlive ?? new KeepAliveOptions(),
        },
        OnUpgrade = (request, _) => new(Decide(request)),
        OnHandshakeFailed = failure =>
        {
            _failures.Writer.TryWrite(failure);
            return null;
        },
    };

    private static WebSocketUpgradeDecision Decide(WebSocketUpgradeRequest request) =>
        request.Path == "/secret" && request.Headers["Authorization"] is null
            ? new WebSocketUpgradeRejection
            {
                StatusCode = 401,
                Body = "Say who you are.\n",
                Headers = [new("WWW-Authenticate", "Basic realm=\"here\"")],
            }
            : WebSocketUpgradeDecision.Accept();
}
