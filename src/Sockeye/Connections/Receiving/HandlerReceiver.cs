using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// Calls a <see cref="WebSocketHandler"/> in place: on the I/O thread, with a view of the receive buffer. While an asynchronous call
/// is pending, messages wait in the inbox; the thread that completes the call delivers them.
/// </summary>
internal sealed class HandlerReceiver : Receiver
{
    // Passed from HandOver to Invoke, and kept while an asynchronous call is pending.
    private HandlerCall? _call;

    // Set until OnOpened has returned, while an asynchronous call is pending, and while the inbox is being drained: then
    // messages go to the inbox. During a call of the transport only the I/O thread changes it from false to true, so that
    // thread may read it without the lock.
    private bool _isBusy = true;

    // Whether messages wait until delivery may continue; _isBusy is set then too.
    private bool _isWaiting;
    private bool _isInvoking;
    private bool _drainsTaken;

    // Set during a call of the transport that began after the end: its messages go to the inbox.
    private bool _isHeld;

    /// <summary>Creates the receiver of a connection with a handler.</summary>
    public HandlerReceiver(IReceiverOwner owner)
        : base(owner)
    {
    }

    /// <inheritdoc/>
    protected override bool IsDone => !_isBusy;

    /// <inheritdoc/>
    public override bool HasMessageInHand
    {
        get
        {
            lock (this)
            {
                return (_isBusy && !_isWaiting) || Owner.IsCalledElsewhere;
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
                return _isWaiting && !IsPaused;
            }
        }
    }

    /// <inheritdoc/>
    public override bool Deliver(
        ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage, bool hasNext = false,
        bool endsFrame = true)
    {
        if (HasDropped)
        {
            return false;
        }

        if (!Volatile.Read(ref _isBusy) && !MustWait)
        {
            NoteNextInRead(hasNext);
            Invoke(payload, lender, kind, endOfMessage, out bool taken);
            return taken;
        }

        bool isTaken;
        bool drain;
        lock (this)
        {
            if (MustDrop())
            {
                return false;
            }

            NoteNextInRead(hasNext);
            isTaken = Inbox.Add(payload, lender, kind, endOfMessage);
            drain = !_isBusy;
            _isBusy = true;
        }

        if (drain)
        {
            // Either delivery still has to wait, and Drain notes that; or what it waited for has just come.
            Drain();
        }

        return isTaken;
    }

    /// <inheritdoc/>
    public override void TakeAll()
    {
        base.TakeAll();
        if (!SharesThread)
        {
            return;
        }

        // Not delivered in place: a read may contain very many messages, and other connections wait.
        lock (this)
        {
            _drainsTaken = !_isBusy;
            _isBusy = true;
        }
    }

    /// <inheritdoc/>
    public override void EndTakeAll()
    {
        if (_drainsTaken)
        {
            _drainsTaken = false;
            _ = DrainInTurnAsync();
        }
    }

    /// <inheritdoc/>
    public override void OnMayContinue()
    {
        lock (this)
        {
            if (!_isWaiting)
            {
                return;
            }

            _isWaiting = false;
        }

        // Not in place: this may be any thread that sends.
        ThreadPool.UnsafeQueueUserWorkItem(static receiver => receiver.Drain(), this, preferLocal: false);
    }

    /// <inheritdoc/>
    public override void Open()
    {
        try
        {
            Owner.Application.OnOpened();
        }
        catch (Exception exception)
        {
            Owner.OnHandlerFailed(exception);
        }

        Drain();
    }

    /// <inheritdoc/>
    public override void OnCallBegun()
    {
        if (!HasEnded)
        {
            return;
        }

        // Another thread may have seen no call in progress and be about to call the handler.
        lock (this)
        {
            _isHeld = !_isBusy;
            _isBusy = true;
        }
    }

    /// <inheritdoc/>
    public override void OnCallEnded()
    {
        if (HasEnded)
        {
            DrainToEnd(isCall: true);
        }
    }

    /// <summary>Copies the payload into an owned message and calls the asynchronous method; for the handler's default methods.</summary>
    public void HandOver(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage)
    {
        if (!_isInvoking || _call is { IsHandedOver: true })
        {
            throw new InvalidOperationException(
                "The base method of OnMessage or OnFragment may be called once, from inside the override.");
        }

        HandlerCall call = _call ??= HandlerCall.Begin(lender: null);
        ReadOnlyMemory<byte> lent = call.Lend(payload, Owner.Settings, this);
        call.Pending = Owner.Settings.Reader.DeliverFragments
            ? UnlessDone(Owner.Application.OnFragmentAsync(new WebSocketFragment(lent, kind, endOfMessage)))
            : UnlessDone(Owner.Application.OnMessageAsync(new WebSocketMessage(lent, kind, call, call.Loan)));
    }

    // Whether other connections wait while this one is served.
    private bool SharesThread => Owner.SharesThread;

    private TimeProvider Time => Owner.Settings.Wheel.Time;

    /// <inheritdoc/>
    protected override void OnEnded(bool isCall)
    {
        if (isCall || !LeavesEndToCall())
        {
            DrainToEnd(isCall);
        }
    }

