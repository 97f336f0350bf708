using Sockeye.Protocol;

namespace Sockeye.Tests;

public sealed class CoarseTimeTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData(1_000, 990, 10)]
    [InlineData(1_000, 1_000, 0)]
    [InlineData(0x1_0000_0005, 0xFFFF_FFFB, 10)] // the low half has wrapped in between
    [InlineData(0xFFFF_FFFF, 0xFFFF_FFF0, 15)]
    [InlineData(0x7FFF_FFFF, 0, int.MaxValue)]
    [InlineData(0x7_8000_0000, 0x7_7FFF_FFFF, 1)]
    public void Ticks_are_subtracted_across_the_wrap(long now, long then, long ticks)
    {
        Assert.Equal(ticks * Tick, new CoarseTime(now, lastGap: 0, Tick).Since((uint)then));
    }

    [Theory]
    [InlineData(1_000, 1_001)]
    [InlineData(1_000, 1_500)]
    [InlineData(0xFFFF_FFFF, 0x1_0000_0003)]
    [InlineData(0, 1)]
    public void A_tick_that_another_thread_has_stored_since_counts_as_now(long now, long then)
    {
        Assert.Equal(TimeSpan.Zero, new CoarseTime(now, lastGap: 0, Tick).Since((uint)then));
    }

    [Theory]
    [InlineData(1_000, 995, 900, 5)]
    [InlineData(1_000, 995, 999, 1)]
    [InlineData(1_000, 1_000, 999, 0)]
    [InlineData(0x1_0000_0005, 0x1_0000_0000, 0xFFFF_FF00, 5)]
    public void Time_before_a_stop_of_the_process_does_not_count(long now, long gap, long then, long ticks)
    {
        Assert.Equal(ticks * Tick, new CoarseTime(now, gap, Tick).Since((uint)then));
    }

    [Fact]
    public void A_process_that_was_never_stopped_counts_right_after_seven_years()
    {
        long now = 7L * 365 * 24 * 3_600 * 10;

        Assert.Equal(300 * Tick, new CoarseTime(now, lastGap: 0, Tick).Since((uint)(now - 300)));
    }
}
