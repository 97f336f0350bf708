using System.Runtime.ExceptionServices;

namespace Sockeye.Client.Reconnecting;

/// <summary>Routes sends to the open connection, or into a queue for the next one.</summary>
/// <remarks>
/// Each send has a number. Sends that have no connection, or whose connection ended, go to the next connection in the order of
/// their numbers, before any later send. The messages of one sender therefore stay in order, whether or not it awaits each send.
/// </remarks>
internal sealed class ReconnectOutbox(long maxQueueLength)
{
    private readonly Lock _gate = new();
    private readonly SortedSet<OutboxMessage> _kept = new(OutboxMessage.ByNumber);
    private readonly SortedSet<OutboxMessage> _waiting = new(OutboxMessage.ByNumber);

    // The lane of the newest connection. _open is the same lane while sends may use it directly.
    private SendLane _newest = SendLane.CreateClosed();
    private SendLane? _open;
    private Exception? _end;
    private long _lastNumber;
    private long _queueLength;
    private TaskCompletionSource _sendWaits = New();

    /// <summary>A task that completes when a send waits for a connection; already complete while one does.</summary>
    public Task SendWaits
    {
        get
        {
            lock (_gate)
            {
                return _sendWaits.Task;
            }
        }
    }

    /// <summary>The number of bytes that are kept for the next connection.</summary>
    public long QueueLength
    {
        get
        {
            lock (_gate)
            {
                return _queueLength;
            }
        }
    }

    /// <summary>Sends a message on the open connection, or keeps it, or waits until one of the two is possible.</summary>
    public async ValueTask SendAsync(
        ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        long number;
        SendLane? lane;
        OutboxMessage? message = null;
        lock (_gate)
        {
            ThrowIfEnded();
            number = ++_lastNumber;
            lane = _open;
            if (lane is null)
            {
                message = Add(new(number, payload, kind, cancellationToken));
            }
            else
            {
                lane.Enter();
            }
        }

        if (lane is not null)
        {
            try
            {
                if (await TrySendAsync(lane, payload, kind, cancellationToken).ConfigureAwait(false))
                {
                    return;
                }

                lock (_gate)
                {
                    ThrowIfEnded();
                    cancellationToken.ThrowIfCancellationRequested();
                    message = Add(new(number, payload, kind, cancellationToken));
                }
            }
            finally
            {
                // Only after the message was queued: the next connection waits for this.
                lane.Leave();
            }
        }

        await WaitAsync(message!).ConfigureAwait(false);
    }

    /// <summary>
    /// Sends the kept and waiting messages on a new connection, then opens its lane for direct sends. Stops if the connection
    /// ends meanwhile.
    /// </summary>
    public async Task AttachAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        var lane = new SendLane(connection);
        SendLane previous;
        lock (_gate)
        {
            (previous, _newest) = (_newest, lane);
        }

        // The previous connection has ended. This waits until each send that it did not accept has been queued.
        await previous.Drained.WaitAsync(cancellationToken).ConfigureAwait(false);
        List<Task> unfinished = [];
        List<OutboxMessage> accepted = [];
        while (TakeFirst(lane) is { } message)
        {
            // Not awaited: the connection keeps the order of the calls.
            ValueTask<bool> sending = TrySendAsync(
                lane, message.Payload, message.Kind, message.IsKept ? cancellationToken : message.CancellationToken);
            if (!sending.IsCompletedSuccessfully)
            {
                unfinished.Add(FinishAsync(message, sending, connection));
            }
            else if (!sending.Result)
            {
                Requeue(message);
            }
            else if (message.IsKept)
            {
                Release(message);
            }
            else
            {
                // Completed only after the lane is open: senders that continue at once could otherwise keep this loop busy
                // forever.
                accepted.Add(message);
            }
        }

