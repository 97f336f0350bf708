using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>Options of a server apply to its listeners and connections.</summary>
public sealed class ServerOptionsTests
{
    [Fact]
    public async Task A_server_without_options_handler_or_routes_throws()
    {
        await Assert.ThrowsAsync<ArgumentNullException>(() => WebSocketServer.StartAsync(null!, new EchoHandler()));
        await Assert.ThrowsAsync<ArgumentNullException>(() => WebSocketServer.StartAsync(Servers.Options, (WebSocketHandler)null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Servers.StartAsync(Servers.Options, (WebSocketRoutes)null!));
    }

    [Fact]
    public async Task The_default_address_is_a_free_port_on_all_interfaces()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions());

        Assert.NotEqual(0, server.Port);
        using RawPeer client = await RawPeer.OpenAsync(new IPEndPoint(IPAddress.Loopback, server.Port));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task The_server_listens_on_the_configured_port(ServerKind kind)
    {
        // One that was free a moment ago, at an address that no other test uses.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems have one loopback address.");
        var address = new IPAddress([127, .. Guid.NewGuid().ToByteArray()[..3]]);
        int port;
        using (var probe = new TcpListener(address, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        await using WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = new IPEndPoint(address, port), EventLoop = kind.Loops(), TlsEngine = kind.TlsEngine() });

        Assert.Equal(port, server.Port);
        Assert.Equal(new IPEndPoint(address, port), server.LocalEndPoint);
        using RawPeer client = await RawPeer.OpenAsync(new IPEndPoint(address, port));
    }

    [Theory]
    [EachServer]
    public async Task Limits_apply_to_the_servers_connections(ServerKind kind)
    {
        await using WebSocketServer server = await StartAsync(
            kind, new WebSocketConnectionOptions { Limits = new() { MaxMessageLength = 10 } });
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() });

        await connection.SendAsync(new byte[10]);
        Assert.Equal(10, (await connection.ReceiveMessageAsync().WithDeadline()).Payload.Length);
        await connection.SendAsync(new byte[11]);

        Assert.Equal(WebSocketCloseCode.MessageTooBig, (await connection.Closed.WithDeadline()).Code);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Pings_get_pongs_unless_AnswerPings_is_false(ServerKind kind)
    {
        await using WebSocketServer answering = await StartAsync(kind, new WebSocketConnectionOptions());
        await using WebSocketServer silent = await StartAsync(kind, new WebSocketConnectionOptions { AnswerPings = false });

        foreach ((WebSocketServer server, byte first) in new[] { (answering, RawFrame.Pong), (silent, RawFrame.Text) })
        {
            using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);
            await client.SendMaskedAsync(RawFrame.Ping, 0x61);
            await client.SendMaskedAsync(RawFrame.Text, 0x62);

            Assert.Equal(first, (await client.ReadFrameAsync()).First);
        }
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Nagle_is_disabled(ServerKind kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems don't tell how a socket is set.");
        await using WebSocketServer server = await StartAsync(kind, new WebSocketConnectionOptions());

        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);

        int descriptor = Descriptors.Of((IPEndPoint)server.LocalEndPoint, (IPEndPoint)client.LocalEndPoint!);
        Assert.True(Descriptors.HasNoDelay(descriptor), "TCP_NODELAY");
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task CloseTimeout_applies_to_the_servers_connections(ServerKind kind)
    {
        var time = new ManualTimeProvider();
        await using WebSocketServer server = await StartAsync(
            kind,
            new WebSocketConnectionOptions { CloseTimeout = TimeSpan.FromSeconds(60), KeepAlive = KeepAliveOptions.Disabled },
            time);
        using RawPeer deaf = await RawPeer.OpenAsync(server.LocalEndPoint);
        Task<WebSocketCloseResult> closing = Assert.Single(server.GetConnections()).CloseAsync().AsTask();
        Assert.Equal(1000, (await deaf.ReadFrameAsync()).CloseCode);

        time.Advance(TimeSpan.FromSeconds(58));
        Assert.False(closing.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(4));

        Assert.IsType<TimeoutException>((await closing.WithDeadline()).Exception);
    }

    private static Task<WebSocketServer> StartAsync(
        ServerKind kind, WebSocketConnectionOptions connection, TimeProvider? time = null) =>
        WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                Connection = connection,
                TimeProvider = time ?? TimeProvider.System,
            },
            new EchoHandler());
}
