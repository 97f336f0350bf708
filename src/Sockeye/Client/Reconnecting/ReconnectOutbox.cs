using System.Runtime.ExceptionServices;

namespace Sockeye.Client.Reconnecting;

/// <summary>Where sends go while connections come and go: to the one that is open, or into a queue for the next.</summary>
internal sealed class ReconnectOutbox(long maxQueueLength)
{
    // What a message costs besides its payload: else empty ones would cost nothing.
    private const int MessageOverhead = 64;

    private readonly Lock _gate = new();
    private readonly Queue<(byte[] Payload, WebSocketMessageKind Kind)> _queue = [];
    private TaskCompletionSource _changed = New();
    private WebSocketConnection? _connection;
    private Exception? _end;
    private long _queueLength;
    private TaskCompletionSource _sendWaits = New();
    private int _waitingCount;

    /// <summary>Completes when a send waits for a connection; complete while one does.</summary>
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

    /// <summary>How many bytes wait for a connection.</summary>
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

    /// <summary>Sends, keeps, or waits until one of the two can be done.</summary>
    public async ValueTask SendAsync(
        ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            WebSocketConnection? connection;
            Task changed;
            lock (_gate)
            {
                if (_end is not null)
                {
                    ExceptionDispatchInfo.Throw(_end);
                }

                connection = _connection;
                changed = _changed.Task;
                if (connection is null)
                {
                    if (TryKeep(payload, kind))
                    {
                        return;
                    }

                    _waitingCount++;
                    _sendWaits.TrySetResult();
                }
            }

            if (connection is null)
            {
                await WaitAsync(changed, cancellationToken).ConfigureAwait(false);
            }
            else if (await TrySendAsync(connection, payload, kind, cancellationToken).ConfigureAwait(false))
            {
                return;
            }
        }
    }

    /// <summary>Sends what was kept, and from then on what comes; gives up if the connection ends meanwhile.</summary>
    public async Task AttachAsync(WebSocketConnection connection, CancellationToken cancellationToken)
    {
        while (true)
        {
            (byte[] Payload, WebSocketMessageKind Kind) next;
            lock (_gate)
            {
                // Only then: what was sent first goes first.
                if (!_queue.TryPeek(out next))
                {
                    _connection = connection;
                    Signal();
                    return;
                }
            }

            if (!await TrySendAsync(connection, next.Payload, next.Kind, cancellationToken).ConfigureAwait(false))
            {
                return;
            }

            lock (_gate)
            {
                _queue.Dequeue();
                _queueLength -= next.Payload.Length + MessageOverhead;
                Signal();
            }
        }
    }

    /// <summary>Lets go of a connection that has ended.</summary>
    public void Detach(WebSocketConnection connection)
    {
        lock (_gate)
        {
            _connection = _connection == connection ? null : _connection;
        }
    }

    /// <summary>Fails all sends from now on, and those that wait.</summary>
    public void End(Exception reason)
    {
        lock (_gate)
        {
            _end = reason;
            _connection = null;
            _queue.Clear();
            _queueLength = 0;
            Signal();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WaitAsync(Task changed, CancellationToken cancellationToken)
    {
        try
        {
            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                if (--_waitingCount == 0)
                {
                    _sendWaits = New();
                }
            }
        }
    }

    // Whether the connection has taken it: not if it had ended, and then nothing of it counts as sent.
    private async ValueTask<bool> TrySendAsync(
        WebSocketConnection connection, ReadOnlyMemory<byte> payload, WebSocketMessageKind kind,
        CancellationToken cancellationToken)
    {
        try
        {
            await connection.SendAsync(payload, kind, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (WebSocketClosedException)
        {
            // The next connection is what this class is for.
            Detach(connection);
            return false;
        }
    }

    private bool TryKeep(ReadOnlyMemory<byte> payload, WebSocketMessageKind kind)
    {
        long length = payload.Length + MessageOverhead;
        if (_queueLength + length > maxQueueLength)
        {
            return false;
        }

        _queue.Enqueue((payload.ToArray(), kind));
        _queueLength += length;
        return true;
    }

    private void Signal()
    {
        _changed.SetResult();
        _changed = New();
    }
}