        accepted.ForEach(static message => message.Complete());
        await Task.WhenAll(unfinished).ConfigureAwait(false);
    }

    /// <summary>Closes the lane of a connection that has ended.</summary>
    public void Detach(WebSocketConnection connection)
    {
        lock (_gate)
        {
            if (_newest.Connection == connection)
            {
                Close(_newest);
            }
        }
    }

    /// <summary>Fails all waiting and all later sends.</summary>
    public void End(Exception reason)
    {
        lock (_gate)
        {
            _end = reason;
            Close(_newest);
            foreach (OutboxMessage message in _waiting)
            {
                message.Fail(reason);
            }

            _kept.Clear();
            _waiting.Clear();
            _queueLength = 0;
            UpdateSendWaits();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Returns whether the connection accepted the message. If the connection had ended, the message does not count as sent.
    private async ValueTask<bool> TrySendAsync(
        SendLane lane, ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, CancellationToken cancellationToken)
    {
        try
        {
            await lane.Connection!.SendAsync(payload, kind, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (WebSocketClosedException)
        {
            // The caller queues the message for the next connection.
            lock (_gate)
            {
                Close(lane);
            }

            return false;
        }
    }

    private async Task FinishAsync(OutboxMessage message, ValueTask<bool> sending, WebSocketConnection connection)
    {
        try
        {
            if (!await sending.ConfigureAwait(false))
            {
                Requeue(message);
            }
            else
            {
                Release(message);
                message.Complete();
            }
        }
        catch (Exception exception) when (!message.IsKept)
        {
            message.Fail(exception);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The send of a kept message has returned and cannot throw this.
            connection.Abort();
            throw;
        }
    }

    private async Task WaitAsync(OutboxMessage message)
    {
        using CancellationTokenRegistration registration = message.CancellationToken.UnsafeRegister(
            static state =>
            {
                (ReconnectOutbox outbox, OutboxMessage canceled) = ((ReconnectOutbox, OutboxMessage))state!;
                outbox.CancelSend(canceled);
            },
            (this, message));
        await message.Sent.ConfigureAwait(false);
    }

    // A message that is being sent is not in the queue; its connection has the token too.
    private void CancelSend(OutboxMessage message)
    {
        lock (_gate)
        {
            if (_waiting.Remove(message))
            {
                message.Fail(new OperationCanceledException(message.CancellationToken));
                KeepWhatFits();
            }
        }
    }

    // Returns the next message in order. If there is none, opens the lane and returns null.
    private OutboxMessage? TakeFirst(SendLane lane)
    {
        lock (_gate)
        {
            if (lane.IsClosed)
            {
                return null;
            }

            OutboxMessage? first = _kept.Min is { } kept && !(_waiting.Min?.Number < kept.Number) ? kept : _waiting.Min;
            if (first is null)
            {
                _open = lane;
                return null;
            }

            _ = (first.IsKept ? _kept : _waiting).Remove(first);
            UpdateSendWaits();
            return first;
        }
    }

    private void Requeue(OutboxMessage message)
    {
        lock (_gate)
        {
            if (message.IsKept)
            {
                _ = _end is null && _kept.Add(message);
            }
            else if (_end is not null)
            {
                message.Fail(_end);
            }
            else if (message.CancellationToken.IsCancellationRequested)
            {
                message.Fail(new OperationCanceledException(message.CancellationToken));
            }
            else
            {
                Add(message);
            }
        }
    }

    private void Release(OutboxMessage message)
    {
        lock (_gate)
        {
            if (message.IsKept && _end is null)
            {
                _queueLength -= message.Length;
                KeepWhatFits();
            }
        }
    }

    private OutboxMessage Add(OutboxMessage message)
    {
        _ = _waiting.Add(message);
        KeepWhatFits();
        return message;
    }

    // A small message does not overtake a large one that does not fit.
    private void KeepWhatFits()
    {
        while (_waiting.Min is { } first && _queueLength + first.Length <= maxQueueLength)
        {
            _ = _waiting.Remove(first);
            first.Keep();
            _ = _kept.Add(first);
            _queueLength += first.Length;
        }

        UpdateSendWaits();
    }

    private void UpdateSendWaits()
    {
        if (_waiting.Count != 0)
        {
            _sendWaits.TrySetResult();
        }
        else if (_sendWaits.Task.IsCompleted)
        {
            _sendWaits = New();
        }
    }

    private void Close(SendLane lane)
    {
        lane.Close();
        _open = _open == lane ? null : _open;
    }

    private void ThrowIfEnded()
    {
        if (_end is not null)
        {
            ExceptionDispatchInfo.Throw(_end);
        }
    }
}
