using System.Buffers;
using Sockeye.Memory;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// What was received while the application was busy, in order, bounded in bytes. Not thread-safe but for
/// <see cref="IsFull"/>.
/// </summary>
/// <param name="maxLength">How many bytes make it full.</param>
/// <param name="pool">Where its arrays come from.</param>
/// <param name="memory">What connections may hold in all; <see langword="null"/> if there is no limit.</param>
internal sealed class Inbox(int maxLength, ArrayPool<byte> pool, MemoryAllowance? memory = null)
{
    /// <summary>
    /// What an entry costs beside the bytes of its array: its place in the queue, and the header of the array. Counted, so that
    /// empty messages fill the inbox too.
    /// </summary>
    public const int EntryLength = 48;

    // How much longer than its payload an array may be that is kept. A compressed message can lie in a very long one: how
    // long it becomes is not known when the first of it is inflated.
    private const int MaxWasteFactor = 4;

    private readonly Queue<InboxEntry> _entries = new();
    private ArrayPool<byte> _pool = pool;
    private long _length;
    private long _allowedLength;

    /// <summary>Whether nothing is in it.</summary>
    public bool IsEmpty => _entries.Count == 0;

    /// <summary>How many entries are in it.</summary>
    public int Count => _entries.Count;

    /// <summary>How many entries were taken so far, as a count that may wrap: whether it moves tells whether anything is taken.</summary>
    public int TakenCount { get; private set; }

    /// <summary>
    /// Whether it takes no more. A message of any length goes into one that is not full. While connections hold all the memory
    /// that they may, little fills it: reading then waits for the application. Any thread.
    /// </summary>
    public bool IsFull =>
        Volatile.Read(ref _length) >= maxLength
        || (Volatile.Read(ref _length) > MemoryAllowance.UncheckedLength && memory is { IsUsedUp: true });

    /// <summary>Whether it holds less than <see cref="AllowMore"/> has allowed.</summary>
    public bool MayTakeMore => _length < _allowedLength;

    /// <summary>Allows so many bytes more than it holds now, though it is full.</summary>
    public void AllowMore(long length) => _allowedLength = length > long.MaxValue - _length ? long.MaxValue : _length + length;

    /// <summary>Whether an array is so much longer than its payload that a copy of the payload is kept instead.</summary>
    public static bool IsTooLong(byte[] array, int payloadLength) =>
        array.Length > MaxWasteFactor * ((long)payloadLength + EntryLength);

    /// <summary>Adds a payload that is on loan.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="lender">The pool's array that begins with the payload, if it can be had.</param>
    /// <param name="kind">The kind of the message.</param>
    /// <param name="endOfMessage">Whether it ends its message.</param>
    /// <returns>
    /// Whether <paramref name="lender"/> was taken. If not the payload was copied, since what an array holds beside it would
    /// be memory that nobody counts.
    /// </returns>
    public bool Add(ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage)
    {
        bool isTaken = lender is not null && !IsTooLong(lender, payload.Length);
        Add(InboxEntry.Of(payload, isTaken ? lender : null, kind, endOfMessage, _pool));
        return isTaken;
    }

    /// <summary>Adds an entry; its array is the inbox's from now on.</summary>
    public void Add(InboxEntry entry)
    {
        _entries.Enqueue(entry);
        Volatile.Write(ref _length, _length + entry.Array.Length + EntryLength);
    }

    /// <summary>Takes the oldest entry; its array is the caller's, to be returned to the pool.</summary>
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

    /// <summary>Throws everything away.</summary>
    public void Clear()
    {
        while (TryTake(out InboxEntry entry))
        {
            entry.Release(_pool);
        }
    }

    /// <summary>From now on its arrays go back to a pool that does not count them.</summary>
    /// <returns>How many bytes the arrays in it have, which the caller ceases to count.</returns>
    public long Uncount(ArrayPool<byte> uncounted)
    {
        _pool = uncounted;
        return _length - ((long)_entries.Count * EntryLength);
    }
}
