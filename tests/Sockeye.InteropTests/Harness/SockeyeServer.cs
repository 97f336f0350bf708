using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Threading.Channels;

namespace Sockeye.Tests;

/// <summary>Sockeye's server with the paths of <c>peers/README.md</c>, and some of its own.</summary>
internal sealed class SockeyeServer : IAsyncDisposable
{
    private readonly Channel<WebSocketConnection> _connections = Channel.CreateUnbounded<WebSocketConnection>();
    private readonly Channel<TimeSpan> _roundTrips = Channel.CreateUnbounded<TimeSpan>();
    private readonly Channel<int> _pieceCounts = Channel.CreateUnbounded<int>();
    private readonly string _scheme;
    private WebSocketServer? _server;

    private SockeyeServer(string scheme) => _scheme = scheme;

    public static async Task<SockeyeServer> StartAsync(
        string? allowedOrigin, bool deliverFragments = false, bool isPortable = false, bool isSecure = false)
    {
        SockeyeServer server = new(isSecure ? "wss" : "ws");
        WebSocketServerOptions options = new()
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = isSecure ? new SslServerAuthenticationOptions { ServerCertificate = TestCertificate.Value } : null,
            EventLoop = isPortable ? EventLoopOptions.Disabled : EventLoopOptions.Default,
            Subprotocols = ["chat.v2", "chat.v1"],
            AllowedOrigins = allowedOrigin is null ? [] : [allowedOrigin],
            Connection = new() { DeliverFragments = deliverFragments },
        };
        server._server = new WebSocketServer(
            options, new WebSocketRoutes()
                .Map("/handler", new EchoInPlace(server))
                .Map("/three-pings", new CloseAfterThreePings(server))
                .Map("*", server.ServeAsync));
        await server._server.StartAsync(Deadline.Token());
        return server;
    }

    public Uri At(string path) => new($"{_scheme}://{_server!.LocalEndPoint}{path}");

    /// <summary>How the next of its connections ended.</summary>
    public async Task<WebSocketCloseResult> NextCloseAsync()
    {
        WebSocketConnection connection = await _connections.Reader.ReadAsync(Deadline.Token());
        return await connection.Closed.WaitAsync(Deadline.Length);
    }

    /// <summary>The round-trip time of the next ping on <c>/ping</c>.</summary>
    public ValueTask<TimeSpan> NextRoundTripAsync() => _roundTrips.Reader.ReadAsync(Deadline.Token());

    /// <summary>The number of pieces in which the next message on <c>/pieces</c> was received.</summary>
    public ValueTask<int> NextPieceCountAsync() => _pieceCounts.Reader.ReadAsync(Deadline.Token());

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    private async Task ServeAsync(WebSocketConnection connection, CancellationToken cancellation)
    {
        _connections.Writer.TryWrite(connection);
        string path = connection.Request!.Path;
        if (path == "/subprotocol")
        {
            await connection.SendAsync(connection.Subprotocol ?? "", cancellation);
        }
        else if (path == "/pieces")
        {
            await EchoPiecesAsync(connection, cancellation);
            return;
        }

        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
        {
            await AnswerAsync(connection, path, message, cancellation);
        }
    }

    private async Task AnswerAsync(
        WebSocketConnection connection, string path, WebSocketMessage message, CancellationToken cancellation)
    {
        switch (path)
        {
            case "/fragments":
                await SendInThirdsAsync(connection, message, cancellation);
                break;
            case "/ping":
                _roundTrips.Writer.TryWrite(await connection.PingAsync(cancellation));
                await connection.SendAsync("pong", cancellation);
                break;
            case "/close":
                string[] parts = message.GetText().Split(' ', 2);
                int code = int.Parse(parts[0], CultureInfo.InvariantCulture);
                await connection.CloseAsync((WebSocketCloseCode)code, parts[1], cancellation);
                break;
            default:
                await connection.SendAsync(message, cancellation);
                break;
        }
    }

    private static async Task SendInThirdsAsync(
        WebSocketConnection connection, WebSocketMessage message, CancellationToken cancellation)
    {
        await using WebSocketMessageWriter writer = connection.BeginMessage(message.Kind);
        foreach (ReadOnlyMemory<byte> piece in PeerPayloads.Thirds(message.Payload.ToArray()))
        {
            await writer.WriteAsync(piece, cancellation);
        }

        await writer.CompleteAsync(cancellation);
    }

    private async Task EchoPiecesAsync(WebSocketConnection connection, CancellationToken cancellation)
    {
        List<byte> message = [];
        int pieces = 0;
        while (await connection.ReceiveFragmentAsync(cancellation) is { } piece)
        {
            message.AddRange(piece.Payload.Span);
            pieces++;
            if (piece.EndOfMessage)
            {
                _pieceCounts.Writer.TryWrite(pieces);
                await connection.SendAsync(message.ToArray(), piece.Kind, cancellation);
                message.Clear();
                pieces = 0;
            }
        }
    }

    /// <summary>A handler that is called synchronously with the receive buffer.</summary>
    private sealed class EchoInPlace(SockeyeServer server) : WebSocketHandler
    {
        public override void OnOpened(WebSocketConnection connection) =>
            server._connections.Writer.TryWrite(connection);

        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            if (connection.TrySend(payload, kind) == WebSocketSendResult.Refused)
            {
                connection.Abort();
            }
        }
    }

    private sealed class CloseAfterThreePings(SockeyeServer server) : WebSocketHandler
    {
        private int _pings;

        public override void OnOpened(WebSocketConnection connection) =>
            server._connections.Writer.TryWrite(connection);

        public override void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload)
        {
            if (++_pings == 3)
            {
                _ = connection.CloseAsync().AsTask();
            }
        }

        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            // What starts the scenario; only pings count here.
        }
    }
}
