using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>
/// The pooled buffer into which one compressed message is inflated as it arrives, never beyond the limit (RFC 7692 §8, RFC 6455
/// §10.4).
/// </summary>
internal struct InflatedPayload
{
    // Text and JSON usually shrink to between a quarter and a tenth, so that the first buffer is mostly the last.
    private const int ExpectedRatio = 8;

    // A few bytes must not cause a larger allocation. This is also what a decompression bomb takes from the pool besides the
    // limit: from here the buffer grows in large steps, which copies little and leaves few arrays behind.
    private const int MaxFirstLength = 64 * 1024;
    private const int MinFirstLength = 1_024;
    private const int GrowthFactor = 16;

    private byte[]? _array;
    private int _capacity;

    /// <summary>The number of inflated bytes.</summary>
    public int Length { get; private set; }

    /// <summary>The array that holds the bytes; <see langword="null"/> while there are no bytes.</summary>
    public readonly byte[]? Array => _array;

    /// <summary>The inflated bytes.</summary>
    public readonly Span<byte> Bytes => _array.AsSpan(0, Length);

    /// <summary>Inflates the next bytes of a message.</summary>
    /// <param name="inflater">The inflater of the connection.</param>
    /// <param name="pool">The pool that longer arrays are rented from and outgrown ones are returned to.</param>
    /// <param name="maxLength">
    /// The maximum length of the message, in bytes. No more bytes are kept, and at most one more is inflated.
    /// </param>
    /// <param name="piece">The bytes that have arrived.</param>
    /// <param name="endsMessage">Whether they end the message.</param>
    /// <param name="settings">Limits how much may be rented from the pool; <see langword="null"/> for no limit.</param>
    /// <returns>The violated rule, after which the connection must be failed.</returns>
    public WebSocketProtocolError Append(
        IMessageInflater inflater, ArrayPool<byte> pool, int maxLength, ReadOnlySpan<byte> piece, bool endsMessage,
        MessageReaderSettings? settings = null)
    {
        if (piece.IsEmpty && !endsMessage)
        {
            return WebSocketProtocolError.None;
        }

        if (!inflater.TryBegin(endsMessage))
        {
            return WebSocketProtocolError.MemoryExhausted;
        }

        if (_array is null)
        {
            long expected = Math.Clamp((long)piece.Length * ExpectedRatio, MinFirstLength, MaxFirstLength);
            bool isAllowed = settings is null || settings.Allows(expected);
            Grow(pool, isAllowed ? expected : MinFirstLength, maxLength);
        }

        Span<byte> beyond = stackalloc byte[1];
        while (true)
        {
            // A full buffer may hold the whole message. One more byte shows whether it must grow, or whether the limit is
            // exceeded.
            bool isFull = Length == _capacity;
            Span<byte> room = isFull ? beyond : _array.AsSpan(Length.._capacity);
            OperationStatus status = inflater.Inflate(piece, endsMessage, room, out int consumed, out int written);
            piece = piece[consumed..];
            if (isFull && written != 0)
            {
                if (_capacity == maxLength)
                {
                    return WebSocketProtocolError.MessageTooLong;
                }

                long wanted = _capacity < MaxFirstLength ? MaxFirstLength : (long)_capacity * GrowthFactor;
                if (settings is not null && !settings.Allows(Math.Min(wanted, maxLength)))
                {
                    wanted = settings.UncheckedLength;
                    if (wanted <= _capacity)
                    {
                        return WebSocketProtocolError.MemoryExhausted;
                    }
                }

                Grow(pool, wanted, maxLength);
                beyond.CopyTo(_array.AsSpan(Length));
            }

            Length += written;
            if (status != OperationStatus.DestinationTooSmall)
            {
                return status == OperationStatus.InvalidData
                    ? WebSocketProtocolError.InvalidCompressedData
                    : WebSocketProtocolError.None;
            }
        }
    }

    /// <summary>Transfers ownership of the array to the caller, who returns it to the pool.</summary>
    public byte[] Detach()
    {
        byte[] array = _array ?? [];
        this = default;
        return array;
    }

    /// <summary>Returns the array to the pool, if there is one.</summary>
    public void Release(ArrayPool<byte> pool)
    {
        if (_array is not null)
        {
            pool.Return(_array);
        }

        this = default;
    }

    private void Grow(ArrayPool<byte> pool, long wanted, int maxLength)
    {
        int capacity = (int)Math.Min(wanted, maxLength);
        byte[] array = pool.Rent(capacity);
        if (_array is not null)
        {
            Bytes.CopyTo(array);
            pool.Return(_array);
        }

        _array = array;
        _capacity = capacity;
    }
}
