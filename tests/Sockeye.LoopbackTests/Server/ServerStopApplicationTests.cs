namespace Sockeye.Tests;

/// <summary>StopAsync waits for the application's callbacks, within its deadlines.</summary>
public sealed class ServerStopApplicationTests
{
    private const int Stopping = 303;
    private const int StopCutShort = 304;
    private const int StopLeftApplication = 307;

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CapturingLoggerFactory _log = new();
    private volatile bool _isDone;

    [Theory]
    [EachServer]
    public async Task A_stop_waits_for_a_delegate_that_runs_after_its_connection_ended(ServerKind kind)
    {
        WebSocketServer server = await WebSocketServer.StartAsync(Options(kind), async (connection, cancellation) =>
        {
            try
            {
                await connection.ReceiveAsync(cancellation);
            }
            finally
            {
                await CleanUpAsync();
            }
        });

        await AssertStopWaitsAsync(server, kind);
    }

    [Theory]
    [EachServer]
    public async Task A_stop_waits_for_an_asynchronous_call_of_a_handler(ServerKind kind)
    {
        WebSocketServer server = await WebSocketServer.StartAsync(Options(kind), new AsyncHandler(_ => CleanUpAsync()));

        await AssertStopWaitsAsync(server, kind);
    }

    [Theory]
    [EachServer]
    public async Task A_stop_waits_for_the_last_call_of_a_handler(ServerKind kind)
    {
        WebSocketServer server = await WebSocketServer.StartAsync(
            Options(kind),
            new CallbackHandler
            {
                Closed = _ =>
                {
                    _begun.TrySetResult();
                    _released.Task.Wait(Deadlines.Deadline);
                    _isDone = true;
                },
            });

        await AssertStopWaitsAsync(server, kind);
    }

    [Theory]
    [EachServer]
    public async Task A_stop_returns_after_its_deadline_while_last_calls_of_handlers_block(ServerKind kind)
    {
        WebSocketServer server = await WebSocketServer.StartAsync(
            Options(kind), new CallbackHandler { Closed = _ => _released.Task.Wait(Deadlines.Deadline) });
        await using WebSocketConnection client = await ConnectAsync(server, kind);

        // Which does not answer the Close frame, so that the connection is dropped.
        await server.StopAsync(new WebSocketStopOptions { AbortTimeout = Short }).WithDeadline();

        Assert.False(_released.Task.IsCompleted);
        Assert.Single(_log.Entries, entry => entry.EventId == StopLeftApplication);
        _released.SetResult();
    }

    [Theory]
    [EachServer]
    public async Task A_stop_returns_although_OnHandshakeFailed_blocks(ServerKind kind)
    {
        WebSocketUpgradeRejection? Block(WebSocketHandshakeFailure failure)
        {
            _released.Task.Wait(Deadlines.Deadline);
            return null;
        }

        WebSocketServer server = await WebSocketServer.StartAsync(
            Options(kind) with { OnHandshakeFailed = Block }, new EchoHandler());
        using RawPeer peer = kind.IsSecure()
            ? await RawPeer.ConnectTlsAsync(server.LocalEndPoint)
            : await RawPeer.ConnectAsync(server.LocalEndPoint);
        await peer.SendAsync("GET / HTTP/1.1\r\n");
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 1, "the handshake has begun");

        await server.StopAsync(new WebSocketStopOptions { AbortTimeout = Short }).WithDeadline();

