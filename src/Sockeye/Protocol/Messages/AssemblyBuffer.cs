using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>
/// The pooled buffer in which the pieces of one message are assembled. A fragment adds bytes but no object, so that tiny
/// fragments cost little, and the buffer grows with bytes received, not with bytes declared.
/// </summary>
internal struct AssemblyBuffer
{
    // For n bytes received of a frame, a sender may make us allocate this many times n, so that a long frame is not copied at
    // every doubling. Never more than the frame has declared. A complete frame declares nothing further, so that with any number
    // of fragments the array only doubles.
    private const int GrowthFactor = 4;
    private const int FirstLength = 1_024;

    private byte[]? _array;

    /// <summary>The number of bytes in the buffer.</summary>
    public int Length { get; private set; }

    /// <summary>The array that holds the bytes; <see langword="null"/> while there are no bytes.</summary>
    public readonly byte[]? Array => _array;

    /// <summary>The bytes in the buffer.</summary>
    public readonly Span<byte> Bytes => _array.AsSpan(0, Length);

    /// <summary>Appends bytes.</summary>
    /// <param name="settings">Contains the pool that longer arrays are rented from and outgrown ones are returned to.</param>
    /// <param name="bytes">The bytes that arrived; they are copied.</param>
    /// <param name="announced">The number of bytes that the frame still has after these.</param>
    /// <returns>Whether there was enough memory.</returns>
    public bool TryAppend(MessageReaderSettings settings, ReadOnlySpan<byte> bytes, long announced)
    {
        int needed = Length + bytes.Length;
        if ((_array is null || _array.Length < needed) && !TryGrow(settings, needed, announced))
        {
            return false;
        }

        bytes.CopyTo(_array.AsSpan(Length));
        Length = needed;
        return true;
    }

    /// <summary>Takes ownership of an array that holds a message. The buffer must be empty.</summary>
    /// <param name="array">An array of the pool, or an empty one.</param>
    /// <param name="length">The number of bytes in the array.</param>
    public void Adopt(byte[] array, int length)
    {
        _array = array.Length == 0 ? null : array;
        Length = length;
    }

    /// <summary>Transfers ownership of the array to the caller, who returns it to the pool.</summary>
    public byte[] Detach()
    {
        byte[] array = _array ?? [];
        _array = null;
        Length = 0;
        return array;
    }

    /// <summary>Returns the array to the pool, if there is one.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        if (_array is not null)
        {
            pool.Return(_array);
            _array = null;
        }

        Length = 0;
    }

    private bool TryGrow(MessageReaderSettings settings, int needed, long announced)
    {
        long wanted = announced == 0
            ? Math.Max(2L * (_array?.Length ?? 0), FirstLength)
            : Math.Min(Math.Max((long)needed * GrowthFactor, FirstLength), needed + announced);
        int length = (int)Math.Clamp(wanted, needed, System.Array.MaxLength);
        if (!settings.Allows(length))
        {
            return false;
        }

        byte[] array = settings.Pool.Rent(length);
        if (_array is not null)
        {
            Bytes.CopyTo(array);
            settings.Pool.Return(_array);
        }

        _array = array;
        return true;
    }
}
