using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>What a server does before it is started, when it is started twice, and after it was stopped.</summary>
public sealed class ServerLifecycleTests
{
    [Fact]
    public async Task A_server_before_its_start_has_no_address_and_no_connections()
    {
        await using WebSocketServer server = Create();

        Assert.Empty(server.LocalEndPoints);
        Assert.Throws<InvalidOperationException>(() => server.LocalEndPoint);
        Assert.Throws<InvalidOperationException>(() => server.Port);
        Assert.Empty(server.GetConnections());
        Assert.Equal(0, server.ConnectionCount);
        Assert.Equal(0, server.PendingHandshakeCount);
        Assert.Equal(0, server.Broadcast("nobody"));
        Assert.Equal(0, await server.BroadcastAsync(WebSocketPreparedMessage.Text("nobody")));
        await server.CloseAllAsync().WithDeadline();
        Assert.False(server.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_server_does_not_listen_before_it_is_started()
    {
        await using WebSocketServer other = await Servers.StartEchoAsync();
        await using var server = new WebSocketServer(
            new WebSocketServerOptions { EndPoint = other.LocalEndPoint }, Servers.EchoAsync);

        // The address is taken, which only a start finds out.
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => server.StartAsync());

        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
    }

    [Fact]
    public async Task A_start_that_failed_can_be_repeated()
    {
        WebSocketServer other = await Servers.StartEchoAsync();
        EndPoint address = other.LocalEndPoint;
        await using var server = new WebSocketServer(new WebSocketServerOptions { EndPoint = address }, Servers.EchoAsync);
        await Assert.ThrowsAsync<SocketException>(() => server.StartAsync());
        Assert.Empty(server.LocalEndPoints);
        await other.StopAsync().WithDeadline();

        await server.StartAsync();

        Assert.Equal(address, server.LocalEndPoint);
        await AssertEchoesAsync(server);
    }

    [Fact]
    public async Task A_start_whose_token_is_canceled_can_be_repeated()
    {
        await using WebSocketServer server = Create();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.StartAsync(new CancellationToken(canceled: true)));
        Assert.Empty(server.LocalEndPoints);

        await server.StartAsync();

        await AssertEchoesAsync(server);
    }

    [Fact]
    public async Task A_server_starts_once()
    {
        await using WebSocketServer server = Create();
        await server.StartAsync();
        EndPoint address = server.LocalEndPoint;

        await Assert.ThrowsAsync<InvalidOperationException>(() => server.StartAsync());

        Assert.Equal(address, server.LocalEndPoint);
        await AssertEchoesAsync(server);
    }

    [Fact]
    public async Task One_of_several_concurrent_starts_succeeds()
    {
        await using WebSocketServer server = Create();

        Task[] starts = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(() => server.StartAsync()))];
        await Task.WhenAll(starts).ContinueWith(static _ => { }, TaskScheduler.Default).WithDeadline();

        Assert.Equal(1, starts.Count(static start => start.IsCompletedSuccessfully));
        Assert.All(
            starts.Where(static start => start.IsFaulted),
            static start => Assert.IsType<InvalidOperationException>(start.Exception!.InnerException));
        await AssertEchoesAsync(server);
    }

    [Fact]
    public async Task A_server_that_was_stopped_before_its_start_cannot_be_started()
    {
        var log = new CapturingLoggerFactory();
        var server = new WebSocketServer(Servers.Options with { LoggerFactory = log }, Servers.EchoAsync);

        await server.StopAsync().WithDeadline();

        Assert.True(server.Completion.IsCompleted);
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.StartAsync());
        Assert.Empty(server.LocalEndPoints);
        await server.RunAsync().WithDeadline();
        await server.DisposeAsync();
        Assert.DoesNotContain(log.Entries, static entry => entry.EventId == 303);
    }

    [Fact]
    public async Task A_server_that_was_stopped_keeps_its_addresses_and_cannot_be_started_again()
    {
        WebSocketServer server = Create();
        await server.StartAsync();
        EndPoint address = server.LocalEndPoint;

        await server.StopAsync().WithDeadline();

        Assert.Equal(address, server.LocalEndPoint);
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.StartAsync());
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => socket.ConnectAsync(address));
    }

    [Fact]
    public async Task A_stop_during_the_start_stops_the_server()
    {
        // The first line of a start's log stops the server: it is written when an address was bound, and before the server accepts.
        WebSocketServer? server = null;
        Task? stop = null;
        var log = new CapturingLoggerFactory
        {
            Logging = id => stop ??= id == 301 ? server!.StopAsync() : null,
        };
        server = new WebSocketServer(Servers.Options with { LoggerFactory = log }, Servers.EchoAsync);

        await Assert.ThrowsAsync<InvalidOperationException>(() => server.StartAsync()).WithDeadline();

        await stop!.WithDeadline();
        Assert.Empty(server.LocalEndPoints);
    }

    [Fact]
    public async Task RunAsync_starts_the_server()
    {
        var opened = new TaskCompletionSource<WebSocketServer>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var source = new CancellationTokenSource();
        WebSocketServer? server = null;
        var log = new CapturingLoggerFactory
        {
            Logging = id =>
            {
                if (id == 301)
                {
                    opened.TrySetResult(server!);
                }
            },
        };
        server = new WebSocketServer(Servers.Options with { LoggerFactory = log }, Servers.EchoAsync);

        Task running = server.RunAsync(source.Token);
        await opened.Task.WithDeadline();
        Assert.False(running.IsCompleted);
        await source.CancelAsync();

        await running.WithDeadline();
        Assert.True(server.Completion.IsCompleted);
    }

    [Fact]
    public async Task RunAsync_throws_the_failure_of_the_start()
    {
        await using WebSocketServer other = await Servers.StartEchoAsync();
        await using var server = new WebSocketServer(
            new WebSocketServerOptions { EndPoint = other.LocalEndPoint }, Servers.EchoAsync);

        await Assert.ThrowsAsync<SocketException>(() => server.RunAsync()).WithDeadline();
    }

    [Fact]
    public void A_server_with_conflicting_options_cannot_be_created()
    {
        var options = new WebSocketServerOptions { RequireSubprotocol = true };

        Assert.Throws<ArgumentException>(() => new WebSocketServer(options, Servers.EchoAsync));
        Assert.Throws<ArgumentException>(() => new WebSocketServer(options, new EchoHandler()));
        Assert.Throws<ArgumentException>(
            () => new WebSocketServer(options, new WebSocketRoutes().Map("/", Servers.EchoAsync)));
    }

    [Fact]
    public async Task Routes_mapped_after_the_server_was_created_are_ignored()
    {
        WebSocketRoutes routes = new WebSocketRoutes().Map("/", new EchoHandler());
        await using var server = new WebSocketServer(Servers.Options, routes);
        routes.Map("/late", new EchoHandler());
        await server.StartAsync();

        await AssertEchoesAsync(server);
        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address("/late")));
        Assert.Equal(404, thrown.StatusCode);
    }

    private static WebSocketServer Create() => new(Servers.Options, Servers.EchoAsync);

    private static async Task AssertEchoesAsync(WebSocketServer server)
    {
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address()).WithDeadline();
        await client.SendAsync("something");
        Assert.Equal("something", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
    }
}
