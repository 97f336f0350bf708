using System.Runtime.ExceptionServices;

namespace Sockeye.Client.Reconnecting;

/// <summary>Receives from one connection after the other: all that came on the first before what comes on the next.</summary>
/// <remarks>
/// A connection that has ended is kept until its messages have been received; one that holds none is not kept. How many there
/// are is bounded by <see cref="MaxConnections"/>: the next attempt to connect waits for <see cref="HasRoom"/>.
/// </remarks>
internal sealed class ReconnectInbox
{
    /// <summary>How many connections wait at most, each with as much as its own inbox takes.</summary>
    public const int MaxConnections = 16;

    private readonly Lock _gate = new();
    private readonly LinkedList<WebSocketConnection> _connections = [];
    private TaskCompletionSource _changed = New();
    private WebSocketConnection? _current;
    private Exception? _reason;
    private bool _isOver;
    private bool _discards;

    /// <summary>Whether one more connection can wait.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_gate)
            {
                return _connections.Count < MaxConnections;
            }
        }
    }

    /// <summary>Completes when a connection comes or goes after this call.</summary>
    public Task Changed
    {
        get
        {
            lock (_gate)
            {
                return _changed.Task;
            }
        }
    }

    /// <summary>Adds a connection.</summary>
    /// <returns>
    /// How many messages were dropped to make room for it: those of the connection that has waited longest. Zero unless there was
    /// none.
    /// </returns>
    public int Attach(WebSocketConnection connection)
    {
        WebSocketConnection? dropped = null;
        lock (_gate)
        {
            if (_discards)
            {
                dropped = connection;
            }
            else
            {
                if (_connections.Count >= MaxConnections)
                {
                    dropped = _connections.First!.Value;
                    _connections.RemoveFirst();
                }

                _connections.AddLast(connection);
                Signal();
            }
        }

        int count = dropped?.Core.Pull?.WaitingCount ?? 0;
        dropped?.Core.Pull?.Discard();
        return count;
    }

    /// <summary>A connection has ended: it is kept only if there is something to receive from it.</summary>
    public void Ended(WebSocketConnection connection)
    {
        lock (_gate)
        {
            if (connection.Core.Pull is not { WaitingCount: > 0 } && _connections.Remove(connection))
            {
                Signal();
            }
        }
    }

    /// <summary>There will be no other connection.</summary>
    /// <param name="reason">
    /// What the receiver gets once it has received every message; <see langword="null"/> if its messages just end.
    /// </param>
    public void End(Exception? reason)
    {
        lock (_gate)
        {
            _reason = reason;
            _isOver = true;
            Signal();
        }
    }

    /// <summary>Drops all messages, and those that come: nothing will be received any more.</summary>
    public void Discard()
    {
        WebSocketConnection[] connections;
        lock (_gate)
        {
            _discards = true;
            connections = _current is null ? [.. _connections] : [_current, .. _connections];
            _connections.Clear();
            Signal();
        }

        foreach (WebSocketConnection connection in connections)
        {
            connection.Core.Pull?.Discard();
        }
    }

    /// <summary>Waits for the next message.</summary>
    /// <returns><see langword="null"/> at the end.</returns>
    public async ValueTask<WebSocketMessage?> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!TryGetCurrent(out WebSocketConnection? current, out Task changed))
            {
                return null;
            }

            if (current is null)
            {
                await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            try
            {
                if (await current.ReceiveAsync(cancellationToken).ConfigureAwait(false) is { } message)
                {
                    return message;
                }
            }
            catch (WebSocketClosedException)
            {
                // ReconnectLoop decides by the connection's close result whether to connect again.
            }

            lock (_gate)
            {
                _current = null;
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Whether there is, or may yet be, a connection to receive from. Throws the reason of the end, if there is one.
    private bool TryGetCurrent(out WebSocketConnection? current, out Task changed)
    {
        lock (_gate)
        {
            if (_current is null && _connections.First is { } oldest)
            {
                _current = oldest.Value;
                _connections.RemoveFirst();
                Signal();
            }

            current = _current;
            changed = _changed.Task;
            if (current is null && _isOver && _reason is not null)
            {
                ExceptionDispatchInfo.Throw(_reason);
            }

            return current is not null || !_isOver;
        }
    }

    private void Signal()
    {
        _changed.SetResult();
        _changed = New();
    }
}
