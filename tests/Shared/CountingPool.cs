using System.Buffers;
using System.Numerics;

namespace Sockeye.Tests;

/// <summary>
/// A pool that counts: what is rented now, the most that ever was, and whether an array was returned twice. It never lends the
/// same array twice, and overwrites what is returned, so that a use after the return is noticed. Lengths are rounded as those
/// of the shared pool. Thread-safe.
/// </summary>
public sealed class CountingPool : ArrayPool<byte>
{
    /// <summary>The value that fills a returned array.</summary>
    public const byte Poison = 0xDD;

    private const int ShortestArray = 16;

    private readonly Lock _gate = new();
    private readonly HashSet<byte[]> _out = new(ReferenceEqualityComparer.Instance);

    /// <summary>The number of arrays rented so far.</summary>
    public int RentCount { get; private set; }

    /// <summary>The number of arrays not returned yet.</summary>
    public int OutCount
    {
        get
        {
            lock (_gate)
            {
                return _out.Count;
            }
        }
    }

    /// <summary>Whether an array was returned that was not rented; the exception may have been caught.</summary>
    public bool HasFault { get; private set; }

    /// <summary>Called with each array that is returned, before it is overwritten.</summary>
    public Action<byte[]>? Returning { get; set; }

    /// <summary>The length of all rented arrays together.</summary>
    public long OutLength { get; private set; }

    /// <summary>The maximum of <see cref="OutLength"/> so far.</summary>
    public long MaxOutLength { get; private set; }

    /// <summary>A rent of exactly this length throws <see cref="InsufficientMemoryException"/>.</summary>
    public int? LengthNotToBeHad { get; init; }

    /// <summary>The bytes that were ever rented.</summary>
    public long RentedLength { get; private set; }

    /// <summary>Fails unless every array has been returned, and each once.</summary>
    public void AssertAllReturned()
    {
        lock (_gate)
        {
            Assert.False(HasFault, "An array was returned twice, or never rented.");
            Assert.True(_out.Count == 0, $"{_out.Count} arrays were not returned.");
        }
    }

    public override byte[] Rent(int minimumLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minimumLength);
        if (minimumLength == LengthNotToBeHad)
        {
            throw new InsufficientMemoryException();
        }

        byte[] array = GC.AllocateUninitializedArray<byte>((int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(minimumLength, ShortestArray)));
        array.AsSpan().Fill(Poison);
        lock (_gate)
        {
            _out.Add(array);
            RentCount++;
            OutLength += array.Length;
            RentedLength += array.Length;
            MaxOutLength = Math.Max(MaxOutLength, OutLength);
        }

        return array;
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        ArgumentNullException.ThrowIfNull(array);
        lock (_gate)
        {
            if (!_out.Remove(array))
            {
                HasFault = true;
                throw new InvalidOperationException("An array was returned twice, or never rented.");
            }

            OutLength -= array.Length;
            Returning?.Invoke(array);
            array.AsSpan().Fill(Poison);
        }
    }
}
