using Sockeye.Connections.Lifecycle;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// Delivers received messages: to a handler in place (<see cref="HandlerReceiver"/>), or to calls of a receive method
/// (<see cref="PullReceiver"/>). In order, one at a time, without loss.
/// </summary>
/// <remarks>
/// Every connection has one, so it is small. It is guarded by lock (this): it is internal, so no other code can lock it.
/// </remarks>
internal abstract class Receiver(IReceiverOwner owner) : IClosingReceiver
{
    // The frames that cost the most memory for their length on the wire: a header, a key if the peer masks (RFC 6455 §5.2), and a
    // payload of at most one byte, in the shortest array of the pool.
    private const int ShortestHeaderLength = 2;
    private const int MaskingKeyLength = 4;
    private const int ShortestArrayLength = 16;

    // Created when a message has to wait. Its content is guarded by the lock.
    private Inbox? _inbox;
    private bool _isReadingPaused;
    private bool _isEndNoted;
    private volatile bool _isClosing;
    private volatile bool _readsOn;
    private volatile bool _takesAll;
    private bool _hasEnded;
    private volatile bool _isPaused;
    private long _messageCount;

    // Whether the bytes behind the last delivered message, which arrived in the same read, contain another whole message. Needs the lock.
    private bool _hasNextInRead;

    /// <summary>The connection that the receiver belongs to.</summary>
    protected IReceiverOwner Owner { get; } = owner;

    /// <summary>The messages that were received and not delivered. Needs the lock.</summary>
    protected Inbox Inbox => _inbox ?? MakeInbox();

    /// <summary>Whether the inbox is empty. Needs the lock.</summary>
    protected bool IsInboxEmpty => _inbox is null || _inbox.IsEmpty;

    /// <summary>Whether the connection has ended. Set under the lock.</summary>
    protected bool HasEnded
    {
        get => Volatile.Read(in _hasEnded);
        private set => Volatile.Write(ref _hasEnded, value);
    }

    /// <summary>Whether no more messages can arrive; some may still be in the inbox.</summary>
    protected bool IsInputOver => HasEnded || Owner.IsInputOver;

    /// <summary>The number of messages that have arrived whole. Any thread.</summary>
    public long MessageCount => Volatile.Read(ref _messageCount);

    /// <summary>How many bytes the inbox holds (<see cref="LimitOptions.MaxInboxLength"/>). Any thread.</summary>
    public long InboxLength => _inbox?.Length ?? 0;

    /// <summary>Whether the application has paused delivery.</summary>
    public bool IsPaused => _isPaused;

    /// <summary>
    /// Whether delivery waits: until the application resumes it, or until the peer has taken enough of what was sent. The latter does not
    /// outlast the connection.
    /// </summary>
    protected bool MustWait => _isPaused || (!HasEnded && Owner.MustWaitForSendBuffer);

    /// <summary>Whether reading waits for the application.</summary>
    public bool IsReadingPaused => Volatile.Read(ref _isReadingPaused);

    /// <summary>
    /// Whether the inbox is full. Exact without the lock on the I/O thread, which alone adds to it; other threads may make room at
    /// any moment.
    /// </summary>
    public bool IsFull => _inbox is not null && _inbox.IsFull;

    /// <summary>
    /// Whether a whole message is buffered behind the last one that the application was given. Takes the lock; any thread.
    /// </summary>
    public bool HasNext
    {
        get
        {
            lock (this)
            {
                return !IsInboxEmpty || (_hasNextInRead && !IsInputOver);
            }
        }
    }

    /// <summary>Whether messages were received and not delivered. Without the lock, so it may be out of date. Any thread.</summary>
    public bool HasWaiting => _inbox is { IsEmpty: false };

    /// <summary>Counts a message, before it is delivered. On the I/O thread.</summary>
    public void NoteMessage() => Volatile.Write(ref _messageCount, _messageCount + 1);

    /// <summary>Delivers a message, or a piece of one. Called on the I/O thread.</summary>
    /// <param name="payload">The payload, on loan.</param>
    /// <param name="lender">The rented array that begins with the payload, if its ownership can be passed on.</param>
    /// <param name="kind">The kind of the message.</param>
    /// <param name="endOfMessage">Whether it ends its message.</param>
    /// <param name="hasNext">Whether another whole message follows in the bytes of the same read.</param>
    /// <param name="endsFrame">Whether it ends the frame that it arrived in.</param>
    /// <returns>Whether <paramref name="lender"/> was taken.</returns>
    public abstract bool Deliver(
        ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage, bool hasNext = false,
        bool endsFrame = true);

    /// <summary>Begins delivery: calls <see cref="WebSocketHandler.OnOpened"/> if there is a handler.</summary>
    public abstract void Open();

    /// <summary>Called on the I/O thread when a call of the transport begins while the connection is ending.</summary>
    public virtual void OnCallBegun()
    {
    }

    /// <summary>Called when that call has ended, and everything it delivered in place has been handled.</summary>
    public virtual void OnCallEnded()
    {
    }

    /// <summary>Holds messages back until <see cref="Resume"/>. A message that is being delivered at this moment still is.</summary>
    public void Pause() => _isPaused = true;

    /// <summary>Ends the pause. What was held back is delivered on the thread pool.</summary>
    public void Resume()
    {
        _isPaused = false;
        OnMayContinue();
    }

    /// <summary>Called when what delivery waited for may have come: the send buffer has drained, or the application has resumed it.</summary>
    public abstract void OnMayContinue();

    /// <summary>Notes that reading pauses if the inbox is full; reading is resumed when there is room.</summary>
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

