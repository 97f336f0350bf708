using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

/// <summary>A stop that spreads its Close frames over a period of virtual time.</summary>
public sealed class ClosePeriodTests
{
    private const int Count = 5;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_server_spreads_its_close_frames_evenly(ServerKind kind)
    {
        var time = new ManualTimeProvider();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with { TimeProvider = time });
        await using var clients = new ConnectedClients();
        for (int i = 0; i < Count; i++)
        {
            clients.Add(await WebSocketClient.ConnectAsync(server.Address()));
        }

        await AssertSpreadAsync(time, clients, () => server.ConnectionCount, options => server.StopAsync(options));
    }

    [Fact]
    public async Task An_acceptor_spreads_its_close_frames_evenly()
    {
        var time = new ManualTimeProvider();
        await using var acceptor = new WebSocketAcceptor(new() { TimeProvider = time }, Servers.EchoAsync);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var clients = new ConnectedClients();
        for (int i = 0; i < Count; i++)
        {
            Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync($"ws://{listener.LocalEndpoint}/");
            await acceptor.AcceptAsync(new NetworkStream(await listener.AcceptSocketAsync(), ownsSocket: true)).WithDeadline();
            clients.Add(await connecting.WithDeadline());
        }

        await AssertSpreadAsync(time, clients, () => acceptor.ConnectionCount, options => acceptor.StopAsync(options));
    }

    [Fact]
    public async Task A_connection_that_waits_for_its_close_frame_is_still_served_and_may_end_the_stop_early()
    {
        var time = new ManualTimeProvider();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.Options with { TimeProvider = time });
        await using var clients = new ConnectedClients();
        clients.Add(await WebSocketClient.ConnectAsync(server.Address()));
        clients.Add(await WebSocketClient.ConnectAsync(server.Address()));

        Task stopping = server.StopAsync(new WebSocketStopOptions { ClosePeriod = TimeSpan.FromHours(1) });
        WebSocketConnection closed = await clients.FirstClosedAsync().WithDeadline();
        WebSocketConnection waiting = clients.Single(client => client != closed);
        await waiting.SendAsync("still served");
        Assert.Equal("still served", (await waiting.ReceiveMessageAsync().WithDeadline()).GetText());
        await waiting.CloseAsync().WithDeadline();

        await stopping.WithDeadline();
    }

    [Fact]
    public async Task A_canceled_stop_ends_the_connections_that_wait_for_their_close_frame()
    {
        var time = new ManualTimeProvider();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.Options with { TimeProvider = time });
        await using var clients = new ConnectedClients();
        clients.Add(await WebSocketClient.ConnectAsync(server.Address()));
        clients.Add(await WebSocketClient.ConnectAsync(server.Address()));
        using var source = new CancellationTokenSource();

        Task stopping = server.StopAsync(new WebSocketStopOptions { ClosePeriod = TimeSpan.FromHours(1) }, source.Token);
        WebSocketConnection closed = await clients.FirstClosedAsync().WithDeadline();
        await source.CancelAsync();

        await stopping.WithDeadline();

        // Its Close frame leaves in time, or does not.
        WebSocketConnection aborted = clients.Single(client => client != closed);
        await aborted.Closed.WithDeadline();
    }

    [Fact]
    public async Task The_abort_timeout_begins_after_the_period()
    {
        var time = new ManualTimeProvider();
        var returned = new TaskCompletionSource();
        WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.Options with { TimeProvider = time }, async (connection, _) =>
            {
                await connection.Closed;
                await returned.Task;
            });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());

        Task stopping = server.StopAsync(new WebSocketStopOptions { ClosePeriod = 10 * Second, AbortTimeout = 5 * Second });
        await client.Closed.WithDeadline();
        time.Advance(14 * Second);
        await Deadlines.StaysIncompleteAsync(stopping);
        time.Advance(Second);

        await stopping.WithDeadline();
        returned.SetResult();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(24 * 3600 + 1)]
    public void A_period_that_is_negative_or_longer_than_a_day_is_rejected(int seconds)
    {
        ArgumentOutOfRangeException thrown = Assert.Throws<ArgumentOutOfRangeException>(
            () => new WebSocketStopOptions { ClosePeriod = TimeSpan.FromSeconds(seconds) });
        Assert.Equal("ClosePeriod", thrown.ParamName);
    }

    private static async Task AssertSpreadAsync(
        ManualTimeProvider time, ConnectedClients clients, Func<int> openCount, Func<WebSocketStopOptions, Task> stop)
    {
        Task stopping = stop(new WebSocketStopOptions { ClosePeriod = Count * Second, CloseReason = "restart" });
        for (int closed = 1; closed <= Count; closed++)
        {
            int expected = Count - closed;
            await Deadlines.UntilAsync(() => openCount() == expected, $"{closed} connections are closed");

            // The next one is due a second after this one, and not a moment before.
            time.Advance(Second - TimeSpan.FromTicks(1));
            if (expected > 0)
            {
                await Deadlines.StaysIncompleteAsync(clients.CountClosedAsync(closed + 1));
            }

            Assert.Equal(expected, openCount());
            time.Advance(TimeSpan.FromTicks(1));
        }

        await stopping.WithDeadline();
        foreach (WebSocketConnection client in clients)
        {
            WebSocketCloseResult result = await client.Closed.WithDeadline();
            Assert.Equal((WebSocketCloseCode.GoingAway, "restart"), (result.Code, result.Reason));
        }
    }

    private sealed class ConnectedClients : List<WebSocketConnection>, IAsyncDisposable
    {
        public async Task<WebSocketConnection> FirstClosedAsync()
        {
            Task first = await Task.WhenAny(this.Select(client => (Task)client.Closed));
            return this.Single(client => client.Closed == first);
        }

        /// <summary>Completes when so many are closed.</summary>
        public async Task CountClosedAsync(int count)
        {
            var left = this.Select(client => (Task)client.Closed).ToList();
            for (int closed = 0; closed < count; closed++)
            {
                left.Remove(await Task.WhenAny(left));
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (WebSocketConnection client in this)
            {
                await client.DisposeAsync();
            }
        }
    }
}
