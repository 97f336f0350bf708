using System.Diagnostics;

namespace Sockeye.Tests;

/// <summary>
/// Connections that send tiny messages without end, each of which costs the handler some time, take their turns with all
/// others. What is asserted is how many of their messages come first, and no time: the machine may be busy.
/// </summary>
public sealed class TinyFrameFloodTests
{
    private const byte Flood = 1;
    private const byte Calm = 2;
    private const int Flooding = 40;
    private const int Asks = 15;

    // What all of them have sent would be a quarter of a million; a slice has five.
    private const int MaxMessagesBetween = 4_000;

    private static readonly TimeSpan Work = TimeSpan.FromMicroseconds(20);

    private int _floods;
    private int _floodsAtAnswer;

    [Theory]
    [EachServer(64 * 1024)]
    [EachServer(1024 * 1024)]
    [EachServer(16 * 1024 * 1024)]
    public async Task Floods_of_tiny_messages_delay_neither_echoes_nor_handshakes_nor_a_stop(
        ServerKind kind, int maxInboxLength)
    {
        WebSocketServer server = await StartAsync(kind, maxInboxLength, TimeProvider.System, Spin);
        await AssertCalmAsync(kind, server);
    }

    [Theory]
    [EachServer(64 * 1024, false)]
    [EachServer(16 * 1024 * 1024, false)]
    [EachServer(64 * 1024, true)]
    [EachServer(16 * 1024 * 1024, true)]
    public async Task Receive_loops_that_always_find_a_message_take_turns(
        ServerKind kind, int maxInboxLength, bool runsInline)
    {
        WebSocketServerOptions options = Options(kind, maxInboxLength, TimeProvider.System);
        WebSocketServer server = await WebSocketServer.StartAsync(
            options with { Connection = options.Connection with { RunReceiveContinuationsInline = runsInline } },
            async (connection, cancellation) =>
            {
                await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
                {
                    Receive(connection, message.Payload.Span, Spin);
                }
            });
        await AssertCalmAsync(kind, server);
    }

    // What waits for an asynchronous call is delivered by the thread that completes it.
    [Theory]
    [EachServer(64 * 1024)]
    [EachServer(16 * 1024 * 1024)]
    public async Task Messages_queued_behind_asynchronous_calls_are_delivered_in_turns(ServerKind kind, int maxInboxLength)
    {
        int calls = 0;
        WebSocketServer server = await WebSocketServer.StartAsync(
            Options(kind, maxInboxLength, TimeProvider.System),
            new AsyncMessageHandler(async (connection, payload) =>
            {
                // One in a thousand waits; those that come meanwhile are in the inbox then.
                if (payload.Span is [Flood] && Interlocked.Increment(ref calls) % 1_000 == 0)
                {
                    await Task.Yield();
                }

                Receive(connection, payload.Span, Spin);
            }));
        await AssertCalmAsync(kind, server);
    }

    private async Task AssertCalmAsync(ServerKind kind, WebSocketServer server)
    {
        using RawPeer calm = await OpenAsync(kind, server);
        using var over = new CancellationTokenSource();
        var flooding = new List<RawPeer>();
        for (int count = 0; count < Flooding; count++)
        {
            flooding.Add(await OpenAsync(kind, server));
        }

        Task[] floods = [.. flooding.Select(peer => FloodAsync(peer, over.Token))];
        await Deadlines.UntilAsync(() => Volatile.Read(ref _floods) > 1_000, "the floods have begun");
        int[] between = new int[Asks];
        for (int ask = 0; ask < Asks; ask++)
        {
            await calm.SendMaskedAsync(RawFrame.Binary, Calm);
            int atAsk = Volatile.Read(ref _floods);
            Assert.Equal((byte[])[Calm], (await calm.ReadFrameAsync()).Payload);
            between[ask] = _floodsAtAnswer - atAsk;
        }

        using RawPeer late = await OpenAsync(kind, server);
        Assert.InRange(between.Order().ElementAt(Asks / 2), int.MinValue, MaxMessagesBetween);

        // None of them answers the Close frame in time: all are dropped.
        await server.StopAsync(new WebSocketStopOptions { AbortTimeout = TimeSpan.FromMilliseconds(500) }).WithDeadline();
        Assert.Empty(server.GetConnections());
        await over.CancelAsync();
        await Task.WhenAll(floods).WithDeadline();
        flooding.ForEach(peer => peer.Dispose());
    }

