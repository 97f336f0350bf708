using Sockeye.Connections.Lifecycle;
using Sockeye.Timing;

namespace Sockeye.Tests;

public sealed class KeepAliveTests
{
    // A ping is due after 20 s of silence, and its answer 20 s later; the wheel may take two ticks more each time.
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly DeadlineWheel _wheel;
    private readonly Owner _owner = new();

    public KeepAliveTests() => _wheel = new DeadlineWheel(_time, detectsStops: true);

    [Fact]
    public void A_silent_peer_is_sent_a_ping()
    {
        Start();

        _time.Advance(19.9 * Second);
        Assert.Equal(0, _owner.PingCount);
        _time.Advance(0.4 * Second);

        Assert.Equal(1, _owner.PingCount);
        Assert.Equal(0, _owner.SilentCount);
    }

    [Fact]
    public void A_peer_that_sends_no_pong_in_time_is_aborted_once()
    {
        Start();

        _time.Advance(39.9 * Second);
        Assert.Equal(0, _owner.SilentCount);
        _time.Advance(0.7 * Second);
        Assert.Equal(1, _owner.SilentCount);
        _time.Advance(1_000 * Second);

        Assert.Equal(1, _owner.SilentCount);
        Assert.Equal(1, _owner.PingCount);
        Assert.Equal(0, _time.TimerCount);
    }

    [Fact]
    public void A_peer_that_is_to_get_pongs_gets_one_in_each_interval_whatever_it_sends()
    {
        KeepAlive keepAlive = Start(KeepAliveOptions.Pongs(0.5 * Second));

        for (int i = 0; i < 100; i++)
        {
            _time.Advance(0.1 * Second);
            keepAlive.NoteLife(_wheel.RecentTick);
        }

        // One every half a second, or two ticks later.
        Assert.InRange(_owner.PongCount, 14, 20);
        Assert.Equal(0, _owner.PingCount);
        Assert.Equal(0, _owner.SilentCount);
    }

    [Fact]
    public void Any_byte_postpones_the_ping()
    {
        KeepAlive keepAlive = Start();

        for (int i = 0; i < 60; i++)
        {
            _time.Advance(Second);
            keepAlive.NoteLife(_wheel.RecentTick);
        }

        Assert.Equal(0, _owner.PingCount);
    }

    [Fact]
    public void Any_byte_counts_as_a_pong()
    {
        KeepAlive keepAlive = Start();
        _time.Advance(20.3 * Second);
        Assert.Equal(1, _owner.PingCount);

        _time.Advance(19 * Second);
        keepAlive.NoteLife(_wheel.RecentTick);
        _time.Advance(19.5 * Second);
        Assert.Equal(1, _owner.PingCount);
        _time.Advance(1 * Second);

        Assert.Equal(2, _owner.PingCount);
        Assert.Equal(0, _owner.SilentCount);
    }

    [Fact]
    public void Pings_keep_their_interval_if_the_pong_timeout_is_longer()
    {
        KeepAlive keepAlive = Start(new KeepAliveOptions { PingInterval = 5 * Second, PongTimeout = 60 * Second });
        _owner.OnPing = () => keepAlive.NoteLife(_wheel.RecentTick);

        _time.Advance(101.5 * Second);

        Assert.InRange(_owner.PingCount, 18, 20);
        Assert.Equal(0, _owner.SilentCount);
    }

    [Fact]
    public void A_peer_is_aborted_only_at_the_pong_timeout_if_it_is_longer_than_the_interval()
    {
        Start(new KeepAliveOptions { PingInterval = 5 * Second, PongTimeout = 60 * Second });

        _time.Advance(64.9 * Second);
        Assert.Equal(0, _owner.SilentCount);
        _time.Advance(1 * Second);

        Assert.Equal(1, _owner.SilentCount);
        Assert.Equal(1, _owner.PingCount);
    }

    [Fact]
    public void An_immediate_pong_counts_even_if_the_wheel_is_late()
    {
        // Another's deadline, in the same turn of the wheel and before ours, takes longer than a tick.
        KeepAlive keepAlive = Start();
        _owner.OnPing = () => keepAlive.NoteLife(_wheel.RecentTick);
        var slow = new SlowDeadline(_time);
        for (int i = 0; i < 40; i++)
        {
            _wheel.Schedule(slow, DeadlineWheel.Tick);
            _time.Advance(10.1 * Second);
        }

        Assert.True(_owner.PingCount > 5);
        Assert.Equal(0, _owner.SilentCount);
    }