        Assert.False(_released.Task.IsCompleted);
        _released.SetResult();
    }

    [Theory]
    [EachServer]
    public async Task A_stop_returns_at_its_deadline_and_logs_how_many_connections_are_still_served(
        ServerKind kind)
    {
        WebSocketServer server = await WebSocketServer.StartAsync(Options(kind), async (connection, cancellation) =>
        {
            _begun.TrySetResult();
            await _released.Task;
        });
        await using WebSocketConnection client = await ConnectAsync(server, kind);
        await _begun.Task.WithDeadline();

        await server.StopAsync(new WebSocketStopOptions { AbortTimeout = Short }).WithDeadline();

        Assert.True(server.Completion.IsCompletedSuccessfully);
        CapturingLoggerFactory.LogEntry entry = Assert.Single(_log.Entries, entry => entry.EventId == StopLeftApplication);
        Assert.Contains("for 1 connections", entry.Message, StringComparison.Ordinal);
        _released.SetResult();
    }

    [Theory]
    [EachServer]
    public async Task A_canceled_token_stops_waiting_for_a_delegate(ServerKind kind)
    {
        WebSocketServer server = await WebSocketServer.StartAsync(Options(kind), async (connection, cancellation) =>
        {
            _begun.TrySetResult();
            await _released.Task;
        });
        await using WebSocketConnection client = await ConnectAsync(server, kind);
        await _begun.Task.WithDeadline();
        using var patience = new CancellationTokenSource();

        Task stopping = server.StopAsync(new WebSocketStopOptions { AbortTimeout = TimeSpan.FromHours(1) }, patience.Token);
        await client.Closed.WithDeadline();
        Assert.False(stopping.IsCompleted);
        await patience.CancelAsync();
        await stopping.WithDeadline();

        _released.SetResult();
    }

    [Theory]
    [EachServer]
    public async Task Disposal_by_a_delegate_waits_for_the_other_delegates_only(ServerKind kind)
    {
        var waiting = new TaskCompletionSource();
        var disposed = new TaskCompletionSource();
        await using WebSocketServer server = await Servers.StartAsync(
            Options(kind), async (own, connection, cancellation) =>
            {
                if ((await connection.ReceiveMessageAsync(cancellation)).Payload.Length == 0)
                {
                    try
                    {
                        waiting.SetResult();
                        await connection.ReceiveAsync(cancellation);
                    }
                    finally
                    {
                        await CleanUpAsync();
                    }
                }

                await own.DisposeAsync();
                Assert.True(_isDone);
                disposed.SetResult();
            });
        await using WebSocketConnection other = await ConnectAsync(server, kind);
        await other.SendAsync("");
        await waiting.Task.WithDeadline();
        await using WebSocketConnection client = await ConnectAsync(server, kind);

        await client.SendAsync("dispose");
        await _begun.Task.WithDeadline();
        Assert.False(disposed.Task.IsCompleted);
        _released.SetResult();

        // As soon as the other has returned; not after the deadline of the stop, which is as long as that of the test.
        await disposed.Task.WithDeadline();
        await server.Completion.WithDeadline();
    }

    // On a thread of the pool: the deadline that ends the connection is on another.
    [Theory]
    [InlineData(ServerKind.Socket)]
    [InlineData(ServerKind.Tls)]
    public async Task A_stop_waits_for_a_blocking_OnMessage_and_calls_OnClosed_after_it(ServerKind kind)
    {
        WebSocketConnection? served = null;
        bool isToldBehind = false;
        WebSocketServerOptions options = Options(kind);
        WebSocketServer server = await WebSocketServer.StartAsync(
            options with { Connection = options.Connection with { CloseTimeout = Short } },
            new CallbackHandler
            {
                Received = (connection, _) =>
                {
                    served = connection;
                    _begun.TrySetResult();
                    _released.Task.Wait(Deadlines.Deadline);
                    _isDone = true;
                },
                Closed = _ => isToldBehind = _isDone,
            });
        await using WebSocketConnection client = await ConnectAsync(server, kind);
        await client.SendAsync("begin");
        await _begun.Task.WithDeadline();

        Task stopping = server.StopAsync(new WebSocketStopOptions { AbortTimeout = TimeSpan.FromHours(1) });
        await served!.Closed.WithDeadline();
        Assert.False(stopping.IsCompleted);
        _released.SetResult();
        await stopping.WithDeadline();

        Assert.True(isToldBehind);
        Assert.DoesNotContain(_log.Entries, entry => entry.EventId == StopLeftApplication);
    }

    [Theory]
    [EachServer]
    public async Task A_delegates_own_StopAsync_does_not_wait_for_it_and_all_others_do(ServerKind kind)
    {
        Task? own = null;
        await using WebSocketServer server = await Servers.StartAsync(
            Options(kind), async (server, connection, cancellation) =>
            {
                await connection.ReceiveAsync(cancellation);
                own = server.StopAsync(new WebSocketStopOptions { AbortTimeout = TimeSpan.FromHours(1) }, CancellationToken.None);
                await CleanUpAsync();
            });
        await using WebSocketConnection client = await ConnectAsync(server, kind);

        await client.SendAsync("stop");
        await _begun.Task.WithDeadline();
        Task other = server.StopAsync();
        await own!.WithDeadline();

        Assert.False(other.IsCompleted);
        Assert.False(server.Completion.IsCompleted);
        _released.SetResult();
        await other.WithDeadline();
        await server.Completion.WithDeadline();
        Assert.True(_isDone);
        Assert.DoesNotContain(_log.Entries, entry => entry.EventId == StopLeftApplication);
    }

    [Theory]
    [EachServer]
    public async Task Delegates_that_await_StopAsync_do_not_wait_for_each_other(ServerKind kind)
    {
        const int Count = 3;
        using var stopped = new CountdownEvent(Count);
        await using WebSocketServer server = await Servers.StartAsync(
            Options(kind), async (server, connection, cancellation) =>
            {
                await connection.ReceiveAsync(cancellation);
                await server.StopAsync(new WebSocketStopOptions { AbortTimeout = TimeSpan.FromHours(1) }, CancellationToken.None);
                stopped.Signal();
            });
        var clients = new List<WebSocketConnection>();
        for (int count = 0; count < Count; count++)
        {
            clients.Add(await ConnectAsync(server, kind));
        }

        await Task.WhenAll(clients.Select(client => client.SendAsync("stop").AsTask())).WithDeadline();
        await server.Completion.WithDeadline();

        Assert.True(stopped.IsSet);
    }

    [Theory]
    [EachServer]
    public async Task A_stop_returns_after_its_deadline_although_the_logger_blocks(ServerKind kind)
    {
        _log.Logging = id =>
        {
            if (id is Stopping or StopCutShort or StopLeftApplication)
            {
                _released.Task.Wait(2 * Deadlines.Deadline);
            }
        };
        WebSocketServer server = await WebSocketServer.StartAsync(Options(kind), (_, _) => _released.Task);
        await using WebSocketConnection client = await ConnectAsync(server, kind);

        await server.StopAsync(new WebSocketStopOptions { AbortTimeout = Short }).WithDeadline();

        Assert.False(_released.Task.IsCompleted);
        await client.Closed.WithDeadline();
        _released.SetResult();
    }

    [Theory]
    [EachServer]
    public async Task A_stop_uses_the_TimeProvider_of_its_server(ServerKind kind)
    {
        // Less than the interval of keep-alive.
        TimeSpan timeout = TimeSpan.FromSeconds(1);
        var time = new ManualTimeProvider();
        WebSocketServer server = await WebSocketServer.StartAsync(
            Options(kind) with { TimeProvider = time }, (_, _) => _released.Task);
        await using WebSocketConnection client = await ConnectAsync(server, kind);

        Task stopping = server.StopAsync(new WebSocketStopOptions { DrainTimeout = timeout, AbortTimeout = timeout });
        time.Advance(timeout - TimeSpan.FromTicks(1));
        Assert.Equal(WebSocketConnectionState.Open, client.State);
        time.Advance(TimeSpan.FromTicks(1));
        await client.Closed.WithDeadline();
        Assert.False(stopping.IsCompleted);
        await Deadlines.UntilAsync(
            () =>
            {
                time.Advance(timeout);
                return stopping.IsCompleted;
            },
            "the stop");

        Assert.False(_released.Task.IsCompleted);
        _released.SetResult();
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_stop_with_a_failing_TimeProvider_ends_and_closes_all_connections(ServerKind kind)
    {
        var time = new FailingClock();
        WebSocketServer server = await WebSocketServer.StartAsync(Options(kind) with { TimeProvider = time }, (_, _) => _released.Task);
        using RawPeer mute = await RawPeer.OpenAsync(server.LocalEndPoint);

        time.Fails = true;
        await server.StopAsync(new WebSocketStopOptions { DrainTimeout = TimeSpan.FromHours(1) }).WithDeadline();

        // The clock fails while the connection may still drain: no Close frame is sent, and only an abort ends it.
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "the connection is aborted");
        _released.SetResult();
    }

    private async Task AssertStopWaitsAsync(WebSocketServer server, ServerKind kind)
    {
        await using WebSocketConnection client = await ConnectAsync(server, kind);
        await client.SendAsync("begin");
        Task stopping = server.StopAsync(new WebSocketStopOptions { AbortTimeout = TimeSpan.FromHours(1) });
        await _begun.Task.WithDeadline();
        await client.Closed.WithDeadline();
        Assert.False(stopping.IsCompleted);
        Assert.False(server.Completion.IsCompleted);
        _released.SetResult();
        await stopping.WithDeadline();

        Assert.True(_isDone);
        Assert.True(server.Completion.IsCompletedSuccessfully);
        Assert.DoesNotContain(_log.Entries, entry => entry.EventId == StopLeftApplication);
    }

    private async Task CleanUpAsync()
    {
        _begun.TrySetResult();
        await _released.Task;
        _isDone = true;
    }

    private static Task<WebSocketConnection> ConnectAsync(WebSocketServer server, ServerKind kind) =>
        WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.IsSecure() ? TestCertificate.ForClient() : null });

    private WebSocketServerOptions Options(ServerKind kind) => Servers.OptionsOf(kind) with { LoggerFactory = _log };

    private sealed class AsyncHandler(Func<WebSocketMessage, Task> receive) : WebSocketHandler
    {
        public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
            await receive(message);
    }

    private sealed class FailingClock : TimeProvider
    {
        public bool Fails { get; set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => Fails
            ? throw new InvalidOperationException("This clock fails on purpose.")
            : base.CreateTimer(callback, state, dueTime, period);
    }
}
