using Sockeye.Connections.Lifecycle;

namespace Sockeye.Tests;

public sealed class PingTrackerTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly PingTracker _pings;

    public PingTrackerTests() => _pings = new PingTracker(_time);

    [Fact]
    public void A_pong_sets_the_round_trip_time()
    {
        (byte[] payload, Task<TimeSpan> answer) = Begin();
        _time.Advance(TimeSpan.FromMilliseconds(42));

        _pings.OnPong(payload);

        Assert.Equal(TimeSpan.FromMilliseconds(42), Answered(answer));
        Assert.Equal(TimeSpan.FromMilliseconds(42), _pings.RoundTripTime);
    }

    [Fact] // RFC 6298 §2
    public void The_smoothed_round_trip_time_follows_by_an_eighth_and_the_minimum_is_kept()
    {
        Assert.Null(_pings.Times);
        foreach (int milliseconds in new[] { 80, 160, 40, 80 })
        {
            (byte[] payload, _) = Begin();
            _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
            _pings.OnPong(payload);
        }

        WebSocketRoundTripTimes times = _pings.Times!.Value;
        Assert.Equal(TimeSpan.FromMilliseconds(80), times.Last);
        Assert.Equal(TimeSpan.FromMilliseconds(40), times.Minimum);

        // 80, 90, 83.75, 83.28125
        Assert.Equal(83.28125, times.Smoothed.TotalMilliseconds, 4);
    }

    [Fact]
    public void The_end_leaves_no_unobserved_exception()
    {
        var reason = new InvalidOperationException("The end.");
        bool unseen = false;
        void Note(object? sender, UnobservedTaskExceptionEventArgs e) => unseen |= e.Exception.InnerException == reason;
        TaskScheduler.UnobservedTaskException += Note;

        FailAbandoned(reason);
        GC.Collect();
        GC.WaitForPendingFinalizers();

        TaskScheduler.UnobservedTaskException -= Note;
        Assert.False(unseen);
    }

    [Fact]
    public void Before_the_first_pong_there_is_no_round_trip_time()
    {
        Begin();

        Assert.Null(_pings.RoundTripTime);
    }

    [Fact] // §5.5.3: an endpoint "MAY elect to send a Pong frame for only the most recently processed Ping frame"
    public void A_pong_for_a_later_ping_completes_earlier_ones()
    {
        (_, Task<TimeSpan> first) = Begin();
        _time.Advance(TimeSpan.FromSeconds(1));
        (byte[] payload, Task<TimeSpan> second) = Begin();
        (_, Task<TimeSpan> third) = Begin();
        _time.Advance(TimeSpan.FromSeconds(2));

        _pings.OnPong(payload);

        Assert.Equal(TimeSpan.FromSeconds(3), Answered(first));
        Assert.Equal(TimeSpan.FromSeconds(2), Answered(second));
        Assert.False(third.IsCompleted);
        Assert.Equal(TimeSpan.FromSeconds(2), _pings.RoundTripTime);
    }

    [Theory] // FR-61
    [InlineData("")]
    [InlineData("00")]
    [InlineData("0000000000000000")]
    [InlineData("00000000000000FF")]
    [InlineData("0000000000000001 00")]
    [InlineData("00000000000001")]
    [InlineData("FFFFFFFFFFFFFFFF")]
    public void An_unsolicited_or_mismatched_pong_is_ignored(string payload)
    {
        (_, Task<TimeSpan> answer) = Begin();

        _pings.OnPong(Wire.Bytes(payload));

        Assert.False(answer.IsCompleted);
        Assert.Null(_pings.RoundTripTime);
    }

    [Fact] // FR-61
    public void A_duplicate_pong_is_ignored()
    {
        (byte[] first, _) = Begin();
        _time.Advance(TimeSpan.FromSeconds(1));
        _pings.OnPong(first);
        (_, Task<TimeSpan> second) = Begin();
        _time.Advance(TimeSpan.FromSeconds(5));

        _pings.OnPong(first);

        Assert.False(second.IsCompleted);
        Assert.Equal(TimeSpan.FromSeconds(1), _pings.RoundTripTime);
    }

    [Fact]
    public void A_canceled_ping_still_measures_the_round_trip_time()
    {
        var answer = new TaskCompletionSource<TimeSpan>();
        byte[] payload = new byte[PingTracker.PayloadLength];
        _pings.Begin(payload, answer);
        _time.Advance(TimeSpan.FromSeconds(1));

        answer.SetCanceled(TestContext.Current.CancellationToken);
        _pings.OnPong(payload);

        Assert.Equal(TimeSpan.FromSeconds(1), _pings.RoundTripTime);
    }

    [Fact]
    public void The_end_fails_all_waiting_pings()
    {
        (byte[] payload, Task<TimeSpan> first) = Begin();
        (_, Task<TimeSpan> second) = Begin();

        _pings.FailAll(() => new InvalidOperationException("over"));
        _pings.OnPong(payload);

        Assert.Equal("over", Assert.IsType<InvalidOperationException>(first.Exception!.InnerException).Message);
        Assert.True(second.IsFaulted);
        Assert.Null(_pings.RoundTripTime);
    }

    [Fact]
    public void Pings_without_pongs_do_not_accumulate()
    {
        byte[] payload = new byte[PingTracker.PayloadLength];
        (_, Task<TimeSpan> waiting) = Begin();
        for (int i = 0; i < 100_000; i++)
        {
            _pings.Begin(payload, answer: null);
        }

        Assert.InRange(_pings.UnderwayCount, 1, 100);
        _pings.OnPong(payload);

        Assert.True(waiting.IsCompletedSuccessfully);
        Assert.Equal(0, _pings.UnderwayCount);
    }

    private static TimeSpan Answered(Task<TimeSpan> answer)
    {
        Assert.True(answer.IsCompletedSuccessfully);
        return answer.GetAwaiter().GetResult();
    }

    private (byte[] Payload, Task<TimeSpan> Answer) Begin()
    {
        var answer = new TaskCompletionSource<TimeSpan>();
        byte[] payload = new byte[PingTracker.PayloadLength];
        _pings.Begin(payload, answer);
        return (payload, answer.Task);
    }

    // Not inlined, so that nothing keeps the task afterwards.
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private void FailAbandoned(Exception reason)
    {
        Begin();
        _pings.FailAll(() => reason);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(uint.MaxValue - 100)]
    public void A_ping_is_in_transit_while_bytes_before_it_are_being_acknowledged(uint start)
    {
        var pings = new PingTracker(new ManualTimeProvider());
        pings.NoteSent(end: start + 1_000, acknowledged: start);

        Assert.False(pings.IsOnItsWay(start));
        Assert.True(pings.IsOnItsWay(start + 1));
        Assert.False(pings.IsOnItsWay(start + 1));
        Assert.True(pings.IsOnItsWay(start + 999));
        Assert.False(pings.IsOnItsWay(start + 1_000));
        Assert.False(pings.IsOnItsWay(start + 5_000));
    }
}