    /// <summary>The number of messages, or pieces of messages, taken out of the inbox; it may wrap.</summary>
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
    /// Notes that this end closes the connection. The peer's Close frame comes behind everything that it sent before, so from now on
    /// the application is watched whenever reading waits for it.
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
    /// Reads on to the peer's Close frame although the application takes nothing: the first message that does not fit into the inbox is
    /// dropped, and so are all behind it.
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
    /// Takes everything that was received into the inbox, full or not, because the transport is about to be gone.
    /// </summary>
    /// <remarks>
    /// One read bounds it. Compressed messages may inflate to far more: they are dropped once they take more room than a read of
    /// the shortest frames, plus one message that was incomplete before.
    /// </remarks>
    public virtual void TakeAll()
    {
        if (Owner.IsCompressed)
        {
            lock (this)
            {
                // One whole read, whatever its frames, and a message that was incomplete before it.
                Inbox.AllowMore(MaxRestLength + Math.Min(Owner.Settings.MaxMessageLength, Array.MaxLength));
            }
        }

        _takesAll = true;
    }

    /// <summary>Ends <see cref="TakeAll"/>: everything has been taken.</summary>
    public virtual void EndTakeAll()
    {
    }

    /// <summary>Whether <see cref="TakeAll"/> was called, so that nothing may be left for another turn.</summary>
    public bool TakesAll => _takesAll;

    /// <summary>Notes the end of the input, behind everything that was delivered.</summary>
    /// <returns>
    /// Whether the application has processed everything before it; if not, <see cref="ClosingSequence.ApplicationDone"/> is called when
    /// it has.
    /// </returns>
    public virtual bool TryNoteEnd()
    {
        lock (this)
        {
            _isEndNoted = !IsDone;
            return !_isEndNoted;
        }
    }

    /// <summary>Whether the application is processing a message.</summary>
    public abstract bool HasMessageInHand { get; }

    /// <summary>Whether messages wait only until the peer has taken enough of what was sent.</summary>
    public abstract bool WaitsForPeer { get; }

    /// <summary>Ends delivery: the end of the connection is delivered behind the messages that still wait.</summary>
    /// <param name="isCall">Whether this is the I/O thread, at the end of a call of the transport.</param>
    public void End(bool isCall)
    {
        lock (this)
        {
            HasEnded = true;
            if (Owner.DropsReceived)
            {
                // The I/O thread may be in the middle of a read.
                DropRest();
                ClearInbox();
            }
        }

        OnEnded(isCall);
    }

    /// <summary>Whether <see cref="TryNoteEnd"/> was called, and the application is not done. Needs the lock.</summary>
    protected bool IsEndNoted => _isEndNoted;

    /// <summary>Whether the application has processed every message. Needs the lock.</summary>
    protected abstract bool IsDone { get; }

    /// <summary>Whether a message was dropped, after which none may be delivered.</summary>
    protected bool HasDropped { get; private set; }

    /// <summary>Drops everything that is received from now on. Needs the lock.</summary>
    protected void DropRest() => HasDropped = true;

    private bool TakesBeyondLimit =>
        _takesAll && (!Owner.IsCompressed || _inbox is null || _inbox.MayTakeMore);

    // How much room one read of the shortest frames takes in the inbox: 2.7 MiB on a server, 8 MiB on a client.
    private long MaxRestLength =>
        (long)Transport.MaxReadLength * (Inbox.EntryLength + ShortestArrayLength)
        / (ShortestHeaderLength + (Owner.Settings.Role == Role.Server ? MaskingKeyLength : 0));

    /// <summary>
    /// Notes whether another whole message follows in the same read. Needs the lock, unless the application has no message yet that it
    /// could ask about.
    /// </summary>
    protected void NoteNextInRead(bool hasNext) => _hasNextInRead = hasNext;

    /// <summary>Whether a message that has arrived is dropped. Needs the lock; only on the I/O thread.</summary>
    protected bool MustDrop()
    {
        HasDropped |= (_readsOn || _takesAll) && IsFull && !TakesBeyondLimit;
        return HasDropped;
    }

    /// <summary>Takes the oldest entry of the inbox. Needs the lock.</summary>
    protected bool TryTake(out InboxEntry entry)
    {
        entry = default;
        return _inbox is not null && _inbox.TryTake(out entry);
    }

    /// <summary>Clears the inbox. Needs the lock.</summary>
    protected void ClearInbox() => _inbox?.Clear();

    /// <summary>Stops counting the arrays in the inbox, and returns their length in bytes. Needs the lock.</summary>
    protected long UncountInbox() => _inbox?.Uncount(Owner.Settings.UncountedPool) ?? 0;

    /// <summary>Delivers the end once everything before it has been delivered.</summary>
    protected abstract void OnEnded(bool isCall);

    /// <summary>Whether reading is to be resumed, which the caller does outside the lock. Needs the lock.</summary>
    protected bool TakeResume()
    {
        bool resume = _isReadingPaused && !IsFull;
        _isReadingPaused &= !resume;
        return resume;
    }

    /// <summary>
    /// Whether the application has processed everything before the end of the input, which the caller reports outside the lock. Needs
    /// the lock.
    /// </summary>
    protected bool TakeDone()
    {
        bool isDone = _isEndNoted && IsDone;
        _isEndNoted &= !isDone;
        return isDone;
    }

    /// <summary>Continues the closing handshake if <see cref="TakeDone"/> returned so. Outside the lock.</summary>
    protected void ReportDoneIf(bool isDone)
    {
        if (isDone)
        {
            Owner.OnApplicationDone();
        }
    }

    /// <summary>Resumes reading if <see cref="TakeResume"/> returned so. Outside the lock.</summary>
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
