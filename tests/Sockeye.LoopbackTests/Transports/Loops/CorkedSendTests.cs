using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>
/// What the thread of a loop sends to any of the loop's connections is written once for each of them, at the end of the
/// turn; and nothing that can happen until then loses it, or changes its order.
/// </summary>
public sealed class CorkedSendTests : IAsyncLifetime
{
    private const int HeaderLength = 2;
    private const int LongHeaderLength = 4;
    private const int MaxGatheredLength = 48 * 1024;

    private readonly SendNotingSystemCalls _calls = new();
    private readonly CountingPool _pool = new();
    private readonly CallbackHandler _handler = new();
    private readonly List<WebSocketConnection> _served = [];
    private readonly List<RawPeer> _peers = [];
    private WebSocketServer? _server;

    private WebSocketServer Server => _server!;

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        _handler.Opened = _served.Add;
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RawPeer peer in _peers)
        {
            peer.Dispose();
        }

        if (_server is not null)
        {
            await _server.StopAsync().WithDeadline();
            await Deadlines.UntilAsync(() => _pool.OutCount == 0, "all buffers are back");
            Assert.False(_pool.HasFault, "a buffer came back twice");
        }
    }

    [Fact]
    public async Task Messages_a_handler_broadcasts_take_one_write_per_connection()
    {
        await OpenAsync(peers: 5);
        int sentInPlace = -1;
        _handler.Received = (_, payload) =>
        {
            foreach (byte value in payload)
            {
                _served.ForEach(connection => connection.TrySend([value, value], WebSocketMessageKind.Binary));
            }

            sentInPlace = _calls.Accepted.Sum(descriptor => _calls.LengthsOn(descriptor).Length);
        };

        await _peers[2].SendMaskedAsync(RawFrame.Binary, 1, 2, 3);

        foreach (RawPeer peer in _peers)
        {
            await AssertReceivesAsync(peer, [1, 1], [2, 2], [3, 3]);
        }

        Assert.Equal(0, sentInPlace);
        Assert.All(_calls.Accepted, descriptor => Assert.Equal([3 * (HeaderLength + 2)], _calls.LengthsOn(descriptor)));
    }

    [Fact]
    public async Task Sends_in_OnOpen_leave_with_the_101_and_sends_to_others_take_one_write_each()
    {
        await OpenAsync(peers: 2);
        _handler.Opened = opened =>
        {
            foreach (byte value in new byte[] { 1, 2 })
            {
                opened.TrySend([value], WebSocketMessageKind.Binary);
                _served.ForEach(connection => connection.TrySend([value], WebSocketMessageKind.Binary));
            }
        };

        using RawPeer late = await RawPeer.ConnectAsync(Server.LocalEndPoint);
        await late.SendAsync(RawPeer.Request());
        string head = await late.ReadHeadAsync();

        await AssertReceivesAsync(late, [1], [2]);
        await AssertReceivesAsync(_peers[0], [1], [2]);
        await AssertReceivesAsync(_peers[1], [1], [2]);
        int[] accepted = _calls.Accepted;
        Assert.Equal([2 * (HeaderLength + 1)], _calls.LengthsOn(accepted[0]));
        Assert.Equal([2 * (HeaderLength + 1)], _calls.LengthsOn(accepted[1]));
        Assert.Equal([head.Length + (2 * (HeaderLength + 1))], _calls.LengthsOn(accepted[2]));
    }

    [Theory]
    [InlineData(150, new[] { 12 })]
    [InlineData(1500, new[] { 6, 6 })]
    public async Task Sends_of_several_turns_leave_in_one_write_unless_they_wait_too_long(
        int microsecondsOfEach, int[] expectedWrites)
    {
        var time = new ManualTimeProvider();
        await OpenAsync(peers: 3, time: time);
        _handler.Received = (_, payload) =>
        {
            _served[1].TrySend(payload, WebSocketMessageKind.Binary);
            _served[2].TrySend(payload, WebSocketMessageKind.Binary);
            time.Advance(TimeSpan.FromMicroseconds(microsecondsOfEach));
        };

        byte[] payloads = [1, 2, 3, 4];
        byte[] frames = [.. payloads.SelectMany(value => Wire.Masked(RawFrame.Bytes(RawFrame.Binary, value)))];
        await _peers[0].SendAsync(frames);

        await AssertReceivesAsync(_peers[1], [1], [2], [3], [4]);
        await AssertReceivesAsync(_peers[2], [1], [2], [3], [4]);
        Assert.Equal(expectedWrites, _calls.LengthsOn(_calls.Accepted[1]));
        Assert.Equal(expectedWrites, _calls.LengthsOn(_calls.Accepted[2]));
    }

    [Fact]
    public async Task A_connection_of_another_loop_is_written_in_place()
    {
        await OpenAsync(peers: 2, loops: 2);
        int[] inPlace = [];
        int thread = 0;
        _handler.Received = (_, payload) =>
        {
            thread = Environment.CurrentManagedThreadId;
            Array.ForEach(payload, value => _served[1].TrySend([value], WebSocketMessageKind.Binary));
            inPlace = _calls.ThreadsOn(_calls.Accepted[1]);
            _served[0].TrySend([9], WebSocketMessageKind.Binary);
        };

        await _peers[0].SendMaskedAsync(RawFrame.Binary, 1, 2);
        await AssertReceivesAsync(_peers[1], [1], [2]);
        await AssertReceivesAsync(_peers[0], [9]);

        Assert.Equal([thread, thread], inPlace);
    }

    [Fact]
    public async Task A_send_on_another_thread_writes_the_corked_frames_before_it()
    {
        await OpenAsync(peers: 2);
        int[] inPlace = [];
        _handler.Received = (_, _) =>
        {
            _served[1].TrySend([1], WebSocketMessageKind.Binary);
            RunElsewhere(() => _served[1].TrySend([2], WebSocketMessageKind.Binary));
            inPlace = _calls.LengthsOn(_calls.Accepted[1]);
            _served[1].TrySend([3], WebSocketMessageKind.Binary);
            _served[1].TrySend([4], WebSocketMessageKind.Binary);
        };

        await _peers[0].SendMaskedAsync(RawFrame.Binary);
        await AssertReceivesAsync(_peers[1], [1], [2], [3], [4]);

        const int Two = 2 * (HeaderLength + 1);
        Assert.Equal([Two], inPlace);
        Assert.Equal([Two, Two], _calls.LengthsOn(_calls.Accepted[1]));
    }

    [Fact]
    public async Task A_write_in_progress_on_another_thread_precedes_corked_frames()
    {
        await OpenAsync(peers: 2);
        using var writing = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        int target = _calls.Accepted[1];
        _calls.Sending = descriptor =>
        {
            if (descriptor == target && !writing.IsSet)
            {
                writing.Set();
                Assert.True(goOn.Wait(Deadlines.Deadline), "the writer was not released");
            }
        };
        _handler.Received = (_, _) =>
        {
            _served[1].TrySend([2], WebSocketMessageKind.Binary);
            _served[0].TrySend([9], WebSocketMessageKind.Binary);
        };

        // A thread of its own: one of the pool's that is blocked may delay what this test waits for.
        Task elsewhere = Task.Factory.StartNew(
            () => _served[1].TrySend([1], WebSocketMessageKind.Binary), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        Assert.True(writing.Wait(Deadlines.Deadline, TestContext.Current.CancellationToken), "no thread writes");
        await _peers[0].SendMaskedAsync(RawFrame.Binary);

        // The turn is over, and waited for no other thread.
        await AssertReceivesAsync(_peers[0], [9]);
        Assert.Empty(_calls.LengthsOn(target));
        goOn.Set();
        await elsewhere.WithDeadline();

        await AssertReceivesAsync(_peers[1], [1], [2]);
    }

    [Fact]
    public async Task More_than_48_KiB_of_corked_frames_are_written_before_the_turn_ends()
    {
        const int Length = 5000;
        const int Count = 40;
        await OpenAsync(peers: 2);
        int[] inPlace = [];
        long mostGathered = 0;
        _handler.Received = (_, _) =>
        {
            for (byte value = 0; value < Count; value++)
            {
                byte[] payload = new byte[Length];
                payload[0] = value;
                _served[1].TrySend(payload, WebSocketMessageKind.Binary);
                mostGathered = Math.Max(mostGathered, _served[1].SendBufferLength);
            }

            inPlace = _calls.LengthsOn(_calls.Accepted[1]);
        };

        await _peers[0].SendMaskedAsync(RawFrame.Binary);
        for (int value = 0; value < Count; value++)
        {
            byte[] payload = (await _peers[1].ReadFrameAsync()).Payload;
            Assert.Equal((Length, value), (payload.Length, payload[0]));
        }

        const int FrameLength = Length + LongHeaderLength;
        Assert.InRange(mostGathered, MaxGatheredLength - FrameLength, MaxGatheredLength);
        Assert.InRange(inPlace.Sum(), (Count * FrameLength) - MaxGatheredLength, Count * FrameLength);
        Assert.InRange(_calls.LengthsOn(_calls.Accepted[1]).Length, 2, Count / 2);
    }

    [Fact]
    public async Task A_large_message_is_written_in_place_with_the_corked_frames_before_it()
    {
        const int LargeLength = 32 * 1024;
        await OpenAsync(peers: 2);
        int[] inPlace = [];
        _handler.Received = (_, _) =>
        {
            _served[1].TrySend([1], WebSocketMessageKind.Binary);
            _served[1].TrySend(Payloads.Bytes(LargeLength), WebSocketMessageKind.Binary);
            inPlace = _calls.LengthsOn(_calls.Accepted[1]);
            _served[1].TrySend([3], WebSocketMessageKind.Binary);
        };

        await _peers[0].SendMaskedAsync(RawFrame.Binary);
        await AssertReceivesAsync(_peers[1], [1], Payloads.Bytes(LargeLength), [3]);

        Assert.Equal([HeaderLength + 1 + LongHeaderLength + LargeLength], inPlace);
        Assert.Equal([.. inPlace, HeaderLength + 1], _calls.LengthsOn(_calls.Accepted[1]));
    }

    [Fact]
    public async Task A_close_frame_leaves_in_one_write_after_corked_frames()
    {
        await OpenAsync(peers: 3);
        _handler.Received = (_, _) =>
        {
            _served[1].TrySend([1], WebSocketMessageKind.Binary);
            _served[2].TrySend([2], WebSocketMessageKind.Binary);
            _ = _served[1].CloseAsync(WebSocketCloseCode.NormalClosure).AsTask();
        };

        await _peers[0].SendMaskedAsync(RawFrame.Binary);
        await AssertReceivesAsync(_peers[1], [1]);
        Assert.Equal(1000, (await _peers[1].ReadFrameAsync()).CloseCode);
        await _peers[1].SendMaskedAsync(RawFrame.Close, 0x03, 0xE8);
        _peers[1].EndOutput();
        await AssertReceivesAsync(_peers[2], [2]);

        Assert.True((await _served[1].Closed.WithDeadline()).WasClean);
        Assert.Equal([HeaderLength + 1 + HeaderLength + 2], _calls.LengthsOn(_calls.Accepted[1]));
    }

    [Fact]
    public async Task An_abort_drops_corked_frames_of_its_own_connection_only()
    {
        await OpenAsync(peers: 3);
        _handler.Received = (_, _) =>
        {
            _served[1].TrySend([1], WebSocketMessageKind.Binary);
            _served[2].TrySend([2], WebSocketMessageKind.Binary);
            _served[1].Abort();
        };

        await _peers[0].SendMaskedAsync(RawFrame.Binary);
        await AssertReceivesAsync(_peers[2], [2]);

        Assert.Equal("", await _peers[1].ReadToEndAsync());
        Assert.Empty(_calls.LengthsOn(_calls.Accepted[1]));
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, (await _served[1].Closed.WithDeadline()).Code);
    }

    [Fact]
    public async Task A_peer_that_half_closes_in_the_same_turn_gets_its_corked_frames()
    {
        await OpenAsync(peers: 4);
        using var goOn = new ManualResetEventSlim();
        _handler.Received = (connection, payload) =>
        {
            if (connection == _served[0])
            {
                Assert.True(goOn.Wait(Deadlines.Deadline), "the loop was not released");
                return;
            }

            _served[2].TrySend(payload, WebSocketMessageKind.Binary);
            _served[3].TrySend(payload, WebSocketMessageKind.Binary);
        };

        // Both happen while the loop is held, so it gets both events at once.
        await _peers[0].SendMaskedAsync(RawFrame.Binary);
        await _peers[1].SendMaskedAsync(RawFrame.Binary, 5);
        _peers[2].EndOutput();
        goOn.Set();

        await AssertReceivesAsync(_peers[2], [5]);
        await AssertReceivesAsync(_peers[3], [5]);
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, (await _served[2].Closed.WithDeadline()).Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reset_by_one_peer_does_not_affect_the_corked_frames_of_others(bool isGatheredFirst)
    {
        await OpenAsync(peers: 4);
        using var held = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        _handler.Received = (_, payload) =>
        {
            void SendAll() => _served.ForEach(connection => connection.TrySend(payload, WebSocketMessageKind.Binary));

            if (isGatheredFirst)
            {
                SendAll();
            }

            held.Set();
            Assert.True(goOn.Wait(Deadlines.Deadline), "the loop was not released");
            if (!isGatheredFirst)
            {
                SendAll();
            }
        };

        await _peers[0].SendMaskedAsync(RawFrame.Binary, 5);
        Assert.True(held.Wait(Deadlines.Deadline, TestContext.Current.CancellationToken), "the handler is not called");
        _peers[1].Reset();
        goOn.Set();

        await AssertReceivesAsync(_peers[0], [5]);
        await AssertReceivesAsync(_peers[2], [5]);
        await AssertReceivesAsync(_peers[3], [5]);
        WebSocketCloseResult result = await _served[1].Closed.WithDeadline();
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, result.Code);
        Assert.NotNull(result.Exception);
    }

    private static void RunElsewhere(Action action)
    {
        // Holds the loop, as no handler should.
        var thread = new Thread(() => action());
        thread.Start();
        Assert.True(thread.Join(Deadlines.Deadline), "the other thread hangs");
    }

    private static async Task AssertReceivesAsync(RawPeer peer, params byte[][] payloads)
    {
        foreach (byte[] payload in payloads)
        {
            RawFrame frame = await peer.ReadFrameAsync();
            Assert.Equal(RawFrame.Binary, frame.First);
            Assert.Equal(payload, frame.Payload);
        }
    }

    // One after the other, so that peers, connections and descriptors are in the same order.
    private async Task OpenAsync(int peers, int loops = 1, TimeProvider? time = null)
    {
        _server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = EventLoopOptions.Default with
                {
                    Count = loops,
                    Calls = _calls,
                    SlowCallbackThreshold = Timeout.InfiniteTimeSpan,
                },
                Pool = _pool,
                TimeProvider = time ?? TimeProvider.System,
            },
            _handler);
        for (int i = 0; i < peers; i++)
        {
            _peers.Add(await RawPeer.OpenAsync(Server.LocalEndPoint));
        }

        _calls.Forget();
    }
}
