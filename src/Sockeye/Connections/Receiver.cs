namespace Sockeye.Connections;

/// <summary>
/// Where received messages go: to a handler in place (<see cref="HandlerReceiver"/>), or to whoever asks for them
/// (<see cref="PullReceiver"/>). In order, one at a time, none lost.
/// </summary>
/// <remarks>
/// Every connection has one, so it holds next to nothing, and its own lock guards it: nobody outside of the connection
/// can get hold of it.
/// </remarks>
internal abstract class Receiver(ConnectionCore core)
{
    // Made when something has to wait. Its content under the lock.
    private Inbox? _inbox;
    private bool _isReadingPaused;
    private bool _isCloseNoted;
    private volatile bool _readsOn;

    /// <summary>The connection.</summary>
    protected ConnectionCore Core { get; } = core;

    /// <summary>What was received and not delivered. Under the lock.</summary>
    protected Inbox Inbox => _inbox ?? MakeInbox();

    /// <summary>Whether nothing waits. Under the lock.</summary>
    protected bool IsInboxEmpty => _inbox is null || _inbox.IsEmpty;

    /// <summary>Whether the connection has ended. Under the lock.</summary>
    protected bool HasEnded { get; private set; }

    /// <summary>Whether delivery waits for the peer to take what it was sent.</summary>
    protected bool MustWaitForSendBuffer =>
        Core.Sends.IsCongested && Core.Settings.Options.PauseReceivingWhenSendBufferIsFull;

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

    /// <summary>The send buffer has drained.</summary>
    public abstract void OnSendBufferDrained();

    /// <summary>If no more can be taken, notes that reading pauses: it is resumed when there is room.</summary>
    public bool TryPauseReading()
    {
        if (!IsFull && !IsReadingPaused)
        {
            return false;
        }

        lock (this)
        {
            _isReadingPaused = IsFull && !HasEnded && !_readsOn;
            return _isReadingPaused;
        }
    }

    /// <summary>
    /// This end closes the connection: reading goes on to the peer's Close frame, and what the inbox has no room for,
    /// and all that comes behind it, is dropped.
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

    /// <summary>The peer's Close frame has arrived, behind all that was delivered.</summary>
    /// <returns>
    /// Whether the application is done with what came before; if not, <see cref="ClosingSequence.Reply"/> is called when
    /// it is.
    /// </returns>
    public bool TryNoteClose()
    {
        lock (this)
        {
            _isCloseNoted = !IsDone;
            return !_isCloseNoted;
        }
    }

    /// <summary>The connection has ended; nothing more will be delivered to the receiver.</summary>
    /// <param name="discard">Whether what was received and not delivered is thrown away.</param>
    public void End(bool discard)
    {
        lock (this)
        {
            HasEnded = true;
            if (discard)
            {
                ClearInbox();
            }
        }

        OnEnded();
    }

    /// <summary>Whether the application has nothing before it, and nothing in hand. Under the lock.</summary>
    protected abstract bool IsDone { get; }

    /// <summary>Whether something was dropped, so that nothing may be delivered any more.</summary>
    protected bool HasDropped { get; private set; }

    /// <summary>Whether what has arrived is dropped. Under the lock, and only on the I/O thread.</summary>
    protected bool MustDrop()
    {
        HasDropped |= _readsOn && IsFull;
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

    /// <summary>Delivers the end, once all that came before it has been delivered.</summary>
    protected abstract void OnEnded();

    /// <summary>Whether reading is to be resumed, which the caller then does outside the lock. Under it.</summary>
    protected bool TakeResume()
    {
        bool resume = _isReadingPaused && !IsFull;
        _isReadingPaused &= !resume;
        return resume;
    }

    /// <summary>Whether the peer's Close frame is to be answered, which the caller then does outside the lock. Under it.</summary>
    protected bool TakeReply()
    {
        bool reply = _isCloseNoted && IsDone;
        _isCloseNoted &= !reply;
        return reply;
    }

    /// <summary>Answers the peer's Close frame, if <see cref="TakeReply"/> said so. Outside the lock.</summary>
    protected void ReplyIf(bool reply)
    {
        if (reply)
        {
            Core.Closing.Reply();
        }
    }

    /// <summary>Reads on, if <see cref="TakeResume"/> said so. Outside the lock.</summary>
    protected void ResumeReadingIf(bool resume)
    {
        if (resume)
        {
            Core.Transport.ResumeReading();
        }
    }

    private Inbox MakeInbox() =>
        _inbox = new Inbox(Core.Settings.Limits.MaxInboxLength, Core.Settings.Pool);
}
