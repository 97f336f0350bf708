using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>
/// The one pooled buffer into which a compressed message is inflated, piece by piece as it arrives, and never beyond the
/// limit (RFC 7692 §8, RFC 6455 §10.4).
/// </summary>
internal struct InflatedPayload
{
    // Text and JSON shrink to a quarter or a tenth: usually the first buffer is the last.
    private const int ExpectedRatio = 8;

    // Not more on the word of a few bytes; and this much of the pool is what a bomb costs beside the limit, since from
    // here it goes on in large steps, with little to copy and leave behind.
    private const int MaxFirstLength = 64 * 1024;
    private const int MinFirstLength = 1_024;
    private const int GrowthFactor = 16;

    private byte[]? _array;
    private int _capacity;

    /// <summary>How many bytes have been inflated.</summary>
    public int Length { get; private set; }

    /// <summary>The array that holds them; <see langword="null"/> if there are none.</summary>
    public readonly byte[]? Array => _array;

    /// <summary>What has been inflated.</summary>
    public readonly Span<byte> Bytes => _array.AsSpan(0, Length);

    /// <summary>Inflates the next bytes of a message.</summary>
    /// <param name="inflater">The connection's.</param>
    /// <param name="pool">Where a longer array comes from, and the outgrown one goes back to.</param>
    /// <param name="maxLength">The longest message, in bytes: no more are kept, and one more at most is made.</param>
    /// <param name="piece">What has arrived.</param>
    /// <param name="endsMessage">Whether the message ends with it.</param>
    /// <param name="settings">Says what may be taken from the pool; <see langword="null"/> if there is no limit.</param>
    /// <returns>The rule broken, after which the connection must be failed.</returns>
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
            // A full buffer may hold the whole message: one byte more tells, before it grows, or is beyond the limit.
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

    /// <summary>Gives the array away; whoever takes it returns it to the pool.</summary>
    public byte[] Detach()
    {
        byte[] array = _array ?? [];
        this = default;
        return array;
    }

    /// <summary>Returns the array to the pool; nothing happens when there is none.</summary>
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
