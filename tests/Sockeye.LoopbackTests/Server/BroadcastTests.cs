using System.Net;

namespace Sockeye.Tests;

/// <summary>What a server does with all its connections at once.</summary>
public sealed class BroadcastTests
{
    [Theory]
    [EachServer]
    public async Task A_broadcast_reaches_all_connections_or_those_a_predicate_selects(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        var options = new WebSocketClientOptions { Tls = kind.ClientTls() };
        var clients = new List<WebSocketConnection>();
        foreach (string path in new[] { "/a", "/b", "/a" })
        {
            clients.Add(await WebSocketClient.ConnectAsync(server.Address(path, kind.Scheme()), options));
        }

        await Deadlines.UntilAsync(() => server.GetConnections().Count == clients.Count, "all are there");
        WebSocketConnection sender = server.GetConnections().Single(connection => connection.Request!.Path == "/b");

        Assert.Equal(3, server.ConnectionCount);
        Assert.Equal(3, server.Broadcast("to all"));
        Assert.Equal(2, server.Broadcast("all but one", connection => connection != sender));
        Assert.Equal(1, await server.BroadcastAsync(
            WebSocketPreparedMessage.Binary([1, 2]), connection => connection.Request!.Path == "/b").WithDeadline());
        Assert.Equal(2, await server.BroadcastAsync("waits", connection => connection != sender).WithDeadline());
        Assert.Equal(3, server.Broadcast("end"u8, WebSocketMessageKind.Text));

        Assert.Equal(["to all", "all but one", "waits", "end"], await TextsAsync(clients[0], 4));
        Assert.Equal(["to all", "all but one", "waits", "end"], await TextsAsync(clients[2], 4));
        Assert.Equal("to all", (await clients[1].ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal([1, 2], (await clients[1].ReceiveMessageAsync().WithDeadline()).Payload.ToArray());
        Assert.Equal("end", (await clients[1].ReceiveMessageAsync().WithDeadline()).GetText());
        await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask())).WithDeadline();
    }

