using System.Net;
using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>What the metrics say of opening handshakes, and of the connections that they open, over real sockets.</summary>
[CollectionDefinition(nameof(HandshakeMetricsTests), DisableParallelization = true)] // The metrics are those of the whole process.
[Collection(nameof(HandshakeMetricsTests))]
public sealed class HandshakeMetricsTests : IDisposable
{
    private readonly RecordedMetrics _metrics = new();

    public void Dispose() => _metrics.Dispose();

    [Theory]
    [EachServer]
    public async Task A_connection_is_measured_at_both_ends(ServerKind kind)
    {
        string scheme = $"url.scheme={kind.Scheme()}";
        WebSocketRoutes routes = new WebSocketRoutes().Map("/rooms/{room}", WebSocketHandler.FromDelegate(Servers.EchoAsync));
        await using WebSocketServer server = await Servers.StartAsync(Servers.OptionsOf(kind), routes);
        await using (WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address("/rooms/1", kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() }))
        {
            await connection.SendAsync("hello");
            Assert.Equal("hello", (await connection.ReceiveAsync().WithDeadline())?.GetText());

            Assert.Equal(1, _metrics.Change("sockeye.connection.count", "sockeye.role=server", "http.route=/rooms/{room}", scheme, "network.transport=tcp"));
            Assert.Equal(1, _metrics.Change("sockeye.connection.count", "sockeye.role=client", scheme, "network.transport=tcp"));
            Assert.Equal(["http.response.status_code=101"], _metrics.Results("sockeye.handshake.duration", "sockeye.role=server", "http.route=/rooms/{room}", scheme));
            Assert.Equal(["http.response.status_code=101"], _metrics.Results("sockeye.handshake.duration", "sockeye.role=client", scheme));
            Assert.All(_metrics.Values("sockeye.handshake.duration"), seconds => Assert.InRange(seconds, 0, 60));
            await connection.CloseAsync(WebSocketCloseCode.NormalClosure).WithDeadline();
        }

