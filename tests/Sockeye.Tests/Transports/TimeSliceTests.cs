using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>How much one connection may do before the others have their turn.</summary>
public sealed class TimeSliceTests
{
    private static readonly TimeSpan Cheap = TimeSpan.FromMicroseconds(0.1);
    private static readonly TimeSpan Dear = TimeSpan.FromMicroseconds(20);

    private const int MaxStride = 8;

    private readonly ManualTimeProvider _time = new();
    private readonly TimeSlice _slice;

    public TimeSliceTests() => _slice = new TimeSlice(_time);

    [Fact]
    public void A_turn_has_five_or_six_messages_of_20_microseconds()
    {
        Assert.InRange(Use(Dear), 5, 6);

        Assert.True(_slice.IsOver);
        Assert.False(_slice.TryGoOn());
    }

    [Fact]
    public void A_turn_that_is_over_stays_over()
    {
        Use(Cheap);

        for (int i = 0; i < 2 * MaxStride; i++)
        {
            Assert.False(_slice.TryGoOn());
        }
    }

    [Fact]
    public void A_turn_of_instant_messages_ends_by_count()
    {
        Assert.InRange(Use(TimeSpan.Zero), TimeSlice.MaxMessageCount, TimeSlice.MaxMessageCount + MaxStride);

        Assert.True(_slice.IsOver);
    }

    [Fact]
    public void A_turn_that_starts_late_has_one_message()
    {
        _slice.Begin(_time.GetTimestamp(), TimeSlice.FirstStride);
        _time.Slip(TimeSpan.FromSeconds(1));

        Assert.True(_slice.TryGoOn());
        Assert.False(_slice.TryGoOn());
    }

    [Fact]
    public void The_clock_is_read_less_often_for_cheap_messages_and_after_each_expensive_one()
    {
        Use(Cheap);
        byte cheap = _slice.Stride;
        Use(Dear, cheap);

        Assert.Equal(MaxStride, cheap);
        Assert.Equal(TimeSlice.FirstStride, _slice.Stride);
    }

    [Fact]
    public void Messages_that_become_expensive_overrun_one_turn_by_at_most_a_stride()
    {
        Use(Cheap);

        Assert.InRange(Use(Dear, _slice.Stride), 5, MaxStride + 1);
        Assert.InRange(Use(Dear, _slice.Stride), 5, 6);
    }

    // Answers how many messages a slice had room for.
    private int Use(TimeSpan cost, byte stride = TimeSlice.FirstStride)
    {
        _slice.Begin(_time.GetTimestamp(), stride);
        int count = 0;
        while (_slice.TryGoOn())
        {
            count++;
            _time.Slip(cost);
        }

        return count;
    }
}
