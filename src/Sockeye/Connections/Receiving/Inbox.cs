using System.Buffers;
using Sockeye.Memory;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// The messages that were received while the application was busy, in order, bounded in bytes. Not thread-safe, except for
/// <see cref="IsFull"/>.
/// </summary>
/// <param name="maxLength">The number of bytes from which on it is full.</param>
/// <param name="pool">The pool that its arrays are rented from.</param>
/// <param name="memory">The memory budget of all connections; <see langword="null"/> if there is no limit.</param>
internal sealed class Inbox(int maxLength, ArrayPool<byte> pool, MemoryAllowance? memory = null)
{
    /// <summary>
    /// The cost of an entry besides the bytes of its array: its place in the queue and the header of the array. It counts, so that empty
    /// messages fill the inbox too.
    /// </summary>
    public const int EntryLength = 48;

    // How many times longer than its payload a kept array may be. A compressed message can be in a very long array, because its
    // length is unknown when inflating begins.
    private const int MaxWasteFactor = 4;

    private readonly Queue<InboxEntry> _entries = new();
    private ArrayPool<byte> _pool = pool;
    private long _length;
    private long _allowedLength;

    /// <summary>How many bytes its arrays and entries take. Any thread.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Whether it has no entries.</summary>
    public bool IsEmpty => _entries.Count == 0;

    /// <summary>The number of entries.</summary>
    public int Count => _entries.Count;

    /// <summary>The number of entries taken so far; it may wrap. A change shows that the application takes messages.</summary>
    public int TakenCount { get; private set; }

    /// <summary>
    /// Whether it is full. An inbox that is not full takes a message of any length. While the memory budget of all connections is used
    /// up, it is full much earlier, so that reading waits for the application. Any thread.
    /// </summary>
    public bool IsFull =>
        Volatile.Read(ref _length) >= maxLength
        || (Volatile.Read(ref _length) > MemoryAllowance.UncheckedLength && memory is { IsUsedUp: true });

    /// <summary>Whether it holds less than <see cref="AllowMore"/> allows.</summary>
    public bool MayTakeMore => _length < _allowedLength;

    /// <summary>Allows a number of bytes beyond its current content, although it is full.</summary>
    public void AllowMore(long length) => _allowedLength = length > long.MaxValue - _length ? long.MaxValue : _length + length;

    /// <summary>Whether an array is so much longer than its payload that a copy of the payload is kept instead.</summary>
    public static bool IsTooLong(byte[] array, int payloadLength) =>
        array.Length > MaxWasteFactor * ((long)payloadLength + EntryLength);

    /// <summary>Adds a payload that is on loan.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="lender">The rented array that begins with the payload, if its ownership can be passed on; otherwise <see langword="null"/>.</param>
    /// <param name="kind">The kind of the message.</param>
    /// <param name="endOfMessage">Whether it ends its message.</param>
    /// <param name="endsFrame">Whether it ends the frame that it arrived in.</param>
    /// <returns>
    /// Whether <paramref name="lender"/> was taken. If not, the payload was copied, because the rest of the array would be memory that
    /// is not counted.
    /// </returns>
    public bool Add(ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage, bool endsFrame = true)
    {
        bool isTaken = lender is not null && !IsTooLong(lender, payload.Length);
        Add(InboxEntry.Of(payload, isTaken ? lender : null, kind, endOfMessage, _pool) with { EndsFrame = endsFrame });
        return isTaken;
    }

    /// <summary>Adds an entry, and takes ownership of its array.</summary>
    public void Add(InboxEntry entry)
    {
        _entries.Enqueue(entry);
        Volatile.Write(ref _length, _length + entry.Array.Length + EntryLength);
    }

    /// <summary>Takes the oldest entry. The caller owns its array and returns it to the pool.</summary>
    public bool TryTake(out InboxEntry entry)
    {
        if (!_entries.TryDequeue(out entry))
        {
            return false;
        }

        TakenCount++;
        Volatile.Write(ref _length, _length - entry.Array.Length - EntryLength);
        return true;
    }

    /// <summary>Removes all entries, and returns their arrays to the pool.</summary>
    public void Clear()
    {
        while (TryTake(out InboxEntry entry))
        {
            entry.Release(_pool);
        }
    }

    /// <summary>Returns its arrays to a pool that does not count them from now on.</summary>
    /// <returns>The length in bytes of its arrays, which the caller stops counting.</returns>
    public long Uncount(ArrayPool<byte> uncounted)
    {
        _pool = uncounted;
        return _length - ((long)_entries.Count * EntryLength);
    }
}