        await server.StopAsync().WithDeadline();
        Assert.Equal(2, _metrics.Change("sockeye.messages", "sockeye.role=server", "http.route=/rooms/{room}", "sockeye.message.kind=text"));
        Assert.Equal(2, _metrics.Change("sockeye.messages", "sockeye.role=client", "sockeye.message.kind=text"));
        Assert.Equal(
            _metrics.Change("sockeye.network.io", "sockeye.role=server", "network.io.direction=receive"),
            _metrics.Change("sockeye.network.io", "sockeye.role=client", "network.io.direction=transmit"));
        Assert.Equal(
            _metrics.Change("sockeye.network.io", "sockeye.role=client", "network.io.direction=receive"),
            _metrics.Change("sockeye.network.io", "sockeye.role=server", "network.io.direction=transmit"));
        Assert.Equal(0, _metrics.Change("sockeye.connection.count", "sockeye.role=server"));
        Assert.Equal(
            ["sockeye.close.code=1000, sockeye.close.initiator=peer"],
            _metrics.Results("sockeye.connection.duration", "sockeye.role=server", "http.route=/rooms/{room}"));
        Assert.Equal(
            ["sockeye.close.code=1000, sockeye.close.initiator=local"],
            _metrics.Results("sockeye.connection.duration", "sockeye.role=client", scheme));
    }

    [Theory]
    [EachServer]
    public async Task A_rejected_request_is_measured_with_its_status_and_its_reason(ServerKind kind)
    {
        WebSocketRoutes routes = new WebSocketRoutes()
            .Map("/closed", new EchoHandler(), new WebSocketRouteOptions { OnUpgrade = (_, _) => WebSocketUpgradeDecision.Reject(403) });
        await using WebSocketServer server = await Servers.StartAsync(Servers.OptionsOf(kind), routes);
        var options = new WebSocketClientOptions { Tls = kind.ClientTls() };
        await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address("/elsewhere", kind.Scheme()), options));
        await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address("/closed", kind.Scheme()), options));

        Assert.Equal(
            ["http.response.status_code=404, error.type=unknown_path", "http.response.status_code=403, error.type=rejected_by_application"],
            _metrics.Results("sockeye.handshake.duration", "sockeye.role=server"));
        Assert.Equal(
            ["http.response.status_code=403, error.type=rejected_by_application"],
            _metrics.Results("sockeye.handshake.duration", "http.route=/closed"));
        Assert.Equal(
            [
                "http.response.status_code=404, error.type=unexpected_status_code",
                "http.response.status_code=403, error.type=unexpected_status_code",
            ],
            _metrics.Results("sockeye.handshake.duration", "sockeye.role=client"));
    }

    [Fact]
    public async Task A_request_that_is_no_handshake_is_not_measured()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            Servers.Options with { OnPlainRequest = (_, _) => ValueTask.FromResult<WebSocketPlainResponse?>(new WebSocketPlainResponse { Body = "plain" }) });
        using RawPeer peer = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await peer.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await peer.ReadHeadAsync(), StringComparison.Ordinal);

        Assert.Empty(_metrics.Values("sockeye.handshake.duration"));
    }

    [Fact]
    public async Task A_client_that_disconnects_before_its_request_is_measured()
    {
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        WebSocketServer server = await Servers.StartEchoAsync(Servers.Options with
        {
            OnHandshakeFailed = _ =>
            {
                failed.SetResult();
                return null;
            },
        });
        using (RawPeer peer = await RawPeer.ConnectAsync(server.LocalEndPoint))
        {
            await peer.SendAsync("GET / HTTP/1.1\r\n");
        }

        await failed.Task.WithDeadline();
        await server.StopAsync().WithDeadline();

        Assert.Equal(["error.type=connection_lost"], _metrics.Results("sockeye.handshake.duration", "sockeye.role=server"));
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_measured_by_the_client()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(ServerKind.Tls);
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => WebSocketClient.ConnectAsync(server.Address("/", "wss")));

        Assert.Equal(["error.type=tls_failed"], _metrics.Results("sockeye.handshake.duration", "sockeye.role=client", "url.scheme=wss"));
    }

    [Theory]
    [InlineData(ServerKind.Tls)]
    [InlineData(ServerKind.TlsEventLoop)]
    [InlineData(ServerKind.OpenSslEventLoop)]
    public async Task A_client_without_TLS_is_measured_by_the_server(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer peer = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await peer.SendAsync(RawPeer.Request());
        Assert.StartsWith("HTTP/1.1 400 ", await peer.ReadHeadAsync(), StringComparison.Ordinal);

        Assert.Equal(
            ["http.response.status_code=400, error.type=tls_failed"],
            _metrics.Results("sockeye.handshake.duration", "sockeye.role=server", "url.scheme=wss"));
    }

    [Theory]
    [EachClient]
    public async Task A_server_that_does_not_listen_is_measured_by_the_client(ClientKind kind)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(new Uri($"ws://{socket.LocalEndPoint}/"), kind.Options()));

        Assert.Equal(["error.type=not_reachable"], _metrics.Results("sockeye.handshake.duration", "sockeye.role=client", "network.transport=tcp"));
        Assert.Equal(0, _metrics.Change("sockeye.connection.count"));
    }

    [Fact]
    public async Task A_canceled_attempt_is_measured_by_the_client()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var cancellation = new CancellationTokenSource();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(new Uri($"ws://{listener.LocalEndPoint}/"), cancellation.Token);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.Equal(["error.type=canceled"], _metrics.Results("sockeye.handshake.duration", "sockeye.role=client"));
    }

    [Theory]
    [EachClient]
    public async Task A_unix_socket_is_a_transport_of_its_own(ClientKind kind)
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions { EndPoint = new UnixDomainSocketEndPoint(path) });
        await using WebSocketConnection connection =
            await WebSocketClient.ConnectAsync($"ws+unix:{path}:/", kind.Options());

        Assert.Equal(1, _metrics.Change("sockeye.connection.count", "sockeye.role=server", "network.transport=unix"));
        Assert.Equal(1, _metrics.Change("sockeye.connection.count", "sockeye.role=client", "network.transport=unix"));
        Assert.Equal(0, _metrics.Change("sockeye.connection.count", "network.transport=tcp"));
    }

    [Fact]
    public async Task Connections_of_an_acceptor_that_does_not_track_them_are_measured()
    {
        (Stream one, Stream other) = await TransportPair.ConnectPipesAsync();
        await using var acceptor = new WebSocketAcceptor(new WebSocketAcceptorOptions { TrackConnections = false }, new EchoHandler());
        Task<WebSocketConnection> accepting = acceptor.AcceptAsync(one);
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            new Uri("ws://localhost/"), new WebSocketClientOptions { ConnectCallback = (_, _) => ValueTask.FromResult(other) });
        WebSocketConnection connection = await accepting.WithDeadline();

        Assert.Equal(1, _metrics.Change("sockeye.connection.count", "sockeye.role=server", "network.transport=pipe"));
        await connection.SendAsync("hello");
        Assert.Equal("hello", (await client.ReceiveAsync().WithDeadline())?.GetText());
        Assert.Equal(1, _metrics.Change("sockeye.messages", "sockeye.role=server", "network.transport=pipe"));
        Assert.Equal(0, _metrics.Change("sockeye.send_buffer.usage"));
    }

    [Fact]
    public async Task The_rehearsal_of_a_server_is_not_measured()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            Servers.OptionsOf(EventLoop.IsSupported ? ServerKind.EventLoop : ServerKind.Socket));

        Assert.Equal(0, _metrics.Change("sockeye.connection.count"));
        Assert.Equal(0, _metrics.Change("sockeye.messages"));
        Assert.Empty(_metrics.Values("sockeye.connection.duration"));
        Assert.Empty(_metrics.Values("sockeye.handshake.duration"));
    }
}