    // During a call of the transport the handler may run in place, without the lock. The I/O thread checks whether the connection has
    // ended at the beginning and at the end of each call. It does so at every read and therefore without a fence: the thread that
    // notes the end pays for a process-wide one.
    private bool LeavesEndToCall()
    {
        Interlocked.MemoryBarrierProcessWide();
        return Owner.IsCalled;
    }

    private void DrainToEnd(bool isCall)
    {
        bool drain;
        lock (this)
        {
            drain = !_isBusy || _isWaiting || _isHeld;
            _isWaiting = false;
            _isHeld = false;
            _isBusy = true;
        }

        if (drain)
        {
            Drain(isCall);
        }
    }

    // Delivers the content of the inbox on the current thread, while _isBusy keeps other threads out. Delivers the end too, if this
    // thread is at the end of a call of the transport (isCall) or no such call is in progress.
    private void Drain(bool isCall = false)
    {
        bool isDone;
        long start = 0;
        for (int count = 0; ; count++)
        {
            if (count == 1)
            {
                start = Time.GetTimestamp();
            }
            else if (count > 1 && Time.GetElapsedTime(start) >= TimeSlice.Length && SharesThread)
            {
                // _isBusy stays set meanwhile.
                _ = DrainInTurnAsync();
                return;
            }

            InboxEntry entry;
            bool resume;
            lock (this)
            {
                if (Owner.DropsReceived)
                {
                    // The application aborted the connection, or its handler threw.
                    ClearInbox();
                }

                if (MustWait && !IsInboxEmpty)
                {
                    _isWaiting = true;
                    if (MustWait)
                    {
                        return;
                    }

                    // What it waited for came in between, and OnMayContinue may have been called before the flag was set.
                    _isWaiting = false;
                }

                if (!TryTake(out entry))
                {
                    _isBusy = false;
                    isDone = TakeDone();
                    break;
                }

                resume = TakeResume();
            }

            ResumeReadingIf(resume);
            bool isPending = Invoke(entry.Payload.Span, entry.Array, entry.Kind, entry.EndOfMessage, out bool taken);
            if (!taken)
            {
                entry.Release(Owner.Settings.Pool);
            }

            if (isPending)
            {
                return;
            }
        }

        ReportDoneIf(isDone);
        if (HasEnded && (isCall || !LeavesEndToCall()))
        {
            DeliverEnd();
        }
    }

    // Connections that share the thread get their turn first.
    private async Task DrainInTurnAsync()
    {
        // Never in place: a turn that is free at once would run inside the Drain that waits for it.
        await TurnQueue.Shared.WaitAsync().ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Drain();
    }

    private void DeliverEnd()
    {
        bool isLast;
        lock (this)
        {
            // At most once: _isBusy stays set after the handler's last call.
            isLast = !_isBusy;
            _isBusy = true;
            DropRest();
        }

        if (isLast)
        {
            try
            {
                Owner.Application.OnClosed(Owner.DescribeEnd());
            }
            catch (Exception exception)
            {
                Owner.OnHandlerFailed(exception);
            }

            Owner.OnServed();
        }
    }

    // Calls the handler. Returns whether an asynchronous call is pending, which drains the inbox when it completes.
    private bool Invoke(
        ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage, out bool taken)
    {
        if (lender is not null)
        {
            _call = HandlerCall.Begin(lender);
        }

        _isInvoking = true;
        try
        {
            if (Owner.Settings.Reader.DeliverFragments)
            {
                Owner.Application.OnFragment(payload, kind, endOfMessage);
            }
            else
            {
                Owner.Application.OnMessage(payload, kind);
            }
        }
        catch (Exception exception)
        {
            Owner.OnHandlerFailed(exception);
        }

        _isInvoking = false;
        if (_call is null)
        {
            taken = false;
            return false;
        }

        taken = _call.HasTakenLender;
        return FollowCall(_call);
    }

    private static Task? UnlessDone(ValueTask call)
    {
        if (!call.IsCompletedSuccessfully)
        {
            return call.AsTask();
        }

        call.GetAwaiter().GetResult();
        return null;
    }

    private bool FollowCall(HandlerCall call)
    {
        if (call.Pending is null or { IsCompleted: true })
        {
            // Not in AwaitAsync, which would call Drain from inside Drain for each message in the inbox.
            EndCall(call);
            return false;
        }

        // Set before AwaitAsync: the call may complete, and drain the inbox, on another thread.
        Volatile.Write(ref _isBusy, true);
        _ = AwaitAsync(call, call.Pending);
        return true;
    }

    private async Task AwaitAsync(HandlerCall call, Task pending)
    {
        // Never in place: a call that has just completed would continue inside the Drain that made it.
        await pending.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        EndCall(call);
        Drain();
    }

    private void EndCall(HandlerCall call)
    {
        Task? pending = call.Pending;
        _call = null;
        call.End();
        if (pending is not null && !pending.IsCompletedSuccessfully)
        {
            Owner.OnHandlerFailed(pending.Exception?.InnerException ?? new TaskCanceledException(pending));
        }
    }
}
