using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>How long the end of a connection may take, without a clock: ticks of 100 ms go in.</summary>
public sealed class ClosingDeadlineTests
{
    private const int Second = 10;

    private static readonly ClosingProgress Quiet = new() { UntakenLength = 0 };

    [Theory]
    [InlineData("Application", 1)] // the reply delay
    [InlineData("Flush", 5)] // the close timeout
    [InlineData("PeerClose", 5)]
    [InlineData("Transport", 1)] // the linger timeout
    [InlineData("Release", 1)]
    public void Each_wait_of_a_peer_that_does_nothing_has_its_limit(string name, int seconds)
    {
        LifecycleWait wait = Enum.Parse<LifecycleWait>(name);
        ClosingDeadline deadline = Begin(wait);

        Assert.False(deadline.Check(wait, At((seconds * Second) - 1), Quiet).HasPassed);
        ClosingCheck check = deadline.Check(wait, At(seconds * Second), Quiet);

        Assert.True(check.HasPassed);
        Assert.Equal(TimeSpan.FromSeconds(seconds), check.Limit);
        Assert.Null(check.ReceiverStall);
    }

    [Fact]
    public void The_first_check_comes_early_and_the_last_at_the_limit()
    {
        var deadline = new ClosingDeadline(closeTimeout: TimeSpan.FromSeconds(5), closeReplyDelay: TimeSpan.FromSeconds(1));

        Assert.Equal(TimeSpan.FromSeconds(1), deadline.Begin(LifecycleWait.PeerClose, At(0), untakenLength: null, Quiet));
        Assert.Equal(TimeSpan.FromSeconds(4), deadline.Check(LifecycleWait.PeerClose, At(1 * Second), Quiet).Next);
    }

    [Fact]
    public void A_peer_that_takes_something_now_and_then_is_waited_for()
    {
        ClosingDeadline deadline = Begin(LifecycleWait.Flush, untakenLength: 1_000_000);

        for (int second = 1; second < 100; second += 4)
        {
            Assert.False(deadline.Check(
                LifecycleWait.Flush, At(second * Second), Quiet with { UntakenLength = 1_000_000 - second }).HasPassed);
        }

        Assert.True(deadline.HasMuchUntaken);
        Assert.True(deadline.Check(LifecycleWait.Flush, At(102 * Second), Quiet with { UntakenLength = 1_000_000 - 97 }).HasPassed);
    }

    [Fact]
    public void An_acknowledgment_counts_as_progress_though_as_much_is_untaken_as_before()
    {
        ClosingDeadline deadline = Begin(LifecycleWait.Flush, untakenLength: 100_000);
        ClosingProgress progress = Quiet with { UntakenLength = 100_000, Acknowledged = uint.MaxValue - 500 };
        deadline.Check(LifecycleWait.Flush, At(1 * Second), progress);

        deadline.Check(LifecycleWait.Flush, At(4 * Second), progress with { Acknowledged = 500 });

        Assert.False(deadline.Check(LifecycleWait.Flush, At(8 * Second), progress with { Acknowledged = 500 }).HasPassed);
        Assert.True(deadline.Check(LifecycleWait.Flush, At(9 * Second), progress with { Acknowledged = 500 }).HasPassed);
    }

    [Fact]
    public void An_application_with_a_message_in_hand_gets_four_fifths_of_the_close_timeout()
    {
        ClosingProgress working = Quiet with { HasMessageInHand = true };
        ClosingDeadline deadline = Begin(LifecycleWait.Application);

        Assert.False(deadline.Check(LifecycleWait.Application, At((4 * Second) - 1), working).HasPassed);
        Assert.True(deadline.Check(LifecycleWait.Application, At(4 * Second), working).HasPassed);
    }

    [Fact]
    public void A_peer_that_is_not_read_is_not_blamed_and_the_application_stalls_after_the_reply_delay()
    {
        ClosingProgress paused = Quiet with { IsReadingPaused = true };
        ClosingDeadline deadline = Begin(LifecycleWait.PeerClose);
        deadline.WatchReceiver(LifecycleWait.PeerClose, At(0), paused);

        ClosingCheck check = deadline.Check(LifecycleWait.PeerClose, At(2 * Second), paused);

        Assert.False(check.HasPassed);
        Assert.Equal(TimeSpan.FromSeconds(2), check.ReceiverStall);
    }

    [Fact]
    public void An_application_that_takes_messages_is_waited_for_until_thirty_seconds_have_passed()
    {
        ClosingProgress paused = Quiet with { IsReadingPaused = true };
        ClosingDeadline deadline = Begin(LifecycleWait.PeerClose);
        deadline.WatchReceiver(LifecycleWait.PeerClose, At(0), paused);

        for (int taken = 1; taken < 60; taken++)
        {
            Assert.Null(deadline.Check(LifecycleWait.PeerClose, At(taken * Second / 2), paused with { TakenCount = taken }).ReceiverStall);
        }

        Assert.NotNull(deadline.Check(LifecycleWait.PeerClose, At(30 * Second), paused with { TakenCount = 60 }).ReceiverStall);
    }

    [Fact]
    public void Waits_are_right_where_the_ticks_wrap()
    {
        long start = uint.MaxValue - 20L;
        var deadline = new ClosingDeadline(closeTimeout: TimeSpan.FromSeconds(5), closeReplyDelay: TimeSpan.FromSeconds(1));
        deadline.Begin(LifecycleWait.PeerClose, At(start), untakenLength: null, Quiet);

        Assert.False(deadline.Check(LifecycleWait.PeerClose, At(start + 49), Quiet).HasPassed);
        Assert.True(deadline.Check(LifecycleWait.PeerClose, At(start + 50), Quiet).HasPassed);
    }

    private static ClosingDeadline Begin(LifecycleWait wait, long? untakenLength = null)
    {
        var deadline = new ClosingDeadline(closeTimeout: TimeSpan.FromSeconds(5), closeReplyDelay: TimeSpan.FromSeconds(1));
        deadline.Begin(wait, At(0), untakenLength, Quiet);
        return deadline;
    }

    private static CoarseTime At(long tick) => new(tick, lastGap: 0, TimeSpan.FromMilliseconds(100));
}
