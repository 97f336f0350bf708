using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>Which slow calls of an event loop are reported, and when.</summary>
public sealed class CallWatchTests
{
    private static readonly TimeSpan Threshold = TimeSpan.FromMilliseconds(100);

    private readonly ManualTimeProvider _time = new();
    private readonly NotingSource _source = new();
    private readonly CallWatch _watch;
    private TimeSpan _compiled;

    public CallWatchTests()
    {
        _watch = new CallWatch(Threshold, _time, _ => _compiled);
        _watch.Restart();
        _watch.Begin(_source);
    }

    [Fact]
    public void A_call_as_long_as_the_threshold_is_reported_at_its_end()
    {
        Pass(Threshold);

        _watch.End(_source);

        Assert.Equal([Threshold], _source.HeldUp);
    }

    [Fact]
    public void The_time_of_a_running_call_is_known_and_that_of_a_wait_does_not_count()
    {
        Pass(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(3), _watch.HeldUpFor);
        _watch.End(_source);
        Assert.Equal(TimeSpan.Zero, _watch.HeldUpFor);

        _watch.BeginWait();
        Pass(TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.Zero, _watch.HeldUpFor);

        _watch.Restart();
        _watch.Begin(_source);
        Pass(Threshold);
        Assert.Equal(Threshold, _watch.HeldUpFor);
    }

    [Fact]
    public void JIT_time_does_not_count_for_a_call()
    {
        Pass(2 * Threshold, compiled: 2 * Threshold);

        Look();
        _watch.End(_source);

        Assert.Empty(_source.HeldUp);
        Assert.Empty(_source.Stuck);
    }

    [Fact]
    public void JIT_time_of_one_call_does_not_count_for_the_next()
    {
        Pass(2 * Threshold, compiled: 2 * Threshold);
        Look();
        _watch.End(_source);
        _watch.Begin(_source);
        Pass(Threshold);

        Look();
        _watch.End(_source);

        Assert.Equal([Threshold], _source.HeldUp);
        Assert.Equal([Threshold], _source.Stuck);
    }

    [Fact]
    public void A_hanging_call_is_reported_while_it_hangs_and_again_after_ten_times_as_long()
    {
        for (int count = 0; count < 25; count++)
        {
            Look();
            Pass(Threshold / 2);
        }

        Assert.Equal([Threshold, 10 * Threshold], _source.Stuck);
        Assert.Empty(_source.HeldUp);
    }

    [Fact]
    public void A_hanging_call_is_reported_although_other_threads_compile()
    {
        Pass(10 * Threshold, compiled: 10 * Threshold);

        Look();

        Assert.Equal([10 * Threshold], _source.Stuck);
    }

    [Fact]
    public void A_loop_that_waits_is_not_stuck()
    {
        _watch.End(_source);
        _watch.BeginWait();
        Pass(100 * Threshold);

        Look();

        Assert.Empty(_source.Stuck);
    }

    [Fact]
    public void Many_flushes_that_are_slow_together_are_not_reported()
    {
        _watch.End(_source);
        for (int count = 0; count < 100; count++)
        {
            _watch.BeginFlush(_source);
            Pass(Threshold / 2);
            Look();
            Pass(Threshold / 2);
        }

        Assert.Empty(_source.Stuck);
    }

    [Fact]
    public void A_hanging_flush_is_reported_after_the_threshold()
    {
        _watch.BeginFlush(new NotingSource());
        Pass(Threshold);
        _watch.BeginFlush(_source);
        Pass(Threshold / 2);
        Look();
        Pass(Threshold);
        Look();

        Assert.Equal([Threshold], _source.Stuck);
    }

    [Fact]
    public void A_call_after_flushes_is_timed_from_its_own_start()
    {
        _watch.End(_source);
        _watch.BeginFlush(new NotingSource());
        Pass(Threshold);
        _watch.BeginWait();
        _watch.Restart();
        _watch.Begin(_source);
        Pass(Threshold);
        Look();

        Assert.Equal([Threshold], _source.Stuck);
    }

    private void Look()
    {
        if (_watch.TryFindStuck(out IEventLoopSource? stuck, out TimeSpan elapsed))
        {
            stuck.OnStuck(elapsed);
        }
    }

    private void Pass(TimeSpan time, TimeSpan compiled = default)
    {
        _time.Slip(time);
        _compiled += compiled;
    }

    private sealed class NotingSource : IEventLoopSource
    {
        public List<TimeSpan> HeldUp { get; } = [];

        public List<TimeSpan> Stuck { get; } = [];

        public void OnEvents(EpollEvents events)
        {
        }

        public void OnPosted()
        {
        }

        public void OnFaulted(Exception exception) => throw exception;

        public void OnHeldUp(TimeSpan duration) => HeldUp.Add(duration);

        public void OnStuck(TimeSpan duration) => Stuck.Add(duration);
    }
}