    [Fact]
    public void A_pong_received_while_the_wheel_is_late_counts()
    {
        var time = new ManualTimeProvider();
        var wheel = new DeadlineWheel(time);
        var owner = new Owner();
        var keepAlive = new KeepAlive(owner);
        owner.OnReadingPausedAsked = () => time.Slip(1.5 * DeadlineWheel.Tick);
        owner.OnPing = () => keepAlive.NoteLife(wheel.RecentTick);
        keepAlive.Start(wheel, wheel.CurrentTick);

        time.Advance(120 * Second);

        Assert.True(owner.PingCount > 3);
        Assert.Equal(0, owner.SilentCount);
    }

    [Fact]
    public void A_peer_without_acknowledgements_is_aborted_while_reading_is_paused()
    {
        Start();
        _owner.IsReadingPaused = true;
        _owner.SinceAcknowledgment = TimeSpan.FromHours(1);

        _time.Advance(120 * Second);

        Assert.Equal(1, _owner.PingCount);
        Assert.Equal(1, _owner.SilentCount);
    }

    [Fact]
    public void A_peer_with_acknowledgements_is_not_aborted_while_reading_is_paused()
    {
        Start();
        _owner.IsReadingPaused = true;
        _owner.SinceAcknowledgment = 1 * Second;

        _time.Advance(600 * Second);

        Assert.True(_owner.PingCount > 5);
        Assert.Equal(0, _owner.SilentCount);
    }

    [Fact]
    public void A_peer_is_not_aborted_while_the_application_receives_its_messages()
    {
        Start();
        _owner.IsReadingPaused = true;
        _owner.SinceAcknowledgment = TimeSpan.FromHours(1);

        for (int i = 0; i < 60; i++)
        {
            _owner.TakenCount++;
            _time.Advance(10 * Second);
        }

        Assert.Equal(0, _owner.SilentCount);
    }

    [Fact]
    public void Without_a_pong_timeout_pings_continue_and_no_peer_is_aborted()
    {
        Start(new KeepAliveOptions { PongTimeout = Timeout.InfiniteTimeSpan });

        _time.Advance(101.5 * Second);

        Assert.InRange(_owner.PingCount, 4, 5);
        Assert.Equal(0, _owner.SilentCount);
    }

    [Fact]
    public void Without_a_ping_interval_no_deadline_is_armed()
    {
        Start(KeepAliveOptions.Disabled);

        _time.Advance(10_000 * Second);

        Assert.Equal(0, _owner.PingCount);
        Assert.Equal(0, _time.TimerCount);
    }

    [Fact]
    public void The_longest_interval_is_a_day()
    {
        Start(new KeepAliveOptions { PingInterval = TimeSpan.FromDays(1), PongTimeout = TimeSpan.FromDays(1) });

        _time.Advance(TimeSpan.FromDays(1) - Second);
        Assert.Equal(0, _owner.PingCount);
        _time.Advance(2 * Second);

        Assert.Equal(1, _owner.PingCount);
    }

    [Fact]
    public void A_dead_peer_is_detected_after_any_process_lifetime()
    {
        // The ping goes out before 32 bits of ticks are full, and is due to be answered after that.
        _time.Leap(TimeSpan.FromTicks(uint.MaxValue * DeadlineWheel.Tick.Ticks) - (25 * Second));
        KeepAlive keepAlive = Start();

        _time.Advance(21 * Second);
        Assert.Equal(1, _owner.PingCount);
        keepAlive.NoteLife(_wheel.RecentTick);
        _time.Advance(19 * Second);
        Assert.Equal(1, _owner.PingCount);
        _time.Advance(22 * Second);

        Assert.Equal(2, _owner.PingCount);
        Assert.Equal(1, _owner.SilentCount);
    }

    [Fact]
    public void A_peer_is_not_aborted_while_reading_is_paused()
    {
        Start();
        _time.Advance(21 * Second);
        _owner.IsReadingPaused = true;

        _time.Advance(300 * Second);
        Assert.Equal(0, _owner.SilentCount);
        _owner.IsReadingPaused = false;
        _time.Advance(45 * Second);

        Assert.Equal(1, _owner.SilentCount);
    }

