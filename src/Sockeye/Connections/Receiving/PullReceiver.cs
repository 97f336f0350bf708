// Over 500 lines: one lock guards the receive that waits, the message on loan and the end, and no part of them stands alone.
using System.Buffers;
using System.Threading.Tasks.Sources;
using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// Keeps messages until the application receives them: the receiver behind <see cref="WebSocketConnection.ReceiveAsync"/>,
/// <see cref="WebSocketConnection.ReadAllAsync"/> and <see cref="WebSocketConnection.ReceiveFragmentAsync"/>. Waiting
/// allocates nothing, and canceling a receive loses nothing.
/// </summary>
/// <remarks>Receives of messages and of fragments wait on the same source, so no asynchronous method is needed in between.</remarks>
internal sealed class PullReceiver
    : Receiver, IPayloadLender, IValueTaskSource<WebSocketMessage?>, IValueTaskSource<WebSocketFragment?>
{
    private ManualResetValueTaskSourceCore<InboxEntry> _source;
    private CancellationTokenRegistration _cancellation;
    private bool _isWaiting;
    private readonly bool _runsInline;

    private TakenSlice _slice;

    // Whether a receive waits only because others have their turn, although there are messages.
    private bool _yields;

    // What the application wants of the peer. One field, because every idle connection has it.
    private Interest _interest;

    // Set from the beginning of a wait until its result has been fetched: until then the wait and the payload belong to that receive.
    private bool _isTaken;

    // The message that the application has on loan: its array is returned at the next receive. Without one it still has the
    // number of the last loan, so that a message whose loan has ended is not mistaken for this one.
    private InboxEntry _lent;

    // Canceled once the connection has ended and all messages have been received.
    private ServedConnection? _served;
    private bool _mayCancelServed;

    // The last piece that was received does not end its message.
    private bool _isInsideMessage;

    // The remaining messages no longer count against the memory limit: the application may never receive them.
    private bool _isUncounted;

    /// <summary>Creates the receiver of a connection whose application calls receive methods.</summary>
    public PullReceiver(IReceiverOwner owner)
        : base(owner)
    {
        _runsInline = owner.Settings.Options.RunReceiveContinuationsInline;
        _interest = owner.Settings.Options.DefersCloseReply ? Interest.MessagesAndClose : Interest.Messages;
    }

    /// <inheritdoc/>
    protected override bool IsDone =>
        IsInboxEmpty && (Discards || (!IsCloseReplyDeferred && (_isWaiting || _lent.IsEnd)));

    /// <inheritdoc/>
    public override bool HasMessageInHand
    {
        get
        {
            lock (this)
            {
                return ((!_lent.IsEnd && !_isWaiting) || (_yields && _isWaiting) || (IsCloseReplyDeferred && IsEndNoted)) && !Discards;
            }
        }
    }

    /// <inheritdoc/>
    public override bool WaitsForPeer
    {
        get
        {
            lock (this)
            {
                return _isWaiting && !_yields && !IsPaused && !IsInboxEmpty;
            }
        }
    }

    // Whether the end of the input is a Close frame that the application replies to. Needs the lock.
    private bool IsCloseReplyDeferred => _interest == Interest.MessagesAndClose && Owner.HasPeerClosed;

    private bool Discards => _interest == Interest.Nothing;

    private ArrayPool<byte> Pool => _isUncounted ? Owner.Settings.UncountedPool : Owner.Settings.Pool;

    private TimeProvider Time => Owner.Settings.Wheel.Time;

    /// <summary>Receives the next message, on loan until the next call.</summary>
    /// <param name="isRegistered">Whether the caller has arranged that the token calls <see cref="Cancel"/>.</param>
    /// <param name="cancellationToken">Ends the wait. A message that arrives later is kept for the next call.</param>
    /// <returns>The message; <see langword="null"/> once all have been delivered, if the connection ended cleanly.</returns>
    /// <exception cref="WebSocketClosedException">All have been delivered, and the connection did not end cleanly.</exception>
    /// <exception cref="InvalidOperationException">Another receive is waiting. It continues to wait.</exception>
    public ValueTask<WebSocketMessage?> ReceiveMessageAsync(bool isRegistered, CancellationToken cancellationToken) =>
        Begin(out InboxEntry entry, isRegistered, cancellationToken) switch
        {
            Beginning.Taken when !entry.IsEnd => new(MessageOf(entry)),
            Beginning.Taken when FindUncleanEnd() is { } end => ValueTask.FromException<WebSocketMessage?>(end),
            Beginning.Taken => default,
            Beginning.Waiting => new(this, _source.Version),
            Beginning.Canceled => ValueTask.FromCanceled<WebSocketMessage?>(cancellationToken),
            _ => ValueTask.FromException<WebSocketMessage?>(ReceiveErrors.CreateConcurrent()),
        };

    /// <summary>Receives the next fragment; otherwise the same as <see cref="ReceiveMessageAsync"/>.</summary>
    public ValueTask<WebSocketFragment?> ReceiveFragmentAsync(CancellationToken cancellationToken) =>
        Begin(out InboxEntry entry, isRegistered: false, cancellationToken) switch
        {
            Beginning.Taken when !entry.IsEnd => new(FragmentOf(entry)),
            Beginning.Taken when FindUncleanEnd() is { } end => ValueTask.FromException<WebSocketFragment?>(end),
            Beginning.Taken => default,
            Beginning.Waiting => new(this, _source.Version),
            Beginning.Canceled => ValueTask.FromCanceled<WebSocketFragment?>(cancellationToken),
            _ => ValueTask.FromException<WebSocketFragment?>(ReceiveErrors.CreateConcurrent()),
        };

    /// <summary>Whether a message has been received in part: the next piece belongs to it.</summary>
    public bool IsInsideMessage
    {
        get
        {
            lock (this)
            {
                return _isInsideMessage;
            }
        }
    }

    /// <summary>
    /// The number of the last loan. A reader that remembers it can tell whether another receive has taken a piece since; it wraps after
    /// 65,536 pieces.
    /// </summary>
    public ushort LastLoan
    {
        get
        {
            lock (this)
            {
                return _lent.Loan;
            }
        }
    }

    /// <summary>Whether the payload of a loan is still valid.</summary>
    public bool IsOnLoan(ushort loan)
    {
        lock (this)
        {
            return _lent.Loan == loan && (!_lent.IsEnd || Discards);
        }
    }

    /// <summary>Creates the exception that describes the end of the connection.</summary>
    public WebSocketClosedException CreateClosedException() => new(Owner.DescribeEnd());

    /// <summary>The number of messages, or pieces of messages, in the inbox.</summary>
    public int WaitingCount
    {
        get
        {
            lock (this)
            {
                return IsInboxEmpty ? 0 : Inbox.Count;
            }
        }
    }

    /// <summary>
    /// From now on, a receive that reaches the peer's Close frame returns <see langword="null"/> without a reply to it, so that the
    /// application can still send, and reply with a code of its own. Without a reply within the deadline of an application that is
    /// processing a message, the connection replies by itself.
    /// </summary>
    public void DeferCloseReply()
    {
        lock (this)
        {
            _interest = _interest == Interest.Nothing ? Interest.Nothing : Interest.MessagesAndClose;
        }
    }

    /// <summary>Makes the token of a serve method be canceled at the end of the connection.</summary>
    public void Serve(ServedConnection served)
    {
        bool hasEnded;
        lock (this)
        {
            _served = served;
            hasEnded = _mayCancelServed;
        }

        if (hasEnded)
        {
            NoteEndReported();
        }
    }

    /// <summary>
    /// Cancels the token of the serve method once all messages have been received. Called after the end was announced, so that
    /// calls which wait for the end complete with it, and not by the token.
    /// </summary>
    public void NoteEndReported()
    {
        ServedConnection? served;
        lock (this)
        {
            _mayCancelServed = true;
            served = _served;
        }

        served?.Watch();
        CancelServedIfDrained();
    }

    /// <summary>Cancels the receive that waits, if there is one.</summary>
    public void Cancel(CancellationToken cancellationToken) => EndWait(null, cancellationToken);

    /// <summary>Drops the messages that were not received, and all that arrive: the application is done with the connection.</summary>
    /// <remarks>
    /// It may still read the last message, as after <c>await using</c>: the array of that message is left to the garbage collector.
    /// </remarks>
    public void Discard()
    {
        bool resume;
        bool isDone;
        lock (this)
        {
            _interest = Interest.Nothing;
            ClearInbox();
            UncountLent();
            _lent = InboxEntry.End with { Loan = _lent.Loan };
            resume = TakeResume();
            isDone = TakeDone();
        }

        ResumeReadingIf(resume);
        ReportDoneIf(isDone);
        CancelServedIfDrained();
    }

    /// <inheritdoc/>
    /// <remarks>For the end of the connection, the application is still processing the message.</remarks>
    public byte[]? TryDetach(int loan, ReadOnlyMemory<byte> payload, out ArrayPool<byte> pool)
    {
        pool = Owner.Settings.UncountedPool;
        lock (this)
        {
            if (_lent.IsEnd || _lent.IsDetached || _lent.Loan != loan || !payload.Equals(_lent.Payload))
            {
                return null;
            }

            UncountLent();
            byte[] array = _lent.Array;
            _lent = _lent.Detached();
            return array;
        }
    }

    /// <inheritdoc/>
    public bool HasMore(int loan)
    {
        lock (this)
        {
            return !_lent.IsEnd && !_lent.IsDetached && _lent.Loan == loan && HasNext;
        }
    }

    /// <inheritdoc/>
    public override bool TryNoteEnd()
    {
        bool isDone = base.TryNoteEnd();
        if (!isDone)
        {
            // A receive that waits is not done only if the reply is deferred, and now it has reached the Close frame.
            CompleteWaiting(mayRunInline: true);
        }

        return isDone;
    }

    /// <inheritdoc/>
    public override void Open() => Owner.Application.OnOpened();

    /// <inheritdoc/>
    public override bool Deliver(
        ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage, bool hasNext = false,
        bool endsFrame = true)
    {
        InboxEntry entry;
        bool isTaken;
        bool yields;
        lock (this)
        {
            if (Discards || MustDrop())
            {
                return false;
            }

            NoteNextInRead(hasNext);
            isTaken = Inbox.Add(payload, lender, kind, endOfMessage, endsFrame);
            // A receiver that continues in place uses the transport's slice, which already yields to other connections.
            yields = _isWaiting && !_yields && !_runsInline && _slice.IsDemoted(Time);
            _yields |= yields;
            if (!TryEndWait(out entry) && !yields)
            {
                return isTaken;
            }
        }

        if (yields)
        {
            _ = GoOnInTurnAsync();
        }
        else
        {
            Complete(entry);
        }

        return isTaken;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The receive completes on the thread pool: this may be any thread that sends, and a continuation in place could send and drain
    /// the buffer again, recursively.
    /// </remarks>
    public override void OnMayContinue() => CompleteWaiting(mayRunInline: false);

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    WebSocketMessage? IValueTaskSource<WebSocketMessage?>.GetResult(short token) =>
        TakeResult(token) is { IsEnd: false } entry ? MessageOf(entry) : null;

    /// <inheritdoc/>
    WebSocketFragment? IValueTaskSource<WebSocketFragment?>.GetResult(short token) =>
        TakeResult(token) is { IsEnd: false } entry ? FragmentOf(entry) : null;

    /// <inheritdoc/>
    protected override void OnEnded(bool isCall)
    {
        CompleteWaiting(mayRunInline: true);
        if (Owner.Application.IsServed)
        {
            // A method serves the connection: everything counts until it returns and Discard is called.
            return;
        }

        lock (this)
        {
            UncountLent();
            Owner.Settings.Memory.Add(-UncountInbox());
            _isUncounted = true;
        }
    }

    // Needs the lock.
    private void UncountLent()
    {
        if (!_lent.IsEnd && !_isUncounted)
        {
            Owner.Settings.Memory.Add(-_lent.Array.Length);
        }
    }

    private WebSocketMessage MessageOf(in InboxEntry entry) => new(entry.Payload, entry.Kind, this, entry.Loan);

    private static WebSocketFragment FragmentOf(in InboxEntry entry) =>
        new(entry.Payload, entry.Kind, entry.EndOfMessage) { EndsFrame = entry.EndsFrame };

    // What a receive throws at the end; null if the closing handshake was completed (RFC 6455 §7.1.4), or waits for the application.
    private WebSocketClosedException? FindUncleanEnd()
    {
        if (!HasEnded)
        {
            return null;
        }

        var end = new WebSocketClosedException(Owner.DescribeEnd());
        return end.Result.WasClean ? null : end;
    }

    // Takes the next message, or begins to wait.
    private Beginning Begin(out InboxEntry entry, bool isRegistered, CancellationToken cancellationToken)
    {
        entry = default;
        bool isThere;
        bool resume;
        bool isDone;
        bool yields;
        lock (this)
        {
            if (Volatile.Read(ref _isTaken))
            {
                return Beginning.Refused;
            }

            // Once no more can arrive, the remaining messages and the end come before the token, which was probably canceled because
            // of that end.
            if (cancellationToken.IsCancellationRequested && !IsInputOver)
            {
                return Beginning.Canceled;
            }

            _lent.Release(Pool);
            _lent = InboxEntry.End with { Loan = _lent.Loan };
            _yields = IsSliceOver() && !cancellationToken.IsCancellationRequested;
            isThere = !_yields && TryTakeNext(out entry);
            if (!isThere)
            {
                _slice.Restart();
                if (cancellationToken.IsCancellationRequested)
                {
                    return Beginning.Canceled;
                }

                BeginWait(isRegistered ? CancellationToken.None : cancellationToken);
            }

            resume = isThere && TakeResume();
            isDone = !isThere && TakeDone();
            yields = _yields;
        }

        ResumeReadingIf(resume);
        ReportDoneIf(isDone);
        CancelServedIfDrained();
        if (yields)
        {
            _ = GoOnInTurnAsync();
        }

        return isThere ? Beginning.Taken : Beginning.Waiting;
    }

    private bool IsSliceOver() =>
        _slice.NoteTaken(Time) && !IsInboxEmpty && !IsInputOver && Owner.SharesThread;

    private async Task GoOnInTurnAsync()
    {
        // Never in place: the continuation could use up its next turn, recursively.
        await TurnQueue.Shared.WaitAsync().ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        lock (this)
        {
            _yields = false;
        }

        CompleteWaiting(mayRunInline: false);
    }

    private InboxEntry TakeResult(short token)
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

    private bool TryTakeNext(out InboxEntry entry)
    {
        if (Owner.DropsReceived)
        {
            ClearInbox();
        }

        if (MustWait && !IsInboxEmpty)
        {
            entry = default;
            return false;
        }

        if (TryTake(out entry))
        {
            entry = entry with { Loan = (ushort)(_lent.Loan + 1) };
            _lent = entry;
            _isInsideMessage = !entry.EndOfMessage;
            return true;
        }

        entry = InboxEntry.End;
        return HasEnded || (IsCloseReplyDeferred && IsEndNoted);
    }

    // Cancels the token of the serve method, but not while messages are left to receive.
    private void CancelServedIfDrained()
    {
        if (_served is null || !HasEnded)
        {
            return;
        }

        ServedConnection? served;
        bool isDrained;
        lock (this)
        {
            served = _served;
            isDrained = _mayCancelServed && IsInboxEmpty;
            _served = isDrained ? null : served;
        }

        if (isDrained)
        {
            served?.Cancel();
        }
    }

    private void CompleteWaiting(bool mayRunInline)
    {
        InboxEntry entry;
        bool resume;
        lock (this)
        {
            if (!TryEndWait(out entry))
            {
                return;
            }

            resume = TakeResume();
        }

        ResumeReadingIf(resume);

        // Outside the lock: a continuation may run in place, if the application has opted in.
        _source.RunContinuationsAsynchronously |= !mayRunInline;
        Complete(entry);
    }

    private void Complete(in InboxEntry entry)
    {
        if (entry.IsEnd && FindUncleanEnd() is { } end)
        {
            _source.SetException(end);
        }
        else
        {
            _source.SetResult(entry);
        }
    }

    private void BeginWait(CancellationToken cancellationToken)
    {
        _isWaiting = true;
        _isTaken = true;
        _source.Reset();
        _source.RunContinuationsAsynchronously = !_runsInline;
        if (cancellationToken.CanBeCanceled)
        {
            Register(_source.Version, cancellationToken);
        }
    }

    // A separate method, so that the closure is allocated only when it is needed.
    private void Register(short version, CancellationToken cancellationToken) =>
        _cancellation = cancellationToken.UnsafeRegister((_, token) => EndWait(version, token), null);

    private void EndWait(short? version, CancellationToken cancellationToken)
    {
        lock (this)
        {
            // The token of an earlier receive may fire late: it must not cancel this one.
            if (!_isWaiting || (version is not null && version != _source.Version) || (_yields && IsInputOver))
            {
                return;
            }

            EndWait();
        }

        // Not in place: a continuation could cancel the next receive, recursively.
        _source.RunContinuationsAsynchronously = true;
        _source.SetException(new OperationCanceledException(cancellationToken));
    }

    private bool TryEndWait(out InboxEntry entry)
    {
        entry = default;
        if (!_isWaiting || _yields || !TryTakeNext(out entry))
        {
            return false;
        }

        EndWait();
        return true;
    }

    private void EndWait()
    {
        _isWaiting = false;
        _cancellation.Unregister();
        _cancellation = default;
    }

    private enum Interest : byte
    {
        /// <summary>The connection replies to the peer's Close frame when the application has received all messages before it.</summary>
        Messages,

        /// <summary>The application replies by itself.</summary>
        MessagesAndClose,

        /// <summary>Messages are dropped, so that a Close frame behind them is reached.</summary>
        Nothing,
    }

    // The outcome of beginning a receive.
    private enum Beginning : byte
    {
        Taken,
        Waiting,
        Canceled,
        Refused,
    }
}
