using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

public sealed class ServerTests
{
    [Fact]
    public async Task The_shortest_server_and_client_exchange_a_message()
    {
        await using var server = await WebSocketServer.StartAsync(0, async (connection, cancellation) =>
        {
            await foreach (var message in connection.ReadAllAsync(cancellation))
            {
                await connection.SendAsync(message, cancellation);
            }
        });

        await using var connection = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");
        await connection.SendAsync("something");
        var reply = await connection.ReceiveMessageAsync().WithDeadline();

        Assert.Equal("something", reply.GetText());
        Assert.Equal(WebSocketMessageKind.Text, reply.Kind);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task IPv6Any_accepts_IPv4_and_IPv6(string host)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using WebSocketServer server = await WebSocketServer.StartAsync(0, Servers.EchoAsync);

        await using WebSocketConnection connection =
            await WebSocketClient.ConnectAsync($"ws://{host}:{server.Port}/").WithDeadline();
        await connection.SendAsync("hello");
        WebSocketMessage reply = await connection.ReceiveMessageAsync().WithDeadline();

        Assert.Equal("hello", reply.GetText());
    }

    [Fact]
    public async Task A_TLS_server_serves_a_client_that_trusts_it()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, Tls = TestCertificate.ForServer() });
        var options = new WebSocketClientOptions { Tls = TestCertificate.ForClient() };

        await using WebSocketConnection connection =
            await WebSocketClient.ConnectAsync(server.Address(scheme: "wss"), options).WithDeadline();
        byte[] payload = Payloads.Bytes(1_000_000);
        await connection.SendAsync(payload);
        WebSocketMessage reply = await connection.ReceiveMessageAsync().WithDeadline();

        Assert.True(payload.AsSpan().SequenceEqual(reply.Payload.Span));
        WebSocketConnection served = Assert.Single(server.GetConnections());
        Assert.True(served.Request!.IsSecure);
        Assert.Equal(connection.LocalEndPoint, served.RemoteEndPoint);
        Assert.Equal(server.LocalEndPoint, connection.RemoteEndPoint);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_handler_gets_the_request_and_may_store_state_on_the_connection(ServerKind kind)
    {
        var seen = new TaskCompletionSource<WebSocketConnection>();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Subprotocols = ["v2", "v1"],
            },
            async (connection, _) =>
            {
                connection.UserState = "mine";
                seen.SetResult(connection);
                await connection.Closed;
            });
        string authority = server.LocalEndPoint.ToString()!;

        using RawPeer client = await RawPeer.OpenAsync(
            server.LocalEndPoint,
            "/r%C3%A4ume/%2F1?caf%C3%A9=1&x",
            "Sec-WebSocket-Protocol: v1, v2",
            "Origin: http://localhost",
            "X-Twice: a",
            "X-Twice: b");
        WebSocketConnection connection = await seen.Task.WithDeadline();

        WebSocketUpgradeRequest request = connection.Request!;
        Assert.Equal("/räume//1", request.Path);
        Assert.Equal("caf%C3%A9=1&x", request.Query);
        Assert.Equal("localhost", request.Host);
        Assert.Equal("http://localhost", request.Origin);
        Assert.Equal(["v1", "v2"], request.Subprotocols);
        Assert.Equal(13, request.Version);
        Assert.Equal("a, b", request.Headers["x-twice"]);
        Assert.Equal(2, request.Headers.Count(header => header.Key == "X-Twice"));
        Assert.False(request.IsSecure);
        Assert.Equal(IPAddress.Loopback, Assert.IsType<IPEndPoint>(request.RemoteEndPoint).Address);
        Assert.Equal("v2", connection.Subprotocol);
        Assert.Equal("mine", Assert.Single(server.GetConnections()).UserState);
        Assert.Equal(authority, connection.LocalEndPoint!.ToString());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task OnClosed_gets_the_close_result_of_each_connection(ServerKind kind)
    {
        var ends = new ConcurrentDictionary<string, WebSocketCloseResult>();
        await using WebSocketServer server = await WebSocketServer.StartAsync(Servers.OptionsOf(kind), new EndsHandler(ends));
        await using WebSocketConnection closing = await WebSocketClient.ConnectAsync(server.Address("/closes"));
        await using WebSocketConnection aborting = await WebSocketClient.ConnectAsync(server.Address("/aborts"));

        await closing.CloseAsync((WebSocketCloseCode)4001, "bye").WithDeadline();
        aborting.Abort();

        await Deadlines.UntilAsync(() => ends.Count == 2, "both have ended");
        Assert.Equal((WebSocketCloseCode)4001, ends["/closes"].Code);
        Assert.Equal("bye", ends["/closes"].Reason);
        Assert.True(ends["/closes"].WasClean);
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, ends["/aborts"].Code);
        Assert.False(ends["/aborts"].WasClean);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Handlers_and_delegates_serve_side_by_side_selected_by_path(ServerKind kind)
    {
        WebSocketHandler inPlace = new EchoHandler();
        WebSocketHandler pull = WebSocketHandler.FromDelegate(async (connection, cancellation) =>
        {
            await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
            {
                await connection.SendAsync("pulled " + message.GetText(), cancellation);
            }
        });
        await using WebSocketServer server = await Servers.StartAsync(
            Servers.OptionsOf(kind), request => request.Path == "/pull" ? pull : inPlace);

        await using WebSocketConnection one = await WebSocketClient.ConnectAsync(server.Address("/pull"));
        await using WebSocketConnection other = await WebSocketClient.ConnectAsync(server.Address("/place"));
        await one.SendAsync("x");
        await other.SendAsync("x");

        Assert.Equal("pulled x", (await one.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal("x", (await other.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal(2, server.GetConnections().Count);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Many_connections_each_get_their_own_messages(ServerKind kind)
    {
        const int Connections = 50;
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);

        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async number =>
        {
            await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(server.Address());
            for (int i = 0; i < 20; i++)
            {
                await connection.SendAsync($"{number}/{i}");
                Assert.Equal($"{number}/{i}", (await connection.ReceiveMessageAsync().WithDeadline()).GetText());
            }
        })).WithDeadline();
    }

    [Theory]
    [EachServer]
    public async Task A_message_above_the_limit_gets_1009_and_one_at_the_limit_is_delivered(ServerKind kind)
    {
        const int Limit = 1024 * 1024;
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
        });
        var options = new WebSocketClientOptions { Tls = kind.ClientTls() };
        Uri address = server.Address(scheme: kind.Scheme());
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(address, options);

        await connection.SendAsync(new byte[Limit]);
        Assert.Equal(Limit, (await connection.ReceiveMessageAsync().WithDeadline()).Payload.Length);
        await connection.SendAsync(new byte[8 * Limit]);
        WebSocketCloseResult result = await connection.Closed.WithDeadline();

        Assert.Equal(WebSocketCloseCode.MessageTooBig, result.Code);
        Assert.Equal(WebSocketCloseInitiator.Peer, result.Initiator);
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "the server's end is over too");
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_port_in_use_throws(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);

        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => Servers.StartEchoAsync(new WebSocketServerOptions { EndPoint = server.LocalEndPoint }));

        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
    }

    [Fact]
    public async Task A_canceled_token_starts_no_server()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => WebSocketServer.StartAsync(0, Servers.EchoAsync, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Invalid_options_throw_when_set()
    {
        Assert.Throws<ArgumentException>(
            nameof(WebSocketServerOptions.Subprotocols), () => new WebSocketServerOptions { Subprotocols = ["not a token"] });
        Assert.Throws<ArgumentException>(
            nameof(WebSocketServerOptions.Subprotocols), () => new WebSocketServerOptions { Subprotocols = ["twice", "twice"] });
        Assert.Throws<ArgumentException>(
            nameof(WebSocketServerOptions.AllowedOrigins), () => new WebSocketServerOptions { AllowedOrigins = ["example.com"] });
    }

    [Fact]
    public void Lists_in_options_are_copied()
    {
        List<string> subprotocols = ["v1"];
        List<string> origins = ["https://good.example"];
        List<string> hosts = ["good.example"];
        var options = new WebSocketServerOptions
        {
            Subprotocols = subprotocols,
            AllowedOrigins = origins,
            AllowedHosts = hosts,
        };

        subprotocols[0] = "not a token";
        origins[0] = "no origin";
        hosts[0] = "no host/";

        Assert.Equal(["v1"], options.Subprotocols);
        Assert.Equal(["https://good.example"], options.AllowedOrigins);
        Assert.Equal(["good.example"], options.AllowedHosts);
    }
    private sealed class EndsHandler(ConcurrentDictionary<string, WebSocketCloseResult> ends) : WebSocketHandler
    {
        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) =>
            ends[connection.Request!.Path] = result;
    }
}
