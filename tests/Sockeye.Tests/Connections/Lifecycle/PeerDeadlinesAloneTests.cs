using Sockeye.Connections;
using Sockeye.Connections.Lifecycle;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>The deadlines for a peer that stalls, without a connection.</summary>
public sealed class PeerDeadlinesAloneTests : IPeerDeadlineOwner
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly ConnectionSettings _settings;
    private readonly PeerDeadlines _deadlines;
    private readonly List<string> _reports = [];
    private uint? _acknowledged;

    public PeerDeadlinesAloneTests()
    {
        _settings = SendSettings.Of(Role.Server, new CountingPool(), time: _time);
        _deadlines = new PeerDeadlines(this);
    }

    ConnectionSettings IPeerDeadlineOwner.Settings => _settings;

    public bool IsSendBlocked { get; private set; }

    public bool WaitsForApplication { get; private set; }

    [Fact]
    public void A_blocked_write_is_reported_after_the_send_timeout()
    {
        Block();

        _time.Advance(29.9 * Second);
        Assert.Empty(_reports);
        _time.Advance(0.5 * Second);

        Assert.Equal(["send stalled"], _reports);
    }

    [Fact]
    public void Progress_of_any_kind_starts_the_send_timeout_over()
    {
        Block();
        _time.Advance(20 * Second);
        _deadlines.NoteSendProgress();
        _time.Advance(20 * Second);
        _acknowledged = 1; // seen at the next look, a quarter of the timeout later
        _time.Advance(29 * Second);
        Assert.Empty(_reports);

        _time.Advance(10 * Second);

        Assert.Equal(["send stalled"], _reports);
    }

    [Fact]
    public void A_sign_of_progress_with_a_later_tick_than_the_wheels_does_not_look_like_a_stall_of_years()
    {
        // A wheel that was empty moves on to the clock when something is scheduled, so that ticks of before and after mix.
        _time.Slip(3_600 * Second);
        Block();
        _deadlines.NoteSendProgress();

        _time.Advance(20 * Second);

        Assert.Empty(_reports);
    }

    [Fact]
    public void A_write_that_went_through_is_not_reported_and_leaves_no_timer()
    {
        Block();
        IsSendBlocked = false;

        _time.Advance(60 * Second);

        Assert.Empty(_reports);
        Assert.Equal(0, _time.TimerCount);
    }

    [Fact]
    public void A_message_that_stays_incomplete_is_reported_unless_the_application_is_busy()
    {
        TimeSpan timeout = _settings.Limits.MessageTimeout;
        _deadlines.NoteMessageOpen(takenLength: 1, number: 0);
        WaitsForApplication = true;
        _time.Advance(3 * timeout);
        Assert.Empty(_reports);
        WaitsForApplication = false;

        _time.Advance(2 * timeout);

        Assert.Equal(["message stalled"], _reports);
    }

    [Fact]
    public void A_message_that_grows_or_is_complete_is_not_reported()
    {
        TimeSpan timeout = _settings.Limits.MessageTimeout;
        for (int i = 1; i < 5; i++)
        {
            _deadlines.NoteMessageOpen(takenLength: i, number: 0);
            _time.Advance(0.9 * timeout);
        }

        _deadlines.NoteMessageWhole();
        _time.Advance(3 * timeout);

        Assert.Empty(_reports);
    }

    [Fact]
    public void Stopping_disarms_both()
    {
        Block();
        _deadlines.NoteMessageOpen(takenLength: 1, number: 0);

        _deadlines.Stop();
        _time.Advance(3_600 * Second);

        Assert.Empty(_reports);
        Assert.Equal(0, _time.TimerCount);
    }

    [Fact]
    public async Task A_ping_that_is_not_answered_fails_unless_it_is_still_on_its_way()
    {
        var answer = new TaskCompletionSource<TimeSpan>();
        var deadline = new PingDeadline(this, answer);
        _acknowledged = 0;
        deadline.Start();
        _acknowledged = 50; // of the 100 bytes before the end of the ping

        _time.Advance(21 * Second);
        Assert.False(answer.Task.IsCompleted);
        _time.Advance(21 * Second);

        await Assert.ThrowsAsync<TimeoutException>(() => answer.Task);
    }

    uint? IPeerDeadlineOwner.GetAcknowledged(out uint end)
    {
        end = 100;
        return _acknowledged;
    }

    bool IPeerDeadlineOwner.IsSlow => false;

    bool IPeerDeadlineOwner.LogsSlow => false;

    void IPeerDeadlineOwner.OnSlowChanged(bool isSlow, Delegate? listeners) => _reports.Add(isSlow ? "slow" : "caught up");

    void IPeerDeadlineOwner.OnSlowTooLong() => _reports.Add("slow too long");

    void IPeerDeadlineOwner.OnSendStalled() => _reports.Add("send stalled");

    void IPeerDeadlineOwner.OnMessageStalled(TimeSpan timeout, bool isPaused) => _reports.Add("message stalled");

    void IPeerDeadlineOwner.OnFaulted(Exception exception) => throw exception;

    private void Block()
    {
        IsSendBlocked = true;
        _deadlines.NoteSendBlocked();
    }
}
