using System.Buffers;
using System.Numerics;

namespace Sockeye.Tests;

/// <summary>
/// A pool that never rents out the same array twice, overwrites returned arrays, and records those that were not returned. It
/// detects use after return, double returns and leaks.
/// </summary>
internal sealed class CheckedPool : ArrayPool<byte>
{
    private const byte Spoiled = 0xDD;
    private const int ShortestLength = 16;

    private readonly Lock _gate = new();
    private readonly HashSet<byte[]> _lent = new(ReferenceEqualityComparer.Instance);
    private bool _wasMisused;

    /// <summary>The number of bytes rented now.</summary>
    public long LentLength { get; private set; }

    /// <summary>The total number of bytes ever rented.</summary>
    public long RentedLength { get; private set; }

    public override byte[] Rent(int minimumLength)
    {
        // Filled with garbage, and as long as those of the shared pool: a buffer that grows relies on the length.
        byte[] array = GC.AllocateUninitializedArray<byte>(
            (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(minimumLength, ShortestLength)));
        array.AsSpan().Fill(Spoiled);
        lock (_gate)
        {
            _lent.Add(array);
            LentLength += array.Length;
            RentedLength += array.Length;
        }

        return array;
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        array.AsSpan().Fill(Spoiled);
        lock (_gate)
        {
            bool wasLent = _lent.Remove(array);
            _wasMisused |= !wasLent;
            LentLength -= wasLent ? array.Length : 0;
        }
    }

    /// <summary>Fails unless every array has been returned exactly once.</summary>
    public void AssertAllReturned()
    {
        lock (_gate)
        {
            Assert.False(_wasMisused, "The endpoint returned a buffer twice, or one that was not the pool's.");
            Assert.True(_lent.Count == 0, $"The endpoint did not return {_lent.Count} of its buffers.");
        }
    }
}
