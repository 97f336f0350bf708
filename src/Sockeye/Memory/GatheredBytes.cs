using System.Buffers;

namespace Sockeye.Memory;

/// <summary>Bytes that are written one after the other into a rented array, which a longer one replaces when it is full.</summary>
/// <remarks>Not thread-safe. Each call gets the same pool.</remarks>
/// <param name="firstLength">The least length of the first array in bytes.</param>
internal struct GatheredBytes(int firstLength)
{
    private byte[]? _array;

    /// <summary>The number of bytes that were written.</summary>
    public int Length { get; private set; }

    /// <summary>The number of bytes that can be written before the array must be replaced.</summary>
    public readonly int Room => (_array?.Length ?? 0) - Length;

    /// <summary>The bytes that were written, valid until the next call of another method.</summary>
    public readonly ReadOnlyMemory<byte> Bytes => _array.AsMemory(0, Length);

    /// <summary>Returns the memory behind the written bytes, which is to be written before <see cref="Advance"/>.</summary>
    /// <param name="pool">Where a longer array is rented.</param>
    /// <param name="length">The least length of the memory in bytes.</param>
    /// <exception cref="InvalidOperationException">There would be more bytes than an array can hold.</exception>
    public Memory<byte> Reserve(ArrayPool<byte> pool, int length)
    {
        if (Room < length)
        {
            Grow(pool, length);
        }

        return _array.AsMemory(Length);
    }

    /// <summary>Adds bytes that were written to reserved memory.</summary>
    /// <param name="length">Their number, from 0 to <see cref="Room"/>.</param>
    public void Advance(int length) => Length += length;

    /// <summary>Adds a copy of bytes.</summary>
    /// <exception cref="InvalidOperationException">There would be more bytes than an array can hold.</exception>
    public void Add(ArrayPool<byte> pool, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(pool, bytes.Length).Span);
        Length += bytes.Length;
    }

    /// <summary>Forgets the bytes, and keeps the array for the next.</summary>
    public void Clear() => Length = 0;

    /// <summary>Transfers the array to the caller, who returns it to the pool.</summary>
    /// <returns>The bytes, at the start of the array. At least one was written.</returns>
    public ArraySegment<byte> Detach()
    {
        var detached = new ArraySegment<byte>(_array!, 0, Length);
        _array = null;
        Length = 0;
        return detached;
    }

    /// <summary>Returns the array to the pool, if there is one, and forgets the bytes.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        if (_array is { } array)
        {
            _array = null;
            PoisonedMemory.Poison(array.AsSpan(0, Length));
            pool.Return(array);
        }

        Length = 0;
    }

    // At least doubled, so that each byte is copied once on average, however short the writes.
    private void Grow(ArrayPool<byte> pool, int length)
    {
        long needed = (long)Length + length;
        if (needed > Array.MaxLength)
        {
            throw new InvalidOperationException(
                $"More bytes were written than an array can hold, {Array.MaxLength}. Flush in between, or send less at once.");
        }

        long preferred = Math.Min(Math.Max(firstLength, 2L * Length), Array.MaxLength);
        byte[] longer = pool.Rent((int)Math.Max(needed, preferred));
        int written = Length;
        Bytes.Span.CopyTo(longer);
        Release(pool);
        _array = longer;
        Length = written;
    }
}
