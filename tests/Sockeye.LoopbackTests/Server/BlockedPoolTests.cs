using System.Diagnostics;
using System.Net.Sockets;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>A server stops in time although the application blocks the whole thread pool.</summary>
// Alone, since nothing else of the process gets a thread of the pool meanwhile.
[CollectionDefinition(nameof(BlockedPoolTests), DisableParallelization = true)]
[Collection(nameof(BlockedPoolTests))]
public sealed class BlockedPoolTests : IDisposable
{
    // The pool adds one or two threads a second to those that block: what is queued behind these waits for minutes.
    private const int BlockedCount = 300;

    private static readonly WebSocketStopOptions Quick = new() { AbortTimeout = TimeSpan.FromMilliseconds(200) };

    // 0.7 s, and some for a busy machine.
    private static readonly TimeSpan MaxStopTime = TimeSpan.FromSeconds(2);

    private readonly ManualResetEventSlim _released = new();
    private readonly ManualResetEventSlim _goneOn = new();
    private readonly CountdownEvent _blocked = new(BlockedCount);
    private bool _isPoolBlocked;

    public void Dispose()
    {
        _released.Set();
        if (_isPoolBlocked)
        {
            Assert.True(_blocked.Wait(Deadlines.Deadline), "the pool is blocked still");
        }

        _released.Dispose();
        _goneOn.Dispose();
        _blocked.Dispose();
    }

    [Theory]
    [EachServer]
    public async Task A_thread_blocked_on_StopAsync_is_woken_in_time(ServerKind kind)
    {
        WebSocketServer server = await StartAsync(kind);
        await using WebSocketConnection client = await ConnectAsync(server, kind);

        WhilePoolIsBlocked(() =>
        {
            Task first = Elsewhere(() => server.StopAsync(Quick));
            Task second = Elsewhere(() => server.StopAsync());

            AssertCompletes(first);
            AssertCompletes(second);
            AssertCompletes(server.Completion);
            AssertCompletes(server.DisposeAsync().AsTask());
        });
    }

    [Theory]
    [EachServer]
    public async Task A_method_that_awaits_StopAsync_continues_in_time(ServerKind kind)
    {
        WebSocketServer server = await StartAsync(kind);
        await using WebSocketConnection client = await ConnectAsync(server, kind);

        WhilePoolIsBlocked(() =>
        {
            Task stopping = Elsewhere(() => GoOnAfterAsync(() => server.StopAsync(Quick)));

            AssertGoesOn();
            AssertCompletes(stopping);
            AssertCompletes(server.Completion);
        });
    }

    [Theory]
    [EachServer]
    public async Task RunAsync_ends_in_time_when_its_token_is_canceled(ServerKind kind)
    {
        WebSocketServer server = await StartAsync(kind);
        await using WebSocketConnection client = await ConnectAsync(server, kind);
        using var cancellation = new CancellationTokenSource();

        Task running = GoOnAfterAsync(() => server.RunAsync(Quick, cancellation.Token));
        WhilePoolIsBlocked(() =>
        {
            Elsewhere(() =>
            {
                cancellation.Cancel();
                return running;
            });

            AssertGoesOn();
            AssertCompletes(running);
        });
    }

    [Theory]
    [EachServer]
    public async Task A_continuation_of_StopAsync_that_blocks_does_not_delay_other_callers(ServerKind kind)
    {
        var served = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        WebSocketServer server = await WebSocketServer.StartAsync(Servers.OptionsOf(kind), (_, _) => served.Task);
        await using WebSocketConnection client = await ConnectAsync(server, kind);

        // The stop must not end before something awaits it, which would then block the thread of this test.
        Task blocking = BlockAfterAsync(server.StopAsync());
        served.SetResult();
        await server.StopAsync().WithDeadline();
        await server.Completion.WithDeadline();

        Assert.False(blocking.IsCompleted);
        _released.Set();
        await blocking.WithDeadline();
    }

    [Fact] // CC-40
    public async Task A_silent_peer_of_an_event_loop_is_aborted_in_time()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        WebSocketServerOptions options = Servers.OptionsOf(ServerKind.EventLoop);
        var timeout = TimeSpan.FromSeconds(1);
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            options with
            {
                Connection = options.Connection with { KeepAlive = new() { PingInterval = timeout, PongTimeout = timeout } },
            },
            new EchoHandler());
        using var peer = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = (int)Deadlines.Deadline.TotalMilliseconds };
        peer.Connect(server.LocalEndPoint!);
        peer.Send(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"u8);

        WhilePoolIsBlocked(() =>
        {
            long start = Stopwatch.GetTimestamp();
            ReadToEnd(peer);
            Assert.InRange(Stopwatch.GetElapsedTime(start), timeout, 4 * timeout);
        });
    }

    private static void ReadToEnd(Socket socket)
    {
        byte[] buffer = new byte[1024];
        try
        {
            while (socket.Receive(buffer) != 0)
            {
                // The response, and the ping that gets no pong.
            }
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The abort.
        }
    }

    private async Task BlockAfterAsync(Task stopping)
    {
        await stopping.ConfigureAwait(false);
        _released.Wait(2 * Deadlines.Deadline);
    }

    private async Task GoOnAfterAsync(Func<Task> stop)
    {
        await stop().ConfigureAwait(false);
        _goneOn.Set();
    }

    // As the main thread does: what a thread of the pool queues may come before what waits there already.
    private static Task Elsewhere(Func<Task> begin)
    {
        Task? begun = null;
        var thread = new Thread(() => begun = begin());
        thread.Start();
        Assert.True(thread.Join(Deadlines.Deadline), "the call does not return");
        return begun!;
    }

    private void WhilePoolIsBlocked(Action action)
    {
        _isPoolBlocked = true;
        for (int count = 0; count < BlockedCount; count++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static test =>
                {
                    test._released.Wait();
                    test._blocked.Signal();
                },
                this,
                preferLocal: false);
        }

        try
        {
            action();
        }
        finally
        {
            // What becomes of the test needs the pool too.
            _released.Set();
        }
    }

    // Blocking, as a main program does: no thread of the pool is needed.
    private static void AssertCompletes(Task task) =>
        Assert.True(((IAsyncResult)task).AsyncWaitHandle.WaitOne(MaxStopTime), "it waits for the thread pool");

    private void AssertGoesOn() => Assert.True(_goneOn.Wait(MaxStopTime), "it waits for the thread pool");

    private static Task<WebSocketServer> StartAsync(ServerKind kind) => WebSocketServer.StartAsync(
        Servers.OptionsOf(kind), (_, _) => Task.Delay(Timeout.Infinite));

    private static Task<WebSocketConnection> ConnectAsync(WebSocketServer server, ServerKind kind) =>
        WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() });
}
