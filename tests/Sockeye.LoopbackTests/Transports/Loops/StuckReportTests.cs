using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>A source is notified of its hanging call on another thread, one notification per loop at a time.</summary>
public sealed class StuckReportTests
{
    private static readonly TimeSpan Threshold = TimeSpan.FromMilliseconds(100);

    public StuckReportTests() => Assert.SkipUnless(EventLoop.IsSupported, LoopSockets.NotSupported);

    [Fact]
    public async Task A_pending_stuck_report_suppresses_others_and_the_watch_continues()
    {
        var time = new ManualTimeProvider();
        EventLoop loop = EventLoop.Start("test", Threshold, time);
        using var released = new ManualResetEventSlim();
        using var returned = new ManualResetEventSlim();
        var source = new StuckSource(released, returned);
        loop.Post(source);
        await Deadlines.UntilAsync(() => source.IsCalled, "the call has begun");

        time.Slip(Threshold);
        await Deadlines.UntilAsync(() => source.Reports == 1, "the first report");
        time.Slip(100 * Threshold);
        int raised = 0;
        loop.Unresponsive += () => Interlocked.Increment(ref raised);
        loop.CheckProgress();
        loop.CheckProgress();

        Assert.InRange(Volatile.Read(ref raised), 2, int.MaxValue);
        Assert.Equal(1, source.Reports);
        released.Set();
        await Deadlines.UntilAsync(() => source.Reports == 2, "the second report");
        returned.Set();
        await loop.StopAsync();
    }

    private sealed class StuckSource(ManualResetEventSlim released, ManualResetEventSlim returned) : IEventLoopSource
    {
        private volatile bool _isCalled;
        private int _reports;

        public bool IsCalled => _isCalled;

        public int Reports => Volatile.Read(ref _reports);

        public void OnPosted()
        {
            _isCalled = true;
            returned.Wait(Deadlines.Deadline);
        }

        public void OnStuck(TimeSpan duration)
        {
            Interlocked.Increment(ref _reports);
            released.Wait(Deadlines.Deadline);
        }

        public void OnEvents(EpollEvents events)
        {
        }

        public void OnFaulted(Exception exception)
        {
        }

        public void OnHeldUp(TimeSpan duration)
        {
        }
    }
}
