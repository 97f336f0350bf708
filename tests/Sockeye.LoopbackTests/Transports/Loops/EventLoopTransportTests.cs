using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>What an event loop's transport does beyond the contract of all transports.</summary>
public sealed class EventLoopTransportTests : IAsyncLifetime
{
    // One for the flood, and one of the mailbox's turn that has begun already.
    private const int MaxFloodedTurnsBetween = 2;

    private readonly ManualTimeProvider _time = new();
    private readonly FloodedSystemCalls _calls = new();
    private EventLoop? _loop;

    private EventLoop Loop => _loop!;

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        _loop = EventLoop.Start("test", TimeSpan.FromMilliseconds(100), _time, _calls);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        if (_loop is not null)
        {
            await _loop.StopAsync();
        }
    }

    [Fact]
    public async Task A_flooding_connection_does_not_starve_another()
    {
        const int Floods = 50;
        var deliveries = new ConcurrentQueue<string>();
        (Socket flooded, Socket flooding) = await TransportPair.ConnectUnixSocketsAsync();
        (Socket calm, Socket peer) = await TransportPair.ConnectUnixSocketsAsync();
        using (flooding)
        using (peer)
        {
            RecordingSink calmSink = Start(calm, out EventLoopTransport calmTransport);
            calmSink.Received = () => deliveries.Enqueue("calm");
            Descriptor descriptor = LoopSockets.TakeOver(flooded);
            var floodedTransport = new EventLoopTransport(Loop, descriptor, default);
            var floodedSink = new RecordingSink();
            floodedSink.Received = () =>
            {
                deliveries.Enqueue("flood");

                // In the middle of the flood the other has something to say. Over a Unix socket it is there at once.
                if (deliveries.Count(delivery => delivery == "flood") == Floods / 2)
                {
                    peer.Send(new byte[1]);
                }
            };
            _calls.Flood(descriptor.Number, Floods);
            floodedTransport.Sink = floodedSink;
            floodedTransport.Start();
            flooding.Send(new byte[1]);

            await calmSink.WhenReceived(1).WithDeadline();
            await Deadlines.UntilAsync(() => floodedSink.ReceivedCalls >= Floods, "the flood is over");

            string[] order = [.. deliveries];
            int turnsBetween = Array.IndexOf(order, "calm") - (Floods / 2);
            Assert.InRange(turnsBetween, 0, MaxFloodedTurnsBetween);
            calmTransport.Close();
            floodedTransport.Close();
        }
    }

    [Fact]
    public async Task A_peer_that_sends_and_closes_is_read_to_the_end()
    {
        // More than one buffer, and the end behind it in the same moment: the kernel tells of all that only once.
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        byte[] bytes = Payloads.Bytes(2_000_000);
        RecordingSink sink = Start(own, out EventLoopTransport transport);
        await using (var stream = new NetworkStream(peer, ownsSocket: true))
        {
            await stream.WriteAsync(bytes, TestContext.Current.CancellationToken);
        }

        await sink.WhenInputEnded().WithDeadline();

        Assert.True(bytes.AsSpan().SequenceEqual(sink.ReceivedBytes));
        transport.Close();
        await sink.WhenClosed().WithDeadline();
        Assert.Empty(sink.Violations);
    }

    [Fact]
    public async Task Bytes_and_end_that_arrived_during_a_pause_are_read_after_it()
    {
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        RecordingSink sink = Start(own, out EventLoopTransport transport);
        sink.Verdict = total => total == 1 ? ReadVerdict.Pause : ReadVerdict.Continue;
        peer.Send(new byte[1]);
        await sink.WhenReceived(1).WithDeadline();

        peer.Send(new byte[10_000]);
        peer.Dispose();
        await Loop.TurnAsync();
        Assert.Equal(1, sink.ReceivedLength);
        transport.ResumeReading();
        await sink.WhenInputEnded().WithDeadline();

        Assert.Equal(10_001, sink.ReceivedLength);
        transport.Close();
        await sink.WhenClosed().WithDeadline();
        Assert.Empty(sink.Violations);
    }

    [Fact]
    public async Task Urgent_bytes_do_not_block_the_bytes_after_them()
    {
        // TCP reads up to an urgent byte and stops there, however much is behind it (tcp(7)).
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        using (peer)
        {
            peer.Send(new byte[3]);
            peer.Send(new byte[1], SocketFlags.OutOfBand);
            peer.Send(new byte[3]);
            RecordingSink sink = Start(own, out EventLoopTransport transport);

            await sink.WhenReceived(6).WithDeadline();

            transport.Close();
            await sink.WhenClosed().WithDeadline();
            Assert.Equal(6, sink.ReceivedLength);
        }
    }

    [Fact]
    public async Task A_sink_that_throws_ends_only_its_own_transport()
    {
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        (Socket other, Socket otherPeer) = await TransportPair.ConnectSocketsAsync();
        using (peer)
        using (otherPeer)
        {
            RecordingSink otherSink = Start(other, out EventLoopTransport otherTransport);
            EventLoopTransport transport = own.ToTransport(Loop);
            var sink = new ThrowingSink();
            transport.Sink = sink;
            transport.Start();

            peer.Send(new byte[1]);
            Exception? error = await sink.Closed.Task.WithDeadline();
            otherPeer.Send(new byte[1]);
            await otherSink.WhenReceived(1).WithDeadline();

            Assert.Equal("thrown on purpose", error?.Message);
            otherTransport.Close();
        }
    }

    [Fact]
    public async Task A_sink_that_throws_in_a_flush_ends_only_its_own_transport()
    {
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        (Socket other, Socket otherPeer) = await TransportPair.ConnectSocketsAsync();
        using (peer)
        using (otherPeer)
        {
            int flushes = 0;
            var broken = new FlushSink(() => throw new InvalidOperationException("thrown on purpose"));
            var sound = new FlushSink(() => flushes++);
            EventLoopTransport brokenTransport = Start(own, broken);
            EventLoopTransport soundTransport = Start(other, sound);

            await Loop.RunAsync(() =>
            {
                brokenTransport.FlushLater();
                soundTransport.FlushLater();
            });

            Assert.Equal("thrown on purpose", (await broken.Closed.Task.WithDeadline())?.Message);
            Assert.Equal(1, flushes);
            soundTransport.Close();
            Assert.Null(await sound.Closed.Task.WithDeadline());
        }
    }

    [Fact]
    public async Task A_flush_requested_during_a_flush_runs_in_the_same_turn()
    {
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        (Socket other, Socket otherPeer) = await TransportPair.ConnectSocketsAsync();
        using (peer)
        using (otherPeer)
        {
            var order = new ConcurrentQueue<string>();
            EventLoopTransport second = Start(other, new FlushSink(() => order.Enqueue("second")));
            EventLoopTransport first = Start(own, new FlushSink(() =>
            {
                order.Enqueue("first");
                second.FlushLater();
                Loop.Post(new LoopSource { Posted = () => order.Enqueue("next turn") });
            }));

            await Loop.RunAsync(first.FlushLater);
            await Loop.TurnAsync();

            Assert.Equal(["first", "second", "next turn"], order);
            first.Close();
            second.Close();
        }
    }

    [Fact]
    public async Task A_transport_that_ends_within_a_turn_is_not_flushed()
    {
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        using (peer)
        {
            int flushes = 0;
            var sink = new FlushSink(() => flushes++);
            EventLoopTransport transport = Start(own, sink);

            // What is posted here is done in the next turn, in this order: the flush is asked for before the end comes.
            await Loop.RunAsync(() =>
            {
                Loop.Post(new LoopSource { Posted = transport.FlushLater });
                transport.Abort(error: null);
            });

            await sink.Closed.Task.WithDeadline();
            await Loop.TurnAsync();
            Assert.Equal(0, flushes);
        }
    }

    [Fact]
    public async Task A_sink_that_blocks_the_loop_is_notified_of_the_duration()
    {
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        using (peer)
        {
            EventLoopTransport transport = own.ToTransport(Loop);
            var sink = new SlowSink(_time);
            transport.Sink = sink;
            transport.Start();

            peer.Send([99]);
            peer.Send([99]);
            await Deadlines.UntilAsync(() => sink.ReceivedLength == 2, "the first two bytes");
            await Loop.TurnAsync();
            Assert.Empty(sink.HoldUps);
            peer.Send([250]);
            await Deadlines.UntilAsync(() => sink.ReceivedLength == 3, "the third byte");
            await Loop.TurnAsync();

            Assert.Equal([TimeSpan.FromMilliseconds(250)], sink.HoldUps);
            transport.Close();
        }
    }

    [Fact]
    public async Task Both_addresses_match_the_socket()
    {
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        using (peer)
        {
            EndPoint? local = own.LocalEndPoint;
            RecordingSink sink = Start(own, out EventLoopTransport transport);

            Assert.Equal(local, transport.LocalEndPoint);
            Assert.Equal(peer.LocalEndPoint, transport.RemoteEndPoint);
            transport.Close();
            await sink.WhenClosed().WithDeadline();
            Assert.Null(transport.LocalEndPoint);
            Assert.Equal(peer.LocalEndPoint, transport.RemoteEndPoint);
        }
    }

    private RecordingSink Start(Socket socket, out EventLoopTransport transport)
    {
        var sink = new RecordingSink();
        transport = Start(socket, sink);
        return sink;
    }

    private EventLoopTransport Start(Socket socket, ITransportSink sink)
    {
        EventLoopTransport transport = socket.ToTransport(Loop);
        transport.Sink = sink;
        transport.Start();
        return transport;
    }

    /// <summary>A peer so fast that it fills the buffer at several consecutive reads.</summary>
    private sealed class FloodedSystemCalls : SystemCalls
    {
        private int _descriptor = -1;
        private int _left;

        public void Flood(int descriptor, int times)
        {
            _descriptor = descriptor;
            _left = times;
        }

        public override int Receive(int descriptor, Span<byte> buffer)
        {
            if (descriptor != _descriptor || _left == 0)
            {
                return base.Receive(descriptor, buffer);
            }

            _left--;
            return buffer.Length;
        }
    }

    /// <summary>Takes as many milliseconds for a byte as its value says.</summary>
    private sealed class SlowSink(ManualTimeProvider time) : ITransportSink
    {
        private readonly ConcurrentQueue<TimeSpan> _holdUps = new();
        private int _receivedLength;

        public int ReceivedLength => Volatile.Read(ref _receivedLength);

        public IReadOnlyCollection<TimeSpan> HoldUps => _holdUps;

        public ReadVerdict OnReceived(Span<byte> bytes)
        {
            // Those that come together count once.
            time.Slip(TimeSpan.FromMilliseconds(bytes[0]));
            Interlocked.Add(ref _receivedLength, bytes.Length);
            return ReadVerdict.Continue;
        }

        public void OnHeldUp(TimeSpan duration) => _holdUps.Enqueue(duration);

        public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

        public void OnWritten()
        {
        }

        public void OnInputEnded()
        {
        }

        public void OnClosed(Exception? error)
        {
        }
    }

    private sealed class ThrowingSink : ITransportSink
    {
        public TaskCompletionSource<Exception?> Closed { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ReadVerdict OnReceived(Span<byte> bytes) => throw new InvalidOperationException("thrown on purpose");

        public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

        public void OnWritten()
        {
        }

        public void OnInputEnded()
        {
        }

        public void OnClosed(Exception? error) => Closed.SetResult(error);
    }

    /// <summary>Runs a callback of the test in its flush.</summary>
    private sealed class FlushSink(Action flush) : ITransportSink
    {
        public TaskCompletionSource<Exception?> Closed { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnFlush() => flush();

        public ReadVerdict OnReceived(Span<byte> bytes) => ReadVerdict.Continue;

        public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

        public void OnWritten()
        {
        }

        public void OnInputEnded()
        {
        }

        public void OnClosed(Exception? error) => Closed.SetResult(error);
    }
}
