using Sockeye.Connections.Lifecycle;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// Where received messages go: to a handler in place (<see cref="HandlerReceiver"/>), or to whoever asks for them
/// (<see cref="PullReceiver"/>). In order, one at a time, none lost.
/// </summary>
/// <remarks>
/// Every connection has one, so it holds next to nothing, and its own lock guards it: nobody outside of the connection
/// can get hold of it.
/// </remarks>
internal abstract class Receiver(IReceiverOwner owner) : IClosingReceiver
{
    // Of the frames that count most for their length on the wire: a header, a key if the peer masks (RFC 6455 §5.2), a payload of a
    // byte or none. The array for that is the shortest of the pool.
    private const int ShortestHeaderLength = 2;
    private const int MaskingKeyLength = 4;
    private const int ShortestArrayLength = 16;

    // Made when something has to wait. Its content under the lock.
    private Inbox? _inbox;
    private bool _isReadingPaused;
    private bool _isEndNoted;
    private volatile bool _isClosing;
    private volatile bool _readsOn;
    private volatile bool _takesAll;
    private bool _hasEnded;

    /// <summary>The connection.</summary>
    protected IReceiverOwner Owner { get; } = owner;

    /// <summary>What was received and not delivered. Under the lock.</summary>
    protected Inbox Inbox => _inbox ?? MakeInbox();

    /// <summary>Whether nothing waits. Under the lock.</summary>
    protected bool IsInboxEmpty => _inbox is null || _inbox.IsEmpty;

    /// <summary>Whether the connection has ended. Set under the lock.</summary>
    protected bool HasEnded
    {
        get => Volatile.Read(in _hasEnded);
        private set => Volatile.Write(ref _hasEnded, value);
    }

    /// <summary>Whether nothing more can arrive, though something may wait to be taken.</summary>
    protected bool IsInputOver => HasEnded || Owner.IsInputOver;

    /// <summary>Whether delivery waits for the peer to take what it was sent.</summary>
    protected bool MustWaitForSendBuffer => Owner.MustWaitForSendBuffer;

    /// <summary>Whether reading waits for the application.</summary>
    public bool IsReadingPaused => Volatile.Read(ref _isReadingPaused);

    /// <summary>
    /// Whether the inbox takes no more. Right without the lock on the I/O thread, which alone adds to it; others may
    /// make room at any moment.
    /// </summary>
    public bool IsFull => _inbox is not null && _inbox.IsFull;

    /// <summary>Takes a message, or a piece of one, from the I/O thread.</summary>
    /// <param name="payload">The payload, on loan.</param>
    /// <param name="lender">The pool's array that begins with the payload, if it can be given away.</param>
    /// <param name="kind">The kind of the message.</param>
    /// <param name="endOfMessage">Whether it ends its message.</param>
    /// <returns>Whether <paramref name="lender"/> was taken.</returns>
    public abstract bool Deliver(
        ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage);

    /// <summary>The connection is open: calls the handler's <see cref="WebSocketHandler.OnOpened"/>, if there is a handler.</summary>
    public abstract void Open();

    /// <summary>A call of the transport begins while the connection is ending. On the I/O thread.</summary>
    public virtual void OnCallBegun()
    {
    }

    /// <summary>The call has ended, and everything it delivered in place has been handled.</summary>
    public virtual void OnCallEnded()
    {
    }

    /// <summary>The send buffer has drained.</summary>
    public abstract void OnSendBufferDrained();

    /// <summary>If no more can be taken, notes that reading pauses: it is resumed when there is room.</summary>
    public bool TryPauseReading()
    {
        if (!IsFull && !IsReadingPaused)
        {
            return false;
        }

        bool isPaused;
        lock (this)
        {
            isPaused = IsFull && !HasEnded && !_readsOn && !_takesAll;
            _isReadingPaused = isPaused;
        }

        if (isPaused && _isClosing)
        {
            Owner.OnReadingPausedWhileClosing();
        }

        return isPaused;
    }

    /// <summary>How many messages, or pieces of them, were taken out of the inbox, as a count that may wrap.</summary>
    public int TakenCount
    {
        get
        {
            lock (this)
            {
                return _inbox?.TakenCount ?? 0;
            }
        }
    }

    /// <summary>
    /// This end closes the connection: the peer's Close frame is behind all that it sent before, so the application is watched
    /// from now on whenever reading waits for it.
    /// </summary>
    public void NoteClosing()
    {
        _isClosing = true;
        if (IsReadingPaused)
        {
            Owner.OnReadingPausedWhileClosing();
        }
    }

    /// <summary>
    /// Reads on to the peer's Close frame though the application takes nothing: what the inbox has no room for, and all that
    /// comes behind it, is dropped.
    /// </summary>
    public void ReadOn()
    {
        bool resume;
        lock (this)
        {
            _readsOn = true;
            resume = _isReadingPaused;
            _isReadingPaused = false;
        }

        ResumeReadingIf(resume);
    }