    [Fact]
    public async Task A_delegate_may_take_the_server_to_broadcast()
    {
        static Task TellOthersAsync(WebSocketServer server, WebSocketConnection connection, CancellationToken cancellation)
        {
            server.Broadcast($"one of {server.GetConnections().Count}", other => other != connection);
            return Task.Delay(Timeout.Infinite, cancellation).ContinueWith(static _ => { }, TaskScheduler.Default);
        }

        var routes = new WebSocketRoutes().Map("/room", TellOthersAsync);
        var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
        await using WebSocketServer byRoute = await Servers.StartAsync(options, routes);
        await using WebSocketServer byOptions = await Servers.StartAsync(options, TellOthersAsync);
        foreach (WebSocketServer server in new[] { byRoute, byOptions })
        {
            await using WebSocketConnection first = await WebSocketClient.ConnectAsync(server.Address("/room"));
            await Deadlines.UntilAsync(() => server.GetConnections().Count == 1, "the first is there");
            await using WebSocketConnection second = await WebSocketClient.ConnectAsync(server.Address("/room"));

            Assert.Equal("one of 2", (await first.ReceiveMessageAsync().WithDeadline()).GetText());
        }
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Connections_open_and_close_during_enumeration_and_broadcast(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        await using WebSocketConnection staying = await WebSocketClient.ConnectAsync(server.Address());
        Task<int> counting = CountTextsUntilAsync(staying, "z");
        int sent = 0;
        using var stop = new CancellationTokenSource();
        Task telling = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                server.Broadcast("x"u8);
                await server.BroadcastAsync(WebSocketPreparedMessage.Text("y"));
                sent++;
                Assert.All(server.GetConnections(), Assert.NotNull);
            }
        });

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (int i = 0; i < 20; i++)
            {
                WebSocketConnection connection = await WebSocketClient.ConnectAsync(server.Address());
                connection.Abort();
                await connection.Closed;
            }
        })).WithDeadline();

        await stop.CancelAsync();
        await telling.WithDeadline();
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 1, "all others have gone");
        Assert.Equal(1, await server.BroadcastAsync(WebSocketPreparedMessage.Text("z")).WithDeadline());
        Assert.Equal(sent, await counting.WithDeadline());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Broadcast_skips_a_slow_connection_and_BroadcastAsync_waits_for_it(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        using RawPeer slow = await RawPeer.OpenAsync(server.LocalEndPoint, "/slow");
        await using WebSocketConnection quick = await WebSocketClient.ConnectAsync(server.Address("/quick"));
        await Deadlines.UntilAsync(() => server.ConnectionCount == 2, "both are there");
        WebSocketConnection toSlow = server.GetConnections().Single(connection => connection.Request!.Path == "/slow");
        int filled = 0;
        while (toSlow.TrySend(new byte[100_000]) is WebSocketSendResult.Sent or WebSocketSendResult.Queued)
        {
            filled++;
        }

        Assert.Equal(1, server.Broadcast("now"));
        using var patience = new CancellationTokenSource();
        Task<int> waiting = server.BroadcastAsync(WebSocketPreparedMessage.Text("waits"), cancellationToken: patience.Token);
        Assert.Equal("now", (await quick.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal("waits", (await quick.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.False(waiting.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting).WithDeadline();

        // It was taken back, and the connection goes on.
        Task<int> next = server.BroadcastAsync(WebSocketPreparedMessage.Text("next"));
        for (int i = 0; i < filled; i++)
        {
            Assert.Equal(100_000, (await slow.ReadFrameAsync()).Payload.Length);
        }

        Assert.Equal("next", (await slow.ReadFrameAsync()).PayloadText);
        Assert.Equal(2, await next.WithDeadline());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task CloseAllAsync_closes_all_with_a_code_and_new_connections_are_accepted(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(kind);
        await using WebSocketConnection one = await WebSocketClient.ConnectAsync(server.Address());
        await using WebSocketConnection other = await WebSocketClient.ConnectAsync(server.Address());
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 2, "both are there");

        await server.CloseAllAsync((WebSocketCloseCode)4001, "new rules").WithDeadline();

        Assert.Equal((WebSocketCloseCode)4001, (await one.Closed.WithDeadline()).Code);
        Assert.Equal("new rules", (await other.Closed.WithDeadline()).Reason);
        Assert.Empty(server.GetConnections());
        await using WebSocketConnection next = await WebSocketClient.ConnectAsync(server.Address());
        await Assert.ThrowsAnyAsync<ArgumentException>(() => server.CloseAllAsync((WebSocketCloseCode)1005));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Connection_tracking_can_be_disabled(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            TrackConnections = false,
        });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());

        Assert.Empty(server.GetConnections());
        Assert.Equal(0, server.ConnectionCount);
        Assert.Equal(0, server.Broadcast("nobody"));
        await server.StopAsync().WithDeadline();
        await server.Completion.WithDeadline();
        await client.SendAsync("still");
        Assert.Equal("still", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Stopping_drains_connections_then_closes_and_then_aborts_them(ServerKind kind)
    {
        var time = new ManualTimeProvider();
        WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            TimeProvider = time,

            // Time flies here: no other deadline may come before those of the stop.
            Connection = new()
            {
                KeepAlive = KeepAliveOptions.Disabled,
                CloseTimeout = TimeSpan.FromDays(1),
            },
        });
        await using WebSocketConnection leaving = await WebSocketClient.ConnectAsync(server.Address());
        await using WebSocketConnection staying = await WebSocketClient.ConnectAsync(server.Address());
        using RawPeer deaf = await RawPeer.OpenAsync(server.LocalEndPoint);
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 3, "all are there");

        Task stopping = server.StopAsync(new WebSocketStopOptions
        {
            DrainTimeout = TimeSpan.FromMinutes(1),
            AbortTimeout = TimeSpan.FromMinutes(100),
            CloseCode = WebSocketCloseCode.ServiceRestart,
            CloseReason = "back soon",
        });
        Assert.False(server.Completion.IsCompleted);
        await leaving.SendAsync("still served");
        Assert.Equal("still served", (await leaving.ReceiveMessageAsync().WithDeadline()).GetText());
        await leaving.CloseAsync().WithDeadline();
        Assert.Equal(WebSocketConnectionState.Open, staying.State);

        await AdvanceUntilAsync(time, () => staying.Closed.IsCompleted, TimeSpan.FromSeconds(10));
        WebSocketCloseResult result = await staying.Closed.WithDeadline();
        Assert.Equal(WebSocketCloseCode.ServiceRestart, result.Code);
        Assert.Equal("back soon", result.Reason);
        await AdvanceUntilAsync(time, () => stopping.IsCompleted, TimeSpan.FromMinutes(10));
        await stopping.WithDeadline();
        await server.Completion.WithDeadline();
        Assert.Empty(server.GetConnections());
    }

    [Fact]
    public void Stop_options_are_validated()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketStopOptions { DrainTimeout = TimeSpan.FromSeconds(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketStopOptions { AbortTimeout = TimeSpan.Zero });
        Assert.ThrowsAny<ArgumentException>(() => new WebSocketStopOptions { CloseCode = (WebSocketCloseCode)1006 });
        Assert.Throws<ArgumentException>(() => new WebSocketStopOptions { CloseReason = new string('x', 124) });
    }

    private static async Task AdvanceUntilAsync(ManualTimeProvider time, Func<bool> condition, TimeSpan step) =>
        await Deadlines.UntilAsync(
            () =>
            {
                time.Advance(step);
                return condition();
            },
            "it happens as time passes");

    private static async Task<int> CountTextsUntilAsync(WebSocketConnection connection, string last)
    {
        int count = 0;
        await foreach (WebSocketMessage message in connection.ReadAllAsync())
        {
            if (message.Kind == WebSocketMessageKind.Text && message.GetText() == last)
            {
                break;
            }

            count += message.Kind == WebSocketMessageKind.Text ? 1 : 0;
        }

        return count;
    }

    private static async Task<string[]> TextsAsync(WebSocketConnection connection, int count)
    {
        var texts = new string[count];
        for (int i = 0; i < count; i++)
        {
            texts[i] = (await connection.ReceiveMessageAsync().WithDeadline()).GetText();
        }

        return texts;
    }
}
