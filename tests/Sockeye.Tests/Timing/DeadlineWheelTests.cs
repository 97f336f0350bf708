using Sockeye.Timing;

namespace Sockeye.Tests;

public sealed class DeadlineWheelTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly DeadlineWheel _wheel;

    public DeadlineWheelTests() => _wheel = new DeadlineWheel(_time);

    [Theory]
    [InlineData(1)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData(1_000)]
    [InlineData(5_000)]
    [InlineData(25_500)]
    [InlineData(25_600)]
    [InlineData(25_700)]
    [InlineData(60_001)]
    [InlineData(600_000)]
    public void A_deadline_is_never_early_and_at_most_two_ticks_late(int afterMilliseconds)
    {
        TimeSpan after = TimeSpan.FromMilliseconds(afterMilliseconds);
        for (int phase = 0; phase < 210; phase += 7)
        {
            var time = new ManualTimeProvider();
            var wheel = new DeadlineWheel(time);
            time.Advance(phase % 13 * 8 * Millisecond); // when in a tick the timer fires
            wheel.Schedule(new TestDeadline(time), TimeSpan.FromDays(1));
            time.Advance(phase * Millisecond);
            TimeSpan scheduled = time.GetElapsedTime(0);
            var deadline = new TestDeadline(time);

            wheel.Schedule(deadline, after);
            time.Advance(after + (2 * DeadlineWheel.Tick));

            TimeSpan late = Assert.Single(deadline.DueAt) - scheduled - after;
            Assert.True(late >= TimeSpan.Zero, $"early by {-late} at phase {phase}");
            Assert.True(late <= 2 * DeadlineWheel.Tick, $"late by {late} at phase {phase}");
        }
    }

    [Fact]
    public void The_first_entry_of_an_idle_wheel_is_as_exact()
    {
        for (int phase = 0; phase < 210; phase += 7)
        {
            var time = new ManualTimeProvider();
            var wheel = new DeadlineWheel(time);
            time.Advance((phase + 3_600_000) * Millisecond);
            TimeSpan scheduled = time.GetElapsedTime(0);
            var deadline = new TestDeadline(time);

            wheel.Schedule(deadline, TimeSpan.FromSeconds(1));
            time.Advance(TimeSpan.FromSeconds(2));

            TimeSpan late = Assert.Single(deadline.DueAt) - scheduled - TimeSpan.FromSeconds(1);
            Assert.InRange(late, TimeSpan.Zero, 2 * DeadlineWheel.Tick);
        }
    }

    [Fact]
    public void An_entry_without_delay_expires_within_two_ticks()
    {
        var deadline = new TestDeadline(_time);
        _wheel.Schedule(deadline, TimeSpan.Zero);

        _time.Advance(2 * DeadlineWheel.Tick);

        Assert.Single(deadline.DueAt);
    }

    [Fact]
    public void Scheduling_again_replaces_the_earlier_time()
    {
        var deadline = new TestDeadline(_time);
        _wheel.Schedule(deadline, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(0.9));
        _wheel.Schedule(deadline, TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.Empty(deadline.DueAt);
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Single(deadline.DueAt);
    }

    [Fact]
    public void Scheduling_again_can_set_an_earlier_time()
    {
        var deadline = new TestDeadline(_time);
        _wheel.Schedule(deadline, TimeSpan.FromSeconds(100));
        _wheel.Schedule(deadline, TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromSeconds(1.2));

        Assert.Single(deadline.DueAt);
    }

    [Fact]
    public void A_canceled_entry_never_expires()
    {
        var deadline = new TestDeadline(_time);
        _wheel.Schedule(deadline, TimeSpan.FromSeconds(1));

        _wheel.Cancel(deadline);
        _wheel.Cancel(deadline);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Empty(deadline.DueAt);
    }

    [Fact]
    public void Canceling_an_entry_keeps_others_in_its_slot()
    {
        TestDeadline[] deadlines = [.. Enumerable.Range(0, 5).Select(_ => new TestDeadline(_time))];
        foreach (TestDeadline deadline in deadlines)
        {
            _wheel.Schedule(deadline, TimeSpan.FromSeconds(1));
        }

        _wheel.Cancel(deadlines[0]);
        _wheel.Cancel(deadlines[2]);
        _wheel.Cancel(deadlines[4]);
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal([0, 1, 0, 1, 0], deadlines.Select(deadline => deadline.DueAt.Count));
    }

    [Fact]
    public void The_timer_is_stopped_while_nothing_is_scheduled()
    {
        var deadline = new TestDeadline(_time);
        Assert.Equal(0, _time.TimerCount);

        _wheel.Schedule(deadline, TimeSpan.FromSeconds(1));
        Assert.Equal(1, _time.TimerCount);
        _wheel.Cancel(deadline);
        Assert.Equal(0, _time.TimerCount);
        _wheel.Schedule(deadline, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Single(deadline.DueAt);
        Assert.Equal(0, _time.TimerCount);
    }

    [Fact]
    public void After_a_jump_of_an_hour_due_entries_expire_once_and_others_on_time()
    {
        TestDeadline[] due = [.. Enumerable.Range(0, 500).Select(_ => new TestDeadline(_time))];
        for (int i = 0; i < due.Length; i++)
        {
            _wheel.Schedule(due[i], (1 + i) * TimeSpan.FromSeconds(1));
        }

        var later = new TestDeadline(_time);
        _wheel.Schedule(later, TimeSpan.FromHours(1) + TimeSpan.FromSeconds(30));

        _time.Leap(TimeSpan.FromHours(1));
        Assert.All(due, deadline => Assert.Single(deadline.DueAt));
        Assert.Empty(later.DueAt);
        _time.Advance(TimeSpan.FromSeconds(30.2));

        Assert.Single(later.DueAt);
        Assert.All(due, deadline => Assert.Single(deadline.DueAt));
    }

    [Theory]
    [InlineData(60)]
    [InlineData(3_600)]
    public void After_one_jump_entries_expire_in_the_order_of_their_times(int seconds)
    {
        List<int> order = [];
        for (int i = 59; i > 0; i--)
        {
            int second = i;
            _wheel.Schedule(new TestDeadline(_time) { OnCalled = () => order.Add(second) }, TimeSpan.FromSeconds(second));
        }

        _time.Leap(TimeSpan.FromSeconds(seconds));

        Assert.Equal(Enumerable.Range(1, 59), order);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_late_turn_counts_as_a_stop_of_the_process_only_where_stops_are_detected(bool detectsStops)
    {
        var wheel = new DeadlineWheel(_time, detectsStops: detectsStops);
        wheel.Schedule(new TestDeadline(_time), TimeSpan.FromHours(1));

        _time.Leap(TimeSpan.FromSeconds(3));

        Assert.Equal(detectsStops ? wheel.CurrentTick : 0, wheel.LastGapTick);
    }

    [Fact]
    public void A_clock_of_an_application_is_not_expected_to_run_steadily()
    {
        _wheel.Schedule(new TestDeadline(_time), TimeSpan.FromHours(1));

        _time.Leap(TimeSpan.FromMinutes(1));

        Assert.Equal(0, _wheel.LastGapTick);
    }

    [Fact]
    public void Ten_thousand_entries_expire_on_time()
    {
        var random = new Random(6455);
        (TestDeadline Deadline, TimeSpan After)[] all = new (TestDeadline, TimeSpan)[10_000];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = (new TestDeadline(_time), random.Next(1, 120_000) * Millisecond);
            _wheel.Schedule(all[i].Deadline, all[i].After);
        }

        for (int i = 0; i < all.Length; i += 3)
        {
            _wheel.Cancel(all[i].Deadline);
        }

        _time.Advance(TimeSpan.FromSeconds(121));

        for (int i = 0; i < all.Length; i++)
        {
            if (i % 3 == 0)
            {
                Assert.Empty(all[i].Deadline.DueAt);
            }
            else
            {
                Assert.InRange(
                    Assert.Single(all[i].Deadline.DueAt) - all[i].After, TimeSpan.Zero, 2 * DeadlineWheel.Tick);
            }
        }

        Assert.Equal(0, _time.TimerCount);
    }

    [Fact]
    public void An_entry_may_reschedule_itself_when_it_expires()
    {
        var deadline = new TestDeadline(_time) { Again = TimeSpan.FromSeconds(1) };
        _wheel.Schedule(deadline, TimeSpan.FromSeconds(1));

        _time.Advance(TimeSpan.FromSeconds(13));

        Assert.InRange(deadline.DueAt.Count, 10, 13);
        Assert.Equal(1, _time.TimerCount);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MaxValue / 2)]
    public void A_time_beyond_the_range_never_expires(long ticks)
    {
        var deadline = new TestDeadline(_time);

        _wheel.Schedule(deadline, TimeSpan.FromTicks(ticks));
        _time.Leap(TimeSpan.FromDays(365));

        Assert.Empty(deadline.DueAt);
    }

    [Theory]
    [InlineData(4_970.2)] // a day before 32 bits of ticks are full; and just before that; and half as long
    [InlineData(4_971.026)]
    [InlineData(2_485.513)]
    [InlineData(40_000)]
    public void Entries_expire_on_time_after_any_process_lifetime(double days)
    {
        _time.Leap(TimeSpan.FromDays(days));
        var soon = new TestDeadline(_time);
        var late = new TestDeadline(_time);
        TimeSpan scheduled = _time.GetElapsedTime(0);

        _wheel.Schedule(late, TimeSpan.FromDays(1));
        _wheel.Schedule(soon, TimeSpan.FromSeconds(30));
        _time.Advance(TimeSpan.FromSeconds(31));
        _time.Leap(TimeSpan.FromDays(1));

        Assert.InRange(
            Assert.Single(soon.DueAt) - scheduled - TimeSpan.FromSeconds(30), TimeSpan.Zero, 2 * DeadlineWheel.Tick);
        Assert.Single(late.DueAt);
    }

    [Fact]
    public void The_recent_tick_follows_the_clock_while_anything_is_scheduled()
    {
        _time.Advance(TimeSpan.FromMinutes(10));
        _wheel.Schedule(new TestDeadline(_time), TimeSpan.FromHours(1));

        for (int i = 0; i < 100; i++)
        {
            _time.Advance(37 * Millisecond);
            Assert.InRange(_wheel.CurrentTick - _wheel.RecentTick, 0, 1);
        }
    }

    [Fact]
    public void A_deadline_that_throws_is_reported_and_the_others_expire()
    {
        var throwing = new TestDeadline(_time) { Thrown = new InvalidOperationException("due") };
        var throwingTwice = new TestDeadline(_time)
        {
            Thrown = new InvalidOperationException("due"),
            ThrownAgain = new InvalidOperationException("faulted"),
        };
        var sound = new TestDeadline(_time);
        foreach (TestDeadline deadline in new[] { throwing, throwingTwice, sound })
        {
            _wheel.Schedule(deadline, TimeSpan.FromSeconds(1));
        }

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Same(throwing.Thrown, Assert.Single(throwing.Faults));
        Assert.Same(throwingTwice.Thrown, Assert.Single(throwingTwice.Faults));
        Assert.Single(sound.DueAt);
        Assert.Empty(sound.Faults);
        _wheel.Schedule(sound, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, sound.DueAt.Count);
    }

    [Fact]
    public void A_tick_that_comes_while_deadlines_are_being_called_calls_none_and_the_next_makes_up_for_it()
    {
        var wheel = new DeadlineWheel(_time, new NoTicker());
        var second = new TestDeadline(_time);
        int dueDuringTheFirst = -1;
        var first = new TestDeadline(_time)
        {
            OnCalled = () =>
            {
                wheel.Schedule(second, DeadlineWheel.Tick);
                _time.Slip(5 * DeadlineWheel.Tick);
                wheel.Turn(); // as a timer does that fires again
                dueDuringTheFirst = second.DueAt.Count;
            },
        };
        wheel.Schedule(first, DeadlineWheel.Tick);

        _time.Slip(2 * DeadlineWheel.Tick);
        wheel.Turn();
        Assert.Equal(0, dueDuringTheFirst);
        wheel.Turn();

        Assert.Single(first.DueAt);
        Assert.Single(second.DueAt);
    }

    [Fact]
    public void Users_of_the_same_clock_share_a_wheel()
    {
        Assert.Same(DeadlineWheel.For(_time), DeadlineWheel.For(_time));
        Assert.NotSame(DeadlineWheel.For(_time), DeadlineWheel.For(new ManualTimeProvider()));
    }

    private sealed class NoTicker : ITicker
    {
        public void Start()
        {
        }

        public void Stop()
        {
        }
    }

    private sealed class TestDeadline(ManualTimeProvider time) : Deadline
    {
        public List<TimeSpan> DueAt { get; } = [];

        public List<Exception> Faults { get; } = [];

        public TimeSpan? Again { get; init; }

        public Action? OnCalled { get; init; }

        public Exception? Thrown { get; init; }

        public Exception? ThrownAgain { get; init; }

        public override void OnFaulted(Exception exception)
        {
            Faults.Add(exception);
            Throw(ThrownAgain);
        }

        public override void OnDue(DeadlineWheel wheel)
        {
            DueAt.Add(time.GetElapsedTime(0));
            OnCalled?.Invoke();
            Throw(Thrown);
            if (Again is { } again)
            {
                wheel.Schedule(this, again);
            }
        }

        private static void Throw(Exception? exception)
        {
            if (exception is not null)
            {
                throw exception;
            }
        }
    }
}
