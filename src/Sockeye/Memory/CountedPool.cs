using System.Buffers;

namespace Sockeye.Memory;

/// <summary>A pool that counts its arrays in a budget while they are rented.</summary>
/// <param name="pool">The pool that the arrays come from.</param>
/// <param name="budget">The budget that counts them.</param>
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
