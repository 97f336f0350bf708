using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests;

public sealed class ServerStopTests
{
    [Theory]
    [EachServer]
    public async Task Stopping_closes_with_1001_after_all_sent_messages(ServerKind kind)
    {
        const int Messages = 200;
        var allSent = new CountdownEvent(2);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
            },
            async (connection, cancellation) =>
            {
                for (int i = 0; i < Messages; i++)
                {
                    await connection.SendAsync(Payloads.Bytes(5000 + i), cancellationToken: cancellation);
                }

                allSent.Signal();
                await connection.Closed;
            });
        var options = new WebSocketClientOptions { Tls = kind.ClientTls() };
        Uri address = server.Address(scheme: kind.Scheme());
        await using WebSocketConnection one = await WebSocketClient.ConnectAsync(address, options);
        await using WebSocketConnection other = await WebSocketClient.ConnectAsync(address, options);
        Task<int>[] receiving = [CountAsync(one), CountAsync(other)];
        await Task.Run(() => allSent.Wait(Deadlines.Deadline));

        await server.StopAsync().WithDeadline();

        Assert.Empty(server.GetConnections());
        foreach (Task<int> received in receiving)
        {
            Assert.Equal(Messages, await received.WithDeadline());
        }

        WebSocketCloseResult result = await one.Closed.WithDeadline();
        Assert.Equal(WebSocketCloseCode.GoingAway, result.Code);
        Assert.True(result.WasClean);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_stopped_server_accepts_no_client_and_can_be_stopped_again(ServerKind kind)
    {
        WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with { EndPoint = new IPEndPoint(Servers.OwnAddress, 0) });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());

        await Task.WhenAll(server.StopAsync(), server.StopAsync(), server.DisposeAsync().AsTask()).WithDeadline();
        await server.StopAsync(new CancellationToken(canceled: true)).WithDeadline();

        await client.Closed.WithDeadline();
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => RawPeer.ConnectAsync(server.LocalEndPoint));
        Assert.Equal(SocketError.ConnectionRefused, thrown.SocketErrorCode);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Stopping_again_waits_for_the_first_stop(ServerKind kind)
    {
        WebSocketServer server = await Servers.StartEchoAsync(kind);
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());
        Task first = server.StopAsync(new WebSocketStopOptions { DrainTimeout = TimeSpan.FromDays(1) });

        Task second = server.StopAsync(new WebSocketStopOptions());
        await client.SendAsync("still served");
        Assert.Equal("still served", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.False(second.IsCompleted);
        await client.CloseAsync().WithDeadline();

        await first.WithDeadline();
        await second.WithDeadline();
        Assert.True(server.Completion.IsCompletedSuccessfully);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Completion_and_endpoints_can_be_read_after_the_stop(ServerKind kind)
    {
        WebSocketServer server = await Servers.StartEchoAsync(kind);
        System.Net.EndPoint address = server.LocalEndPoint;
        Assert.False(server.Completion.IsCompleted);

        await server.StopAsync().WithDeadline();
        await server.StopAsync().WithDeadline();

        Assert.True(server.Completion.IsCompletedSuccessfully);
        Assert.Equal(address, server.LocalEndPoint);
        await Assert.ThrowsAsync<SocketException>(() => RawPeer.ConnectAsync(address));
    }

    [Theory]
    [EachServer]
    public async Task A_connection_may_stop_its_own_server_and_await_it(ServerKind kind)
    {
        var stopped = new TaskCompletionSource();
        WebSocketServer server = await Servers.StartAsync(Servers.OptionsOf(kind), async (own, connection, cancellation) =>
        {
            await connection.ReceiveAsync(cancellation);
            await own.StopAsync(CancellationToken.None);
            stopped.SetResult();
        });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() });

        await client.SendAsync("stop");

        await stopped.Task.WithDeadline();
        Assert.Equal(WebSocketCloseCode.GoingAway, (await client.Closed.WithDeadline()).Code);
        await server.Completion.WithDeadline();
    }

    [Theory]
    [EachServer]
    public async Task A_client_whose_handler_is_being_selected_is_rejected_by_a_stop(ServerKind kind)
    {
        var selecting = new TaskCompletionSource();
        using var stopped = new ManualResetEventSlim();
        var pool = new CountingPool();
        WebSocketServer server = await Servers.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops() with { Count = 2 },
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                Pool = pool,
            },
            _ =>
            {
                selecting.TrySetResult();
                stopped.Wait(Deadlines.Deadline);
                return new EchoHandler();
            });

        // The first client is on the loop that accepts, and is to stop doing so; the second, on the other.
        using RawPeer idle = await RawPeer.ConnectAsync(server.LocalEndPoint);
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() });
        await selecting.Task.WithDeadline();

        await server.StopAsync().WithDeadline();
        stopped.Set();

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal(503, thrown.StatusCode);
        Assert.Empty(server.GetConnections());
        await Deadlines.UntilAsync(() => pool.OutCount == 0, "all buffers are back");
        Assert.False(pool.HasFault, "a buffer came back twice");
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_canceled_token_aborts_peers_that_do_not_reply(ServerKind kind)
    {
        // The clock stands still: no deadline comes to the rescue.
        WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                TimeProvider = new ManualTimeProvider(),
            });
        using RawPeer deaf = await RawPeer.OpenAsync(server.LocalEndPoint);
        using var patience = new CancellationTokenSource();

        Task stopping = server.StopAsync(patience.Token);
        Assert.Equal(1001, (await deaf.ReadFrameAsync()).CloseCode);
        Assert.False(stopping.IsCompleted);
        await patience.CancelAsync();
        await stopping.WithDeadline();

        Assert.Empty(server.GetConnections());
        await Assert.ThrowsAnyAsync<IOException>(() => deaf.ReadFrameAsync());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_canceled_token_aborts_peers_that_do_not_read(ServerKind kind)
    {
        var full = new TaskCompletionSource();
        WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                TimeProvider = new ManualTimeProvider(),
            },
            async (connection, cancellation) =>
            {
                while (connection.TrySend(new byte[100_000]) is WebSocketSendResult.Sent or WebSocketSendResult.Queued)
                {
                    // Until nothing goes any more.
                }

                full.SetResult();
                await connection.SendAsync(new byte[1], cancellationToken: cancellation);
            });
        using RawPeer deaf = await RawPeer.OpenAsync(server.LocalEndPoint);
        await full.Task.WithDeadline();
        using var patience = new CancellationTokenSource();

        Task stopping = server.StopAsync(patience.Token);
        await patience.CancelAsync();
        await stopping.WithDeadline();

        Assert.Empty(server.GetConnections());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_delegate_that_never_returns_delays_a_stop_until_its_deadline_only(ServerKind kind)
    {
        var started = new TaskCompletionSource();
        WebSocketServer server = await WebSocketServer.StartAsync(Servers.OptionsOf(kind), async (_, _) =>
        {
            started.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None);
        });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());
        await started.Task.WithDeadline();

        await server.StopAsync(new WebSocketStopOptions { AbortTimeout = TimeSpan.FromMilliseconds(200) }).WithDeadline();

        Assert.Equal(WebSocketCloseCode.GoingAway, (await client.Closed.WithDeadline()).Code);
    }

    [Theory]
    [EachServer]
    public async Task A_stop_rejects_pending_handshakes_with_503_or_drops_them(ServerKind kind)
    {
        var time = new ManualTimeProvider();
        WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
            TimeProvider = time,
        });
        using RawPeer silent = await RawPeer.ConnectAsync(server.LocalEndPoint);
        using RawPeer halfway = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await halfway.SendAsync(kind.IsSecure() ? "\u0016" : "GET / HTTP/1.1\r\nHost: ");
        await Deadlines.UntilAsync(() => time.TimerCount > 0, "a handshake has begun");

        await server.StopAsync().WithDeadline();

        foreach (RawPeer client in new[] { silent, halfway })
        {
            // A client that was not accepted yet, or was still in TLS, gets no response.
            string response = await client.ReadToEndAsync();
            Assert.True(
                response.Length == 0
                    || (!kind.IsSecure() && response.StartsWith("HTTP/1.1 503 ", StringComparison.Ordinal)),
                response);
        }
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Clients_that_connect_during_a_stop_are_served_or_rejected(
        ServerKind kind)
    {
        for (int round = 0; round < 20; round++)
        {
            WebSocketServer server = await Servers.StartEchoAsync(kind);
            Task[] clients = [.. Enumerable.Range(0, 8).Select(_ => ConnectAndWaitAsync(server))];
            Thread.SpinWait(round * 20_000);

            await server.StopAsync().WithDeadline();

            Assert.Empty(server.GetConnections());
            await Task.WhenAll(clients).WithDeadline();
        }
    }

    private static async Task ConnectAndWaitAsync(WebSocketServer server)
    {
        try
        {
            await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());
            await client.Closed;
        }
        catch (WebSocketHandshakeException)
        {
            // It came too late.
        }
    }

    private static async Task<int> CountAsync(WebSocketConnection connection)
    {
        int count = 0;
        await foreach (WebSocketMessage message in connection.ReadAllAsync())
        {
            Assert.Equal(5000 + count, message.Payload.Length);
            count++;
        }

        return count;
    }
}
