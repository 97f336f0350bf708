using Sockeye.Connections.Sending;

namespace Sockeye.Tests;

public sealed class SendBudgetTests
{
    [Fact]
    public void Below_the_limit_there_is_room_for_a_message_of_any_length()
    {
        var budget = new SendBudget(1_000);
        budget.Add(999);
        Assert.True(budget.HasRoom);

        budget.Add(5_000_000_000);

        Assert.False(budget.HasRoom);
        Assert.Equal(5_000_000_999, budget.Buffered);
    }

    [Fact]
    public void At_the_limit_it_is_congested_until_half_of_it_is_left()
    {
        var budget = new SendBudget(1_000);
        budget.Add(999);
        Assert.False(budget.IsCongested);
        budget.Add(1);
        Assert.True(budget.IsCongested);
        Assert.False(budget.HasRoom);

        Assert.False(budget.Subtract(499));
        Assert.True(budget.HasRoom);
        Assert.True(budget.IsCongested);
        Assert.True(budget.Subtract(1));
        Assert.False(budget.Subtract(100));

        Assert.False(budget.IsCongested);
        Assert.Equal(400, budget.Buffered);
    }

    [Fact]
    public void Control_frames_have_room_beyond_the_limit_but_not_without_end()
    {
        var budget = new SendBudget(1_000);
        budget.Add(1_000);
        Assert.True(budget.HasRoomForControl);

        budget.Add(4_096);

        Assert.False(budget.HasRoomForControl);
    }

    [Fact]
    public void The_smallest_limit_works()
    {
        var budget = new SendBudget(1);
        Assert.True(budget.HasRoom);
        budget.Add(100);
        Assert.False(budget.HasRoom);

        Assert.False(budget.Subtract(99));
        Assert.True(budget.Subtract(1));

        Assert.True(budget.HasRoom);
    }

    [Fact]
    public void Forgets_all_at_the_end()
    {
        var budget = new SendBudget(10);
        budget.Add(100);

        budget.Clear();

        Assert.Equal(0, budget.Buffered);
        Assert.False(budget.IsCongested);
    }
}
