using System.Buffers;
using System.Numerics;

namespace Sockeye.Tests;

/// <summary>
/// A pool that never gives the same array twice, spoils what comes back, and knows what did not: whoever uses a buffer
/// after returning it, returns it twice or never, is found out.
/// </summary>
internal sealed class CheckedPool : ArrayPool<byte>
{
    private const byte Spoiled = 0xDD;
    private const int ShortestLength = 16;

    private readonly Lock _gate = new();
    private readonly HashSet<byte[]> _lent = new(ReferenceEqualityComparer.Instance);
    private bool _wasMisused;

    /// <summary>How many bytes are lent at the moment.</summary>
    public long LentLength { get; private set; }

    /// <summary>How many bytes have ever been lent.</summary>
    public long RentedLength { get; private set; }

    public override byte[] Rent(int minimumLength)
    {
        // Dirty, and as long as those of the shared pool: a buffer that grows relies on the latter.
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

    /// <summary>Fails unless every array has come back, and each once.</summary>
    public void AssertAllReturned()
    {
        lock (_gate)
        {
            Assert.False(_wasMisused, "The endpoint returned a buffer twice, or one that was not the pool's.");
            Assert.True(_lent.Count == 0, $"The endpoint did not return {_lent.Count} of its buffers.");
        }
    }
}
