using System.Collections.Concurrent;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>However much one connection has to write, the others of its loop have their turns.</summary>
public sealed class LoopFairnessTests
{
    private const int MessageLength = 16_000;
    private const int Messages = 1000;

    // A mebibyte of a connection in each turn of its loop, and one turn to come to who asks in the middle of it.
    private const int MaxMessagesBetween = 2 * 1024 * 1024 / MessageLength;

    public LoopFairnessTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    // Whoever writes goes on as long as others add something, and here that is the loop's own thread.
    [Fact]
    public async Task What_other_threads_send_without_end_does_not_keep_the_loop_from_another_connection()
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
}
