using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// Calls a <see cref="WebSocketHandler"/> in place, on the I/O thread and with the payload where it lies. While an
/// asynchronous call has not completed, what arrives waits in the inbox, and is delivered by whoever completes it.
/// </summary>
internal sealed class HandlerReceiver : Receiver
{
    // What passes between Invoke and HandOver, and what is kept while an asynchronous call is pending.
    private HandlerCall? _call;

    // Set until the handler's OnOpened has returned, while it is at work asynchronously, and while the inbox is being emptied:
    // deliveries go to the inbox. In a call of the transport it changes from false to true on the I/O thread alone, so that this
    // thread may read it without the lock.
    private bool _isBusy = true;
    private bool _waitsForSendBuffer;
    private bool _isInvoking;
    private bool _drainsTaken;

    // Set during a call of the transport that began after the end: what it delivers goes to the inbox.
    private bool _isHeld;

    /// <summary>Makes the receiver of a connection that has a handler.</summary>
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
                return (_isBusy && !_waitsForSendBuffer) || Owner.IsCalledElsewhere;
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
                return _waitsForSendBuffer;
            }
        }
    }

    /// <inheritdoc/>
    public override bool Deliver(
        ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage)
    {
        if (HasDropped)
        {
            return false;
        }

        if (!Volatile.Read(ref _isBusy) && !MustWaitForSendBuffer)
        {
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

            isTaken = Inbox.Add(payload, lender, kind, endOfMessage);
            drain = !_isBusy;
            _isBusy = true;
        }

        if (drain)
        {
            // Either the send buffer is congested still, and Drain notes that it waits; or it has drained just now.
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

        // The handler is not called here for each that is left: that may be as many as fit into a read, and others wait.
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
    public override void OnSendBufferDrained()
    {
        lock (this)
        {
            if (!_waitsForSendBuffer)
            {
                return;
            }

            _waitsForSendBuffer = false;
        }

        // Not in place: this may be any thread that happened to send.
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

        // Another thread may have found no call in progress, and may be about to call the handler.
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

    /// <summary>Called by the handler's default methods: calls the asynchronous method with the payload in memory of its own.</summary>
    public void HandOver(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage)
    {
        if (!_isInvoking || _call is { IsHandedOver: true })
        {
            throw new InvalidOperationException(
                "The base method of OnMessage or OnFragment may be called once, from inside the override.");
        }

        HandlerCall call = _call ??= HandlerCall.Begin(lender: null);
        ReadOnlyMemory<byte> lent = call.Lend(payload, Owner.Settings);
        call.Pending = Owner.Settings.Reader.DeliverFragments
            ? UnlessDone(Owner.Application.OnFragmentAsync(new WebSocketFragment(lent, kind, endOfMessage)))
            : UnlessDone(Owner.Application.OnMessageAsync(new WebSocketMessage(lent, kind, call, call.Loan)));
    }

    // Whether other connections wait while this one is at work.
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

    // The handler may be at work in place while the transport calls, of which the lock knows nothing. The thread that is called looks
    // whether the connection has ended when it begins, and when it is done. It does that at each read, so it has no fence: the other
    // side, which noted the end before, has one for both.
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
            drain = !_isBusy || _waitsForSendBuffer || _isHeld;
            _waitsForSendBuffer = false;
            _isHeld = false;
            _isBusy = true;
        }

        if (drain)
        {
            Drain(isCall);
        }
    }

    // Delivers what is in the inbox, on whatever thread this is, while _isBusy keeps the others out; and the end, if isCall says that
    // this thread is at the end of a call of the transport, or there is no such call.
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
                // It stays busy meanwhile.
                _ = DrainInTurnAsync();
                return;
            }

            InboxEntry entry;
            bool resume;
            lock (this)
            {
                if (Owner.DropsReceived)
                {
                    // The application aborted the connection, or its own code threw.
                    ClearInbox();
                }

                if (!HasEnded && MustWaitForSendBuffer)
                {
                    _waitsForSendBuffer = true;
                    if (MustWaitForSendBuffer)
                    {
                        return;
                    }

                    // It has drained in between, and its call may have come before we said that we wait.
                    _waitsForSendBuffer = false;
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

        TellDoneIf(isDone);
        if (HasEnded && (isCall || !LeavesEndToCall()))
        {
            DeliverEnd();
        }
    }

    // Others that share the thread have their turn first.
    private async Task DrainInTurnAsync()
    {
        // Never in place: a turn that has come just now would go on inside the Drain that waits for it.
        await TurnQueue.Shared.WaitAsync().ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Drain();
    }

    private void DeliverEnd()
    {
        bool isTime;
        lock (this)
        {
            // Once: the handler's last call keeps it busy for ever.
            isTime = !_isBusy;
            _isBusy = true;
            DropRest();
        }

        if (isTime)
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

    // Calls the handler; answers whether an asynchronous call is pending, which will drain the inbox when it completes.
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
            // Here and not in AwaitAsync, which would call Drain from inside Drain for each message that waits.
            EndCall(call);
            return false;
        }

        // Before the call is followed: it may complete, and empty the inbox, on another thread.
        Volatile.Write(ref _isBusy, true);
        _ = AwaitAsync(call, call.Pending);
        return true;
    }

    private async Task AwaitAsync(HandlerCall call, Task pending)
    {
        // Never in place: a call that completes just now would go on inside the Drain that made it.
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
