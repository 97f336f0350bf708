using System.Buffers;

namespace Sockeye.Memory;

/// <summary>A pool whose arrays count, from when they are lent until they come back.</summary>
/// <param name="pool">Where the arrays come from.</param>
/// <param name="budget">Where they are counted.</param>
internal sealed class CountedPool(ArrayPool<byte> pool, MemoryBudget budget) : ArrayPool<byte>
{
    /// <inheritdoc/>
    public override byte[] Rent(int minimumLength)
    {
        byte[] array = pool.Rent(minimumLength);
        budget.Add(array.Length);
        return array;
    }

    /// <inheritdoc/>
    public override void Return(byte[] array, bool clearArray = false)
    {
        pool.Return(array, clearArray);
        budget.Add(-array.Length);
    }
}
