namespace Sockeye.Connections.Sending;

/// <summary>
/// The frames of a <see cref="SendBacklog"/> that a policy for slow consumers may drop or replace: by key, or from the oldest. Not
/// thread-safe.
/// </summary>
internal sealed class ReplaceableFrames
{
    // A dictionary keeps its capacity, and a backlog is reused by other connections.
    private const int MaxKeptCapacity = 64;

    private readonly Dictionary<string, WaitingFrame> _byKey = [];

    // In the order in which they wait, without keys. Frames that no longer wait are removed when they are the first.
    private readonly Queue<WaitingFrame> _withoutKey = new();

    /// <summary>The number of frames that wait.</summary>
    public int Count { get; private set; }

    /// <summary>How many bytes of frames with a key wait, and what these frames cost besides.</summary>
    public long KeyedLength { get; private set; }

    /// <summary>Whether it occupies more memory than is worth keeping once it is empty.</summary>
    public bool IsLarge => _byKey.EnsureCapacity(0) > MaxKeptCapacity || _withoutKey.EnsureCapacity(0) > MaxKeptCapacity;

    /// <summary>The frame without a key that has waited longest; <see langword="null"/> if none waits.</summary>
    public WaitingFrame? Oldest => _withoutKey.TryPeek(out WaitingFrame? oldest) ? oldest : null;

    /// <summary>Returns the frame that waits under a key; <see langword="null"/> if none does.</summary>
    public WaitingFrame? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>Adds a frame that begins to wait. No other with its key waits.</summary>
    public void Add(WaitingFrame waiting)
    {
        Count++;
        if (waiting.Key is null)
        {
            _withoutKey.Enqueue(waiting);
            return;
        }

        _byKey.Add(waiting.Key, waiting);
        KeyedLength += waiting.Buffered + WaitingFrame.EntryLength;
    }

    /// <summary>Removes a frame that no longer waits.</summary>
    public void Remove(WaitingFrame waiting)
    {
        Count--;
        if (waiting.Key is not null)
        {
            _byKey.Remove(waiting.Key);
            KeyedLength -= waiting.Buffered + WaitingFrame.EntryLength;
            return;
        }

        while (_withoutKey.TryPeek(out WaitingFrame? first) && !first.IsWaiting)
        {
            _withoutKey.Dequeue();
        }
    }

    /// <summary>Accounts for the new length of a frame that was replaced.</summary>
    public void NoteReplaced(WaitingFrame waiting, int lengthBefore) => KeyedLength += waiting.Buffered - lengthBefore;
}
