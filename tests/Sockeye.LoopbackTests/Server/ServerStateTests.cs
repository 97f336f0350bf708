using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>What a health check asks a server and an acceptor.</summary>
public sealed class ServerStateTests
{
    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_server_accepts_from_its_start_until_its_stop_begins(ServerKind kind)
    {
        var server = new WebSocketServer(Servers.OptionsOf(kind), Servers.EchoAsync);
        Assert.Equal((false, false), (server.IsAccepting, server.IsStopping));
        Assert.Equal(TimeSpan.Zero, server.LongestRunningCallback);

        await server.StartAsync();
        Assert.Equal((true, false), (server.IsAccepting, server.IsStopping));

        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());
        Task stopping = server.StopAsync(new WebSocketStopOptions { DrainTimeout = TimeSpan.FromDays(1) });
        Assert.Equal((false, true), (server.IsAccepting, server.IsStopping));
        await client.CloseAsync().WithDeadline();

        await stopping.WithDeadline();
        Assert.Equal((false, true), (server.IsAccepting, server.IsStopping));
        Assert.Equal(TimeSpan.Zero, server.LongestRunningCallback);
    }

    [Fact]
    public async Task An_acceptor_accepts_until_its_stop_begins()
    {
        var acceptor = new WebSocketAcceptor(new());
        Assert.Equal((true, false), (acceptor.IsAccepting, acceptor.IsStopping));

        await acceptor.StopAsync().WithDeadline();

        Assert.Equal((false, true), (acceptor.IsAccepting, acceptor.IsStopping));
    }

    [Fact]
    public async Task A_callback_that_blocks_an_event_loop_is_seen_until_it_returns()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        using var goesOn = new ManualResetEventSlim();
        using var isBlocked = new ManualResetEventSlim();
        var handler = new CallbackHandler
        {
            Received = (_, _) =>
            {
                isBlocked.Set();
                goesOn.Wait(Deadlines.Deadline);
            },
        };
        await using WebSocketServer server = await WebSocketServer.StartAsync(Servers.OptionsOf(ServerKind.EventLoop), handler);
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());

        await client.SendAsync("block");
        await Task.Run(() => isBlocked.Wait(Deadlines.Deadline));
        await Deadlines.UntilAsync(
            () => server.LongestRunningCallback > TimeSpan.FromMilliseconds(200), "the callback runs for 200 ms");
        goesOn.Set();

        await Deadlines.UntilAsync(() => server.LongestRunningCallback == TimeSpan.Zero, "the loop waits again");
    }
}