    /// <summary>
    /// The transport is about to be gone: what was received before is taken, whether or not the inbox is full.
    /// </summary>
    /// <remarks>
    /// That is less than one read, and bounded by it. Compressed messages may become far longer, and are dropped once they have
    /// filled the inbox by more than a read of the shortest frames does, and one message that was open before.
    /// </remarks>
    public virtual void TakeAll()
    {
        if (Owner.IsCompressed)
        {
            lock (this)
            {
                // One whole read, whatever frames it holds, and a message that was incomplete before it.
                Inbox.AllowMore(MaxRestLength + Math.Min(Owner.Settings.MaxMessageLength, Array.MaxLength));
            }
        }

        _takesAll = true;
    }

    /// <summary>All has been taken, after <see cref="TakeAll"/>.</summary>
    public virtual void EndTakeAll()
    {
    }

    /// <summary>Whether <see cref="TakeAll"/> was called: nothing may be left for another turn.</summary>
    public bool TakesAll => _takesAll;

    /// <summary>The input is over, behind all that was delivered.</summary>
    /// <returns>
    /// Whether the application is done with what came before; if not, <see cref="ClosingSequence.ApplicationDone"/> is called
    /// when it is.
    /// </returns>
    public bool TryNoteEnd()
    {
        lock (this)
        {
            _isEndNoted = !IsDone;
            return !_isEndNoted;
        }
    }

    /// <summary>Whether the application is at work on a message.</summary>
    public abstract bool HasMessageInHand { get; }

    /// <summary>Whether messages wait only for the peer to take what it was sent.</summary>
    public abstract bool WaitsForPeer { get; }

    /// <summary>The connection has ended: the end is delivered behind the messages that still wait.</summary>
    /// <param name="isCall">Whether this is the I/O thread, behind all that it delivers in place.</param>
    public void End(bool isCall)
    {
        lock (this)
        {
            HasEnded = true;
            if (Owner.DropsReceived)
            {
                ClearInbox();
            }
        }

        OnEnded(isCall);
    }

    /// <summary>Whether the application has nothing before it, and nothing in hand. Under the lock.</summary>
    protected abstract bool IsDone { get; }

    /// <summary>Whether something was dropped, so that nothing may be delivered any more.</summary>
    protected bool HasDropped { get; private set; }

    /// <summary>Drops everything that is received from now on. Under the lock.</summary>
    protected void DropRest() => HasDropped = true;

    private bool TakesBeyondLimit =>
        _takesAll && (!Owner.IsCompressed || _inbox is null || _inbox.MayTakeMore);

    // How much of the inbox one read of the shortest frames takes: 2.7 MiB on a server, 8 MiB on a client.
    private long MaxRestLength =>
        (long)Transport.MaxReadLength * (Inbox.EntryLength + ShortestArrayLength)
        / (ShortestHeaderLength + (Owner.Settings.Role == Role.Server ? MaskingKeyLength : 0));

    /// <summary>Whether what has arrived is dropped. Under the lock, and only on the I/O thread.</summary>
    protected bool MustDrop()
    {
        HasDropped |= (_readsOn || _takesAll) && IsFull && !TakesBeyondLimit;
        return HasDropped;
    }

    /// <summary>Takes the oldest entry of the inbox. Under the lock.</summary>
    protected bool TryTake(out InboxEntry entry)
    {
        entry = default;
        return _inbox is not null && _inbox.TryTake(out entry);
    }

    /// <summary>Throws away what is in the inbox. Under the lock.</summary>
    protected void ClearInbox() => _inbox?.Clear();

    /// <summary>Ceases to count the arrays in the inbox, and says how many bytes those have. Under the lock.</summary>
    protected long UncountInbox() => _inbox?.Uncount(Owner.Settings.UncountedPool) ?? 0;

    /// <summary>Delivers the end, once all that came before it has been delivered.</summary>
    protected abstract void OnEnded(bool isCall);

    /// <summary>Whether reading is to be resumed, which the caller then does outside the lock. Under it.</summary>
    protected bool TakeResume()
    {
        bool resume = _isReadingPaused && !IsFull;
        _isReadingPaused &= !resume;
        return resume;
    }

    /// <summary>
    /// Whether the application is done with all that came before the end of the input, which the caller then tells outside
    /// the lock. Under it.
    /// </summary>
    protected bool TakeDone()
    {
        bool isDone = _isEndNoted && IsDone;
        _isEndNoted &= !isDone;
        return isDone;
    }

    /// <summary>Goes on with the closing handshake, if <see cref="TakeDone"/> said so. Outside the lock.</summary>
    protected void TellDoneIf(bool isDone)
    {
        if (isDone)
        {
            Owner.OnApplicationDone();
        }
    }

    /// <summary>Reads on, if <see cref="TakeResume"/> said so. Outside the lock.</summary>
    protected void ResumeReadingIf(bool resume)
    {
        if (resume)
        {
            Owner.ResumeReading();
        }
    }

    private Inbox MakeInbox() =>
        _inbox = new Inbox(Owner.Settings.Limits.MaxInboxLength, Owner.Settings.Pool, Owner.Settings.Memory);
}