    [Theory]
    [InlineData(1, 60)] // the ping was not due yet
    [InlineData(21, 60)]
    [InlineData(21, 20)] // the stop ends soon after the answer is due
    [InlineData(35, 6.5)]
    [InlineData(21, 3_600)]
    public void A_suspended_process_pings_again_before_it_aborts_the_peer(double before, double stop)
    {
        Start();
        _time.Advance(before * Second);

        _time.Leap(stop * Second);
        Assert.Equal(0, _owner.SilentCount);
        _time.Advance(19 * Second);

        Assert.Equal(0, _owner.SilentCount);
    }

    [Theory]
    [InlineData(21)]
    [InlineData(3_600)]
    public void A_clock_that_a_test_advances_by_one_jump_finds_a_dead_peer(int jump)
    {
        var wheel = new DeadlineWheel(_time);
        new KeepAlive(_owner).Start(wheel, wheel.CurrentTick);

        _time.Leap(jump * Second);
        Assert.Equal(1, _owner.PingCount);
        Assert.Equal(0, _owner.SilentCount);
        _time.Leap(jump * Second);

        Assert.Equal(1, _owner.PingCount);
        Assert.Equal(1, _owner.SilentCount);
    }

    [Fact]
    public void A_dead_peer_is_aborted_after_the_process_was_suspended()
    {
        Start();
        _time.Advance(21 * Second);

        _time.Leap(60 * Second);
        _time.Advance(41 * Second);

        Assert.Equal(1, _owner.SilentCount);
    }

    [Fact]
    public void Keep_alive_stops_at_the_end()
    {
        KeepAlive keepAlive = Start();
        _time.Advance(21 * Second);

        keepAlive.Stop(_wheel);
        _time.Advance(100 * Second);

        Assert.Equal(1, _owner.PingCount);
        Assert.Equal(0, _owner.SilentCount);
        Assert.Equal(0, _time.TimerCount);
    }

    [Fact]
    public void A_peer_on_a_slow_link_is_not_aborted_before_the_ping_has_reached_it()
    {
        _owner.IsPingOnItsWay = true;
        Start();
        _time.Advance(100 * Second);
        Assert.Equal(0, _owner.SilentCount);
        Assert.Equal(1, _owner.PingCount);

        // The ping is there. The peer has the whole timeout to answer it, counted from the last look before that.
        _owner.IsPingOnItsWay = false;
        _time.Advance(20.7 * Second);

        Assert.Equal(1, _owner.SilentCount);
    }

    private KeepAlive Start(KeepAliveOptions? options = null)
    {
        _owner.KeepAliveOptions = options ?? new KeepAliveOptions();
        var keepAlive = new KeepAlive(_owner);
        keepAlive.Start(_wheel, _wheel.CurrentTick);
        return keepAlive;
    }

    private sealed class Owner : IKeepAliveOwner
    {
        private bool _isReadingPaused;

        public KeepAliveOptions KeepAliveOptions { get; set; } = new KeepAliveOptions();

        public int PingCount { get; private set; }

        public int SilentCount { get; private set; }

        public Action? OnPing { get; set; }

        public Action? OnReadingPausedAsked { get; set; }

        public bool IsReadingPaused
        {
            get
            {
                OnReadingPausedAsked?.Invoke();
                return _isReadingPaused;
            }

            set => _isReadingPaused = value;
        }

        public void SendKeepAlivePing()
        {
            PingCount++;
            OnPing?.Invoke();
        }

        public int PongCount { get; private set; }

        public void SendKeepAlivePong() => PongCount++;

        public bool IsPingOnItsWay { get; set; }

        bool IKeepAliveOwner.IsPingOnItsWay() => IsPingOnItsWay;

        public int TakenCount { get; set; }

        public TimeSpan? SinceAcknowledgment { get; set; }

        public void OnPeerSilent() => SilentCount++;

        public void OnFaulted(Exception exception) => throw exception;
    }

    private sealed class SlowDeadline(ManualTimeProvider time) : Deadline
    {
        public override void OnDue(DeadlineWheel wheel) => time.Slip(1.5 * DeadlineWheel.Tick);

        public override void OnFaulted(Exception exception) => throw exception;
    }
}
