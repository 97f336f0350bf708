using System.Collections.Concurrent;
using System.Net.Sockets;
using Sockeye.Timing;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>The time a loop spends outside of calls does not count for a connection.</summary>
public sealed class FlushWatchTests : IAsyncLifetime
{
    private static readonly TimeSpan Threshold = TimeSpan.FromMilliseconds(100);

    private readonly ManualTimeProvider _time = new();
    private readonly List<Socket> _peers = [];
    private EventLoop? _loop;

    private EventLoop Loop => _loop!;

    public ValueTask InitializeAsync()
    {
        Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);
        _loop = EventLoop.Start("test", Threshold, _time);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        _peers.ForEach(peer => peer.Dispose());
        if (_loop is not null)
        {
            await _loop.StopAsync();
        }
    }

    [Fact]
    public async Task Many_flushes_that_are_slow_together_are_not_reported()
    {
        const int Count = 20;
        var flushing = new List<(EventLoopTransport Transport, FlushSink Sink)>();
        for (int count = 0; count < Count; count++)
        {
            flushing.Add(await StartAsync(Pass));
        }

        // Half a threshold each, under the eyes of the watchdog.
        void Pass()
        {
            _time.Slip(Threshold / 2);
            Loop.CheckProgress();
        }

        await Loop.RunAsync(() => flushing.ForEach(one => one.Transport.FlushLater()));

        // A hanging flush is reported: by then the others would have been reported too.
        await AssertToldAsync(flushing[0].Transport, flushing[0].Sink);
        Assert.All(flushing.Skip(1), one => Assert.Empty(one.Sink.Stuck));
        flushing.ForEach(one => one.Transport.Close());
    }

    [Fact]
    public async Task A_flush_that_hangs_is_reported_only_to_its_connection()
    {
        (EventLoopTransport before, FlushSink beforeSink) = await StartAsync(() => _time.Slip(Threshold / 2));
        (EventLoopTransport stuck, FlushSink sink) = await StartAsync(static () => { });
        await Loop.RunAsync(before.FlushLater);

        await AssertToldAsync(stuck, sink);

        Assert.Empty(beforeSink.Stuck);
        before.Close();
        stuck.Close();
    }

    [Fact]
    public async Task Slow_deadlines_are_not_reported_to_a_source()
    {
        TimeSpan threshold = TimeSpan.FromMilliseconds(400);
        EventLoop loop = EventLoop.Start("test", threshold, TimeProvider.System);
        var source = new LoopSource();
        var deadline = new CallingDeadline(() =>
        {
            loop.Post(source);
            long start = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(start) < 2 * threshold)
            {
                Thread.SpinWait(1000);
            }
        });

        loop.Wheel.Schedule(deadline, DeadlineWheel.Tick);
        await deadline.Done.Task.WithDeadline();
        await loop.TurnAsync();

        Assert.Empty(source.HoldUps);
        await loop.StopAsync();
    }

    private async Task AssertToldAsync(EventLoopTransport transport, FlushSink sink)
    {
        using var told = new ManualResetEventSlim();
        sink.Told = told.Set;
        sink.Flush = () =>
        {
            Loop.CheckProgress();
            _time.Slip(Threshold);
            Loop.CheckProgress();
            Assert.True(told.Wait(Deadlines.Deadline), "the connection is not told");
        };
        await Loop.RunAsync(transport.FlushLater);
        await Loop.TurnAsync();
        Assert.Equal([Threshold], sink.Stuck);
    }

    private async Task<(EventLoopTransport Transport, FlushSink Sink)> StartAsync(Action flush)
    {
        (Socket own, Socket peer) = await TransportPair.ConnectSocketsAsync();
        _peers.Add(peer);
        EventLoopTransport transport = own.ToTransport(Loop);
        var sink = new FlushSink { Flush = flush };
        transport.Sink = sink;
        transport.Start();
        return (transport, sink);
    }

    private sealed class CallingDeadline(Action call) : Deadline
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override void OnDue(DeadlineWheel wheel)
        {
            call();
            Done.SetResult();
        }

        public override void OnFaulted(Exception exception) => Done.SetException(exception);
    }

    /// <summary>Does what a test wants done when it is to flush, and writes down for how long it is said to have been stuck.</summary>
    private sealed class FlushSink : ITransportSink
    {
        private readonly ConcurrentQueue<TimeSpan> _stuck = new();

        public required Action Flush { get; set; }

        public Action Told { get; set; } = static () => { };

        public IReadOnlyCollection<TimeSpan> Stuck => _stuck;

        public void OnFlush() => Flush();

        public void OnStuck(TimeSpan duration)
        {
            _stuck.Enqueue(duration);
            Told();
        }

        public ReadVerdict OnReceived(Span<byte> bytes) => ReadVerdict.Continue;

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
}
