using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>
/// The one pooled buffer in which the pieces of a message come together. A fragment adds bytes, never an object, so
/// that tiny fragments are no attack; and the buffer grows with bytes that arrived, not with bytes announced.
/// </summary>
internal struct AssemblyBuffer
{
    // A sender that has paid for n bytes of a frame may make us hold this many times n, so that a long frame is not
    // copied at every doubling. Never more than the frame has announced; and a frame that is complete announces nothing,
    // so that fragments, however many follow, make the array double and no more.
    private const int GrowthFactor = 4;
    private const int FirstLength = 1_024;

    private byte[]? _array;

    /// <summary>How many bytes have been put in.</summary>
    public int Length { get; private set; }

    /// <summary>The array that holds it; <see langword="null"/> if nothing was put in.</summary>
    public readonly byte[]? Array => _array;

    /// <summary>What has been put in.</summary>
    public readonly Span<byte> Bytes => _array.AsSpan(0, Length);

    /// <summary>Adds bytes.</summary>
    /// <param name="settings">The pool from which a longer array comes, and to which the outgrown one goes back.</param>
    /// <param name="bytes">What arrived; copied.</param>
    /// <param name="announced">How many bytes the frame will still bring after these.</param>
    /// <returns>Whether there was memory for them.</returns>
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

    /// <summary>Takes over an array instead: there is none.</summary>
    /// <param name="array">An array of the pool, or an empty one.</param>
    /// <param name="length">How many bytes have been put in.</param>
    public void Adopt(byte[] array, int length)
    {
        _array = array.Length == 0 ? null : array;
        Length = length;
    }

    /// <summary>Gives the array away; whoever takes it returns it to the pool.</summary>
    public byte[] Detach()
    {
        byte[] array = _array ?? [];
        _array = null;
        Length = 0;
        return array;
    }

    /// <summary>Returns the array to the pool; nothing happens when there is none.</summary>
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
