using System.Buffers;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// Where received messages go: to a handler in place (<see cref="HandlerReceiver"/>), or to whoever asks for them
/// (<see cref="PullReceiver"/>). In order, one at a time, none lost.
/// </summary>
internal abstract class Receiver
{
    private readonly Transport _transport;
    private readonly SendQueue _sends;
    private readonly bool _pausesWhenCongested;
    private readonly ClosingSequence _closing;
    private bool _isReadingPaused;
    private bool _isCloseNoted;
    private volatile bool _readsOn;

    protected Receiver(
        Transport transport, SendQueue sends, ClosingSequence closing, WebSocketConnectionOptions options,
        ArrayPool<byte> pool)
    {
        _transport = transport;
        _sends = sends;
        _closing = closing;
        _pausesWhenCongested = options.PauseReceivingWhenSendBufferIsFull;
        Pool = pool;
        Inbox = new Inbox(options.Limits.MaxInboxLength, pool);
    }

    /// <summary>Guards all of the receiver's state.</summary>
    protected Lock Gate { get; } = new();

    /// <summary>Where payloads that are kept lie.</summary>
    protected ArrayPool<byte> Pool { get; }

    /// <summary>What was received and not delivered. Under <see cref="Gate"/>.</summary>
    protected Inbox Inbox { get; }

    /// <summary>How the connection ended, once it has. Under <see cref="Gate"/>.</summary>
    protected WebSocketCloseResult? Result { get; private set; }

    /// <summary>Whether delivery waits for the peer to take what it was sent.</summary>
    protected bool MustWaitForSendBuffer => _pausesWhenCongested && _sends.IsCongested;

    /// <summary>Whether reading waits for the application.</summary>
    public bool IsReadingPaused => Volatile.Read(ref _isReadingPaused);

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
        if (!MayBeFull)
        {
            return false;
        }

        lock (Gate)
        {
            _isReadingPaused = Inbox.IsFull && Result is null && !_readsOn;
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
        lock (Gate)
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
        lock (Gate)
        {
            _isCloseNoted = !IsDone;
            return !_isCloseNoted;
        }
    }

    /// <summary>The connection has ended; nothing more will be delivered to the receiver.</summary>
    /// <param name="result">How it ended.</param>
    /// <param name="discard">Whether what was received and not delivered is thrown away.</param>
    public void End(WebSocketCloseResult result, bool discard)
    {
        lock (Gate)
        {
            Result = result;
            if (discard)
            {
                Inbox.Clear();
            }
        }

        OnEnded();
    }

    /// <summary>Whether the application has nothing before it, and nothing in hand. Under <see cref="Gate"/>.</summary>
    protected abstract bool IsDone { get; }

    /// <summary>Whether something was dropped, so that nothing may be delivered any more.</summary>
    protected bool HasDropped { get; private set; }

    /// <summary>Whether what has arrived is dropped. Under <see cref="Gate"/>, and only on the I/O thread.</summary>
    protected bool MustDrop()
    {
        HasDropped |= _readsOn && Inbox.IsFull;
        return HasDropped;
    }

    /// <summary>Whether the inbox is worth a look; without the lock.</summary>
    protected abstract bool MayBeFull { get; }

    /// <summary>Delivers the end, once all that came before it has been delivered.</summary>
    protected abstract void OnEnded();

    /// <summary>Whether reading is to be resumed, which the caller then does outside the lock. Under it.</summary>
    protected bool TakeResume()
    {
        bool resume = _isReadingPaused && !Inbox.IsFull;
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
            _closing.Reply();
        }
    }

    /// <summary>Reads on, if <see cref="TakeResume"/> said so. Outside the lock.</summary>
    protected void ResumeReadingIf(bool resume)
    {
        if (resume)
        {
            _transport.ResumeReading();
        }
    }
}
