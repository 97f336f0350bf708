using System.Buffers;
using System.Runtime.CompilerServices;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// Calls a <see cref="WebSocketHandler"/> in place, on the I/O thread and with the payload where it lies. While an
/// asynchronous call has not completed, what arrives waits in the inbox, and is delivered by whoever completes it.
/// </summary>
internal sealed class HandlerReceiver : Receiver
{
    private readonly WebSocketConnection _connection;
    private readonly WebSocketHandler _handler;
    private readonly ConnectionCore _core;

    // Set while the handler is at work asynchronously or the inbox is being emptied: deliveries go to the inbox. From
    // false to true only on the I/O thread, so that this thread may read it without the lock.
    private bool _isBusy;
    private bool _waitsForSendBuffer;
    private bool _hasClosed;

    // What passes between Invoke and HandOver, which the handler's default methods call from inside it.
    private byte[]? _lender;
    private bool _lenderTaken;
    private InboxEntry _handedOver;
    private Task? _call;
    private bool _isInvoking;

    public HandlerReceiver(
        WebSocketConnection connection, WebSocketHandler handler, ConnectionCore core, Transport transport,
        SendQueue sends, ClosingSequence closing, WebSocketConnectionOptions options, ArrayPool<byte> pool)
        : base(transport, sends, closing, options, pool)
    {
        _connection = connection;
        _handler = handler;
        _core = core;
    }

    /// <inheritdoc/>
    protected override bool IsDone => !_isBusy;

    /// <inheritdoc/>
    protected override bool MayBeFull => Volatile.Read(ref _isBusy);

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

        bool drain;
        lock (Gate)
        {
            if (MustDrop())
            {
                return false;
            }

            Inbox.Add(InboxEntry.Of(payload, lender, kind, endOfMessage, Pool));
            drain = !_isBusy;
            _isBusy = true;
        }

        if (drain)
        {
            // Either the send buffer is congested still, and Drain notes that it waits; or it has drained just now.
            Drain();
        }

        return true;
    }

    /// <inheritdoc/>
    public override void OnSendBufferDrained()
    {
        lock (Gate)
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

    /// <summary>Called by the handler's default methods: makes an owned message and calls the asynchronous method.</summary>
    public void HandOver(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage)
    {
        if (!_isInvoking || !_handedOver.IsEnd)
        {
            throw new InvalidOperationException(
                "The base method of OnMessage or OnFragment may be called once, from inside the override.");
        }

        // The payload that was delivered, or its beginning, needs no copy if its array can be had.
        bool isLent = _lender is not null && !payload.IsEmpty
            && Unsafe.AreSame(in payload[0], in _lender[0]);
        _lenderTaken |= isLent;
        _handedOver = InboxEntry.Of(payload, isLent ? _lender : null, kind, endOfMessage, Pool);
        _call = _core.DeliversFragments
            ? UnlessDone(_handler.OnFragmentAsync(
                _connection, new WebSocketFragment(_handedOver.Payload, kind, endOfMessage)))
            : UnlessDone(_handler.OnMessageAsync(_connection, new WebSocketMessage(_handedOver.Payload, kind)));
    }

    /// <inheritdoc/>
    protected override void OnEnded()
    {
        bool drain;
        lock (Gate)
        {
            drain = !_isBusy || _waitsForSendBuffer;
            _waitsForSendBuffer = false;
            _isBusy = true;
        }

        if (drain)
        {
            Drain();
        }
    }

    // Delivers what is in the inbox, on whatever thread this is, while _isBusy keeps the others out.
    private void Drain()
    {
        bool reply;
        while (true)
        {
            InboxEntry entry;
            bool resume;
            lock (Gate)
            {
                if (_core.Closing.IsFailed)
                {
                    // Nothing that was received counts any more.
                    Inbox.Clear();
                }

                if (Result is null && MustWaitForSendBuffer)
                {
                    _waitsForSendBuffer = true;
                    if (MustWaitForSendBuffer)
                    {
                        return;
                    }

                    // It has drained in between, and its call may have come before we said that we wait.
                    _waitsForSendBuffer = false;
                }

                if (!Inbox.TryTake(out entry))
                {
                    _isBusy = false;
                    reply = TakeReply();
                    break;
                }

                resume = TakeResume();
            }

            ResumeReadingIf(resume);
            if (_core.Closing.IsFailed)
            {
                // The handler has thrown, or aborted the connection: the rest is not for it any more.
                entry.Release(Pool);
                continue;
            }

            bool isPending = Invoke(entry.Payload.Span, entry.Array, entry.Kind, entry.EndOfMessage, out bool taken);
            if (!taken)
            {
                entry.Release(Pool);
            }

            if (isPending)
            {
                return;
            }
        }

        ReplyIf(reply);
        DeliverEnd();
    }

    private void DeliverEnd()
    {
        WebSocketCloseResult? result;
        lock (Gate)
        {
            result = _hasClosed || _isBusy ? null : Result;
            _hasClosed |= result is not null;
        }

        if (result is not null)
        {
            try
            {
                _handler.OnClosed(_connection, result);
            }
            catch (Exception exception)
            {
                _core.OnHandlerFailed(exception);
            }
        }
    }

    // Calls the handler; answers whether an asynchronous call is pending, which will drain the inbox when it completes.
    private bool Invoke(
        ReadOnlySpan<byte> payload, byte[]? lender, WebSocketMessageKind kind, bool endOfMessage, out bool taken)
    {
        _lender = lender;
        _lenderTaken = false;
        _isInvoking = true;
        try
        {
            if (_core.DeliversFragments)
            {
                _handler.OnFragment(_connection, payload, kind, endOfMessage);
            }
            else
            {
                _handler.OnMessage(_connection, payload, kind);
            }
        }
        catch (Exception exception)
        {
            _core.OnHandlerFailed(exception);
        }

        _isInvoking = false;
        _lender = null;
        taken = _lenderTaken;
        return !_handedOver.IsEnd && FollowCall();
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

    private bool FollowCall()
    {
        InboxEntry entry = _handedOver;
        Task? call = _call;
        _handedOver = default;
        _call = null;
        if (call is null)
        {
            entry.Release(Pool);
            return false;
        }

        // Before the call is followed: it may complete, and empty the inbox, on another thread.
        Volatile.Write(ref _isBusy, true);
        _ = AwaitAsync(call, entry);
        return true;
    }

    private async Task AwaitAsync(Task call, InboxEntry entry)
    {
        try
        {
            await call.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            _core.OnHandlerFailed(exception);
        }

        entry.Release(Pool);
        Drain();
    }
}
