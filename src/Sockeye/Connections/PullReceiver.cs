using System.Buffers;
using System.Threading.Tasks.Sources;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// Keeps messages until somebody asks for one: the receiving end of <see cref="WebSocketConnection.ReceiveAsync"/> and
/// its relatives. Waiting allocates nothing, and cancelling loses nothing.
/// </summary>
internal sealed class PullReceiver : Receiver, IValueTaskSource<InboxEntry>
{
    private ManualResetValueTaskSourceCore<InboxEntry> _source;
    private CancellationTokenRegistration _cancellation;
    private bool _isWaiting;

    // Nobody will ask any more: what arrives is dropped, so that a Close frame behind it is reached.
    private bool _discards;

    // From the beginning of a wait until its outcome has been fetched: until then it belongs to that receive, and so does
    // the payload.
    private bool _isTaken;

    // Whose payload the application is looking at: its array goes back at the next receive.
    private InboxEntry _lent;

    public PullReceiver(
        Transport transport, SendQueue sends, ClosingSequence closing, WebSocketConnectionOptions options,
        ArrayPool<byte> pool)
        : base(transport, sends, closing, options, pool) =>
        _source.RunContinuationsAsynchronously = !options.RunReceiveContinuationsInline;

    /// <inheritdoc/>
    protected override bool IsDone => Inbox.IsEmpty && (_isWaiting || _discards || _lent.IsEnd);

    /// <inheritdoc/>
    protected override bool MayBeFull => true;

    /// <summary>Asks for the next message or piece, on loan until the next call.</summary>
    /// <param name="cancellationToken">Ends the wait. What arrives later is kept for the next call.</param>
    /// <param name="isRegistered">Whether the caller has arranged that <see cref="Cancel"/> is called.</param>
    /// <returns>The entry, or <see cref="InboxEntry.End"/> when all have been delivered and no more will come.</returns>
    /// <exception cref="InvalidOperationException">Another receive is waiting; it is not harmed.</exception>
    public ValueTask<InboxEntry> ReceiveAsync(CancellationToken cancellationToken, bool isRegistered = false)
    {
        bool resume = false;
        bool reply = false;
        ValueTask<InboxEntry> received;
        lock (Gate)
        {
            if (Volatile.Read(ref _isTaken))
            {
                throw new InvalidOperationException("Another receive is waiting: a connection has one receiver.");
            }

            if (cancellationToken.IsCancellationRequested)
            {
                return ValueTask.FromCanceled<InboxEntry>(cancellationToken);
            }

            _lent.Release(Pool);
            _lent = default;
            if (TryTakeNext(out InboxEntry entry))
            {
                resume = TakeResume();
                received = new ValueTask<InboxEntry>(entry);
            }
            else
            {
                BeginWait(isRegistered ? CancellationToken.None : cancellationToken);
                reply = TakeReply();
                received = new ValueTask<InboxEntry>(this, _source.Version);
            }
        }

        ResumeReadingIf(resume);
        ReplyIf(reply);
        return received;
    }

    /// <summary>Ends the wait of a receive, if one is waiting.</summary>
    public void Cancel(CancellationToken cancellationToken) => EndWait(null, cancellationToken);

    /// <summary>Drops what was not asked for, and all that comes: the application is done with the connection.</summary>
    public void Discard()
    {
        bool resume;
        bool reply;
        lock (Gate)
        {
            _discards = true;
            Inbox.Clear();
            resume = TakeResume();
            reply = TakeReply();
        }

        ResumeReadingIf(resume);
        ReplyIf(reply);
    }

    /// <inheritdoc/>
    public override bool Deliver(
        ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage)
    {
        lock (Gate)
        {
            if (_discards || MustDrop())
            {
                return false;
            }

            Inbox.Add(InboxEntry.Of(payload, lender, kind, endOfMessage, Pool));
        }

        CompleteWaiting();
        return true;
    }

    /// <inheritdoc/>
    public override void OnSendBufferDrained() => CompleteWaiting();

    /// <inheritdoc/>
    InboxEntry IValueTaskSource<InboxEntry>.GetResult(short token)
    {
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            Volatile.Write(ref _isTaken, false);
        }
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<InboxEntry>.GetStatus(short token) => _source.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource<InboxEntry>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    protected override void OnEnded() => CompleteWaiting();

    private bool TryTakeNext(out InboxEntry entry)
    {
        if (Result is null && MustWaitForSendBuffer)
        {
            entry = default;
            return false;
        }

        if (Inbox.TryTake(out entry))
        {
            _lent = entry;
            return true;
        }

        entry = InboxEntry.End;
        return Result is not null;
    }

    private void CompleteWaiting()
    {
        InboxEntry entry;
        bool resume;
        lock (Gate)
        {
            if (!_isWaiting || !TryTakeNext(out entry))
            {
                return;
            }

            EndWait();
            resume = TakeResume();
        }

        ResumeReadingIf(resume);

        // Outside the lock: a continuation may run in place, if the application has opted in.
        _source.SetResult(entry);
    }

    private void BeginWait(CancellationToken cancellationToken)
    {
        _isWaiting = true;
        _isTaken = true;
        _source.Reset();
        if (cancellationToken.CanBeCanceled)
        {
            Register(_source.Version, cancellationToken);
        }
    }

    // A method of its own, so that the closure is made only when it is needed.
    private void Register(short version, CancellationToken cancellationToken) =>
        _cancellation = cancellationToken.UnsafeRegister((_, token) => EndWait(version, token), null);

    private void EndWait(short? version, CancellationToken cancellationToken)
    {
        lock (Gate)
        {
            // A token of an earlier receive may be late: it must not end the wait of this one.
            if (!_isWaiting || (version is not null && version != _source.Version))
            {
                return;
            }

            EndWait();
        }

        _source.SetException(new OperationCanceledException(cancellationToken));
    }

    private void EndWait()
    {
        _isWaiting = false;
        _cancellation.Unregister();
        _cancellation = default;
    }
}