    // One read of an event loop has room for all of it, and the loop looks at nothing else meanwhile.
    [Fact]
    public async Task A_connection_that_sends_during_a_long_read_is_served_after_one_turn()
    {
        Assert.SkipUnless(Transports.Loops.EventLoop.IsSupported, LoopSockets.NotSupported);
        const int Length = 20_000;
        const int Middle = 500;
        var time = new ManualTimeProvider();
        RawPeer? calm = null;
        byte[] ask = Wire.Masked(RawFrame.Bytes(RawFrame.Binary, Calm));
        await using WebSocketServer server = await StartAsync(ServerKind.EventLoop, 64 * 1024, time, () =>
        {
            time.Slip(Work);
            if (_floods == Middle)
            {
                calm!.Stream.Write(ask);
            }
        });
        using RawPeer flood = await RawPeer.OpenAsync(server.LocalEndPoint);
        calm = await RawPeer.OpenAsync(server.LocalEndPoint);
        byte[] one = Wire.Masked(RawFrame.Bytes(RawFrame.Binary, Flood));

        Task sending = flood.SendAsync((byte[])[.. Enumerable.Repeat(one, Length).SelectMany(bytes => bytes)]);
        Assert.Equal((byte[])[Calm], (await calm.ReadFrameAsync()).Payload);
        await Deadlines.UntilAsync(() => Volatile.Read(ref _floods) == Length, "all have been handled");
        await sending.WithDeadline();

        // The rest of this slice; at most as many slices as there is room for in a turn, and the first of the next turn.
        Assert.InRange(_floodsAtAnswer, Middle, Middle + 100);
        calm.Dispose();
    }

    private void Receive(WebSocketConnection connection, ReadOnlySpan<byte> payload, Action work)
    {
        if (payload is [Flood])
        {
            Interlocked.Increment(ref _floods);
            work();
        }
        else
        {
            _floodsAtAnswer = Volatile.Read(ref _floods);
            connection.TrySend(payload);
        }
    }

    private Task<WebSocketServer> StartAsync(ServerKind kind, int maxInboxLength, TimeProvider time, Action work) =>
        WebSocketServer.StartAsync(
            Options(kind, maxInboxLength, time),
            new CallbackHandler { Received = (connection, payload) => Receive(connection, payload, work) });

    private static WebSocketServerOptions Options(ServerKind kind, int maxInboxLength, TimeProvider time) => new()
    {
        EndPoint = Servers.Loopback,
        Tls = kind.Tls(),
        TimeProvider = time,
        EventLoop = kind.Loops() with { Count = 1 },
        TlsEngine = kind.TlsEngine(),
        Connection = new()
        {
            Limits = new() { MaxInboxLength = maxInboxLength },
        },
    };

    private static async Task<RawPeer> OpenAsync(ServerKind kind, WebSocketServer server)
    {
        RawPeer peer = kind.IsSecure()
            ? await RawPeer.ConnectTlsAsync(server.LocalEndPoint)
            : await RawPeer.ConnectAsync(server.LocalEndPoint);
        await peer.SendAsync(RawPeer.Request());
        Assert.StartsWith("HTTP/1.1 101 ", await peer.ReadHeadAsync(), StringComparison.Ordinal);
        return peer;
    }

    private static async Task FloodAsync(RawPeer peer, CancellationToken cancellationToken)
    {
        byte[] one = Wire.Masked(RawFrame.Bytes(RawFrame.Binary, Flood));
        byte[] many = [.. Enumerable.Repeat(one, 1_000).SelectMany(bytes => bytes)];
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await peer.Stream.WriteAsync(many, cancellationToken);

                // What completes in place must not keep the thread, which the server needs as well.
                await Task.Yield();
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The server has dropped it, or the test is over.
        }
    }

    private static void Spin()
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Work)
        {
            // As a handler that computes something.
        }
    }

    private sealed class AsyncMessageHandler(Func<WebSocketConnection, ReadOnlyMemory<byte>, ValueTask> received) : WebSocketHandler
    {
        public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) =>
            received(connection, message.Payload);
    }
}
