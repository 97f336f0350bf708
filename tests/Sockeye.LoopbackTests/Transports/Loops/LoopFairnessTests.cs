using System.Collections.Concurrent;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>A connection with much to write does not starve the others of its loop.</summary>
public sealed class LoopFairnessTests
{
    private const int MessageLength = 16_000;
    private const int Messages = 1000;

    // A mebibyte of a connection in each turn of its loop, and one turn to come to who asks in the middle of it.
    private const int MaxMessagesBetween = 2 * 1024 * 1024 / MessageLength;

    public LoopFairnessTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    // Each of the others has less than a slice to do; all of them together have much more than a millisecond.
    [Fact]
    public async Task Connections_that_used_up_their_turns_get_half_of_the_loops_time()
    {
        const int Count = 30;
        var time = new ManualTimeProvider();
        var calls = new WaitCountingSystemCalls();
        var turns = new ConcurrentQueue<int>();
        using var held = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        using var all = new CountdownEvent(2 * Count);
        var handler = new CallbackHandler
        {
            Received = (_, payload) =>
            {
                switch (payload[0])
                {
                    case 0:
                        held.Set();
                        Assert.True(goOn.Wait(Deadlines.Deadline), "the test does not let the loop go on");
                        break;
                    case 1:
                        time.Slip(TimeSpan.FromMicroseconds(90));
                        all.Signal();
                        break;
                    default:
                        turns.Enqueue(calls.WaitCount);
                        time.Slip(TimeSpan.FromMicroseconds(110));
                        all.Signal();
                        break;
                }
            },
        };
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                TimeProvider = time,
                EventLoop = EventLoopOptions.Default with
                {
                    Count = 1,
                    Calls = calls,
                    SlowCallbackThreshold = Timeout.InfiniteTimeSpan,
                },
            },
            handler);
        RawPeer[] modest = await OpenAsync(server, Count);
        RawPeer[] demoted = await OpenAsync(server, Count);
        foreach (RawPeer peer in demoted)
        {
            // The clock is looked at in front of the second message.
            await peer.SendAsync(Twice(2));
        }

        await Deadlines.UntilAsync(() => turns.Count == 2 * Count, "all have used up a slice");
        turns.Clear();
        all.Reset();

        await modest[0].SendMaskedAsync(RawFrame.Binary, 0);
        Assert.True(held.Wait(Deadlines.Deadline, TestContext.Current.CancellationToken), "the handler is not called");
        foreach (RawPeer peer in modest.Concat(demoted))
        {
            await peer.SendMaskedAsync(RawFrame.Binary, (byte)(demoted.Contains(peer) ? 2 : 1));
        }

        goOn.Set();
        Assert.True(all.Wait(Deadlines.Deadline, TestContext.Current.CancellationToken), "some were not handled");
        Assert.Equal(Count, turns.Count);

        // All in the turn of the others, but for those that its time was too short for.
        Assert.InRange(turns.Count(turn => turn == turns.First()), Count * 8 / 10, Count);
        Array.ForEach([.. modest, .. demoted], peer => peer.Dispose());
    }

    // The writing thread continues while others add frames; here it is the loop's thread.
    [Fact]
    public async Task Endless_posts_of_other_threads_do_not_starve_a_connection()
    {
        var connections = new ConcurrentQueue<WebSocketConnection>();
        var calls = new SendNotingSystemCalls();
        int sent = 0;
        int sentAtEcho = -1;
        var handler = new CallbackHandler
        {
            Opened = connections.Enqueue,
            Received = (connection, payload) =>
            {
                if (payload is [1])
                {
                    connection.TrySend([1], WebSocketMessageKind.Binary);
                }
                else
                {
                    sentAtEcho = sent;
                    connection.TrySend(payload, WebSocketMessageKind.Binary);
                }
            },
        };
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = EventLoopOptions.Default with
                {
                    Count = 1,
                    Calls = calls,
                    SlowCallbackThreshold = Timeout.InfiniteTimeSpan,
                },
            },
            handler);
        using RawPeer flooded = await RawPeer.OpenAsync(server.LocalEndPoint);
        using RawPeer calm = await RawPeer.OpenAsync(server.LocalEndPoint);
        Assert.True(connections.TryPeek(out WebSocketConnection? target));
        int descriptor = calls.Accepted[0];
        byte[] ask = Wire.Masked(RawFrame.Bytes(RawFrame.Binary, 2));

        // With each write of the loop's thread, another thread has something more to be written.
        calls.Sending = writing =>
        {
            if (writing == descriptor && sent < Messages)
            {
                if (sent++ == 0)
                {
                    calm.Stream.Write(ask);
                }

                RunElsewhere(() => target.TrySend(new byte[MessageLength], WebSocketMessageKind.Binary));
            }
        };
        await flooded.SendMaskedAsync(RawFrame.Binary, 1);
        Task reading = ReadAsync(flooded, Messages);

        Assert.Equal([2], (await calm.ReadFrameAsync()).Payload);
        await reading.WithDeadline();
        Assert.InRange(sentAtEcho, 1, MaxMessagesBetween);
    }

    private static void RunElsewhere(Action action) => Assert.True(Task.Run(action).Wait(Deadlines.Deadline), "it hangs");

    private static async Task ReadAsync(RawPeer peer, int messages)
    {
        Assert.Equal([1], (await peer.ReadFrameAsync()).Payload);
        for (int i = 0; i < messages; i++)
        {
            Assert.Equal(MessageLength, (await peer.ReadFrameAsync()).Payload.Length);
        }
    }

    private static byte[] Twice(byte payload)
    {
        byte[] frame = Wire.Masked(RawFrame.Bytes(RawFrame.Binary, payload));
        return [.. frame, .. frame];
    }

    private static async Task<RawPeer[]> OpenAsync(WebSocketServer server, int count)
    {
        var peers = new RawPeer[count];
        for (int i = 0; i < count; i++)
        {
            peers[i] = await RawPeer.OpenAsync(server.LocalEndPoint);
        }

        return peers;
    }

    private sealed class WaitCountingSystemCalls : SystemCalls
    {
        public int WaitCount { get; private set; }

        public override int WaitEpoll(int epoll, Span<byte> events, int timeoutMilliseconds)
        {
            WaitCount++;
            return base.WaitEpoll(epoll, events, timeoutMilliseconds);
        }
    }
}
