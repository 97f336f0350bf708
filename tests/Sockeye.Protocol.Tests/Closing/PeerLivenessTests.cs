using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Keep-alive (RFC 6455 §5.5.2) without a clock: ticks of 100 ms go in, and what to do comes out.</summary>
public sealed class PeerLivenessTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    [Fact]
    public void A_ping_is_due_after_the_interval_and_the_peer_is_gone_after_the_timeout()
    {
        PeerLiveness liveness = default;

        Assert.Equal((LivenessAction.None, 5.0), Due(ref liveness, now: 150, lastLife: 0));
        Assert.Equal((LivenessAction.SendPing, 10.0), Due(ref liveness, now: 200, lastLife: 0));
        Assert.Equal((LivenessAction.None, 1.0), Due(ref liveness, now: 290, lastLife: 0));
        Assert.Equal(LivenessAction.LocatePing, Due(ref liveness, now: 300, lastLife: 0).Action);
        Assert.False(liveness.TryExtend(At(300), isOnItsWay: false));
    }

    [Fact]
    public void Any_byte_after_the_ping_starts_another_silence()
    {
        PeerLiveness liveness = default;
        Due(ref liveness, now: 200, lastLife: 0);

        Assert.Equal((LivenessAction.None, 12.0), Due(ref liveness, now: 300, lastLife: 220));
        Assert.Equal((LivenessAction.SendPing, 10.0), Due(ref liveness, now: 420, lastLife: 220));
    }

    [Fact]
    public void A_ping_that_is_still_on_its_way_gives_the_peer_its_whole_time_again()
    {
        PeerLiveness liveness = default;
        Due(ref liveness, now: 200, lastLife: 0);
        Assert.Equal(LivenessAction.LocatePing, Due(ref liveness, now: 300, lastLife: 0).Action);

        Assert.True(liveness.TryExtend(At(300), isOnItsWay: true));

        Assert.Equal((LivenessAction.None, 1.0), Due(ref liveness, now: 390, lastLife: 0));
        Assert.Equal(LivenessAction.LocatePing, Due(ref liveness, now: 400, lastLife: 0).Action);
    }

    [Fact]
    public void Without_a_timeout_pings_go_on_and_the_peer_is_never_gone()
    {
        PeerLiveness liveness = default;
        for (uint now = 200; now < 10_000; now += 200)
        {
            LivenessAction action = liveness.Due(
                At(now), Interval, System.Threading.Timeout.InfiniteTimeSpan, out TimeSpan next);
            Assert.Equal(LivenessAction.SendPing, action);
            Assert.Equal(Interval, next);
        }
    }

    [Fact]
    public void A_sign_of_life_with_a_later_tick_than_the_deadlines_counts()
    {
        PeerLiveness liveness = default;
        Due(ref liveness, now: 200, lastLife: 0);

        Assert.Equal((LivenessAction.None, 20.0), Due(ref liveness, now: 300, lastLife: 305));
    }

    [Theory]
    [InlineData(uint.MaxValue - 100)] // the ping is sent after the wrap
    [InlineData(uint.MaxValue - 250)] // the timeout passes after it
    public void Times_are_right_where_the_ticks_wrap(uint start)
    {
        PeerLiveness liveness = default;

        Assert.Equal(LivenessAction.None, Due(ref liveness, start + 199L, start).Action);
        Assert.Equal(LivenessAction.SendPing, Due(ref liveness, start + 200L, start).Action);
        Assert.Equal(LivenessAction.None, Due(ref liveness, start + 299L, start).Action);
        Assert.Equal(LivenessAction.LocatePing, Due(ref liveness, start + 300L, start).Action);
    }

    [Fact]
    public void After_a_stop_of_the_process_the_peer_gets_another_ping()
    {
        PeerLiveness liveness = default;
        Due(ref liveness, now: 200, lastLife: 0);

        LivenessAction action = liveness.Due(
            new CoarseTime(now: 1_000, lastGap: 1_000, TimeSpan.FromMilliseconds(100)), Interval, Timeout, out TimeSpan next);

        Assert.Equal(LivenessAction.None, action);
        Assert.Equal(Interval, next);
    }

    [Fact]
    public void A_peer_that_is_not_read_is_alive_while_the_application_takes_messages_or_its_host_acknowledges()
    {
        PeerLiveness liveness = default;
        Due(ref liveness, now: 200, lastLife: 0);

        Assert.True(liveness.IsAliveUnread(At(300), isTaking: true, sinceAcknowledgment: TimeSpan.FromHours(1)));
        Assert.False(liveness.IsAliveUnread(At(300), isTaking: false, sinceAcknowledgment: TimeSpan.FromHours(1)));
        Assert.True(liveness.IsAliveUnread(At(300), isTaking: false, sinceAcknowledgment: TimeSpan.FromSeconds(9)));
        Assert.True(liveness.IsAliveUnread(At(300), isTaking: false, sinceAcknowledgment: null));
    }

    [Fact]
    public void A_ping_at_the_first_tick_of_all_is_awaited_too()
    {
        PeerLiveness liveness = default;

        Assert.Equal(LivenessAction.SendPing, Due(ref liveness, now: 0x1_0000_0000, lastLife: 0x1_0000_0000 - 200).Action);

        Assert.Equal(LivenessAction.LocatePing, Due(ref liveness, now: 0x1_0000_0000 + 101, lastLife: 0x1_0000_0000 - 200).Action);
    }

    private static CoarseTime At(long tick) => new(tick, lastGap: 0, TimeSpan.FromMilliseconds(100));

    private static (LivenessAction Action, double Seconds) Due(ref PeerLiveness liveness, long now, long lastLife)
    {
        liveness.LastLifeTick = (uint)lastLife;
        LivenessAction action = liveness.Due(At(now), Interval, Timeout, out TimeSpan next);
        return (action, next.TotalSeconds);
    }
}
