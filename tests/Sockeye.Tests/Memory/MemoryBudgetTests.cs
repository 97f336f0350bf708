using Sockeye.Memory;

namespace Sockeye.Tests;

/// <summary>One memory count for all connections, without contention between event loops.</summary>
public sealed class MemoryBudgetTests
{
    [Fact]
    public void Memory_returned_by_other_threads_is_no_longer_counted()
    {
        var budget = new MemoryBudget();
        Thread[] threads =
        [
            .. Enumerable.Range(0, 16).Select(number => new Thread(() =>
            {
                var random = new Random(number / 2);
                for (int i = 0; i < 10_000; i++)
                {
                    int length = random.Next(200_000);
                    budget.Add(number % 2 == 0 ? length : -length);
                }
            })),
        ];

        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        Assert.Equal(0, budget.ExactHeld);
        Assert.InRange(budget.Held, 0, 64 * 64 * 1024);
    }

    [Fact]
    public void A_negative_count_leaves_no_room_beyond_the_limit()
    {
        // Short buffers wait in the shard of another thread to be passed on; what is given back may be passed on before them.
        var budget = new MemoryBudget();
        budget.Add(-65 * 1024);

        Assert.Equal(0, budget.Held);
        Assert.True(new MemoryAllowance(budget, limit: 0).IsTight);
        Assert.False(new MemoryAllowance(budget, limit: 1).HasRoomFor(2));
    }

    [Fact]
    public void A_long_buffer_is_counted_at_once()
    {
        var budget = new MemoryBudget();
        var allowance = new MemoryAllowance(budget, limit: 1_000_000);

        Assert.True(allowance.HasRoomFor(1_000_000));
        Assert.False(allowance.HasRoomFor(1_000_001));
        budget.Add(900_000);

        Assert.True(allowance.IsTight);
        Assert.False(allowance.IsUsedUp);
        Assert.False(allowance.HasRoomFor(100_001));
        budget.Add(100_000);
        Assert.True(allowance.IsUsedUp);
        budget.Add(-1_000_000);
        Assert.False(allowance.IsTight);
    }

    [Fact]
    public void Short_buffers_are_counted_in_batches()
    {
        var budget = new MemoryBudget();
        for (int i = 0; i < 10_000; i++)
        {
            budget.Add(1_024);
        }

        Assert.InRange(budget.Held, 10_000 * 1_024 - (64 * 1024), 10_000 * 1_024);
        Assert.Equal(10_000 * 1_024, budget.ExactHeld);
    }

    [Fact]
    public void The_default_limit_is_a_quarter_of_the_GC_memory()
    {
        Assert.Equal(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, new LimitOptions().MaxBufferedLength);
        Assert.Throws<ArgumentOutOfRangeException>(() => new LimitOptions { MaxBufferedLength = -1 });
        Assert.Equal(0, new LimitOptions { MaxBufferedLength = 0 }.MaxBufferedLength);
    }

    [Fact]
    public void Arrays_count_from_rent_to_return()
    {
        var budget = new MemoryBudget();
        var pool = new CountedPool(new CountingPool(), budget);

        byte[] array = pool.Rent(100_000);
        Assert.Equal(array.Length, budget.ExactHeld);
        pool.Return(array);

        Assert.Equal(0, budget.ExactHeld);
    }
}
