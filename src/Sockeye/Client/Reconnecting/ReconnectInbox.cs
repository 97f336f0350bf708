using System.Runtime.ExceptionServices;

namespace Sockeye.Client.Reconnecting;

/// <summary>Receives from one connection after the other: all messages of the first before those of the next.</summary>
/// <remarks>
/// A connection that has ended is kept while it has unread messages. <see cref="MaxConnections"/> bounds their number: the next
/// attempt to connect waits for <see cref="HasRoom"/>.
/// </remarks>
internal sealed class ReconnectInbox
{
    /// <summary>The maximum number of connections that are kept, each with as many messages as its own inbox holds.</summary>
    public const int MaxConnections = 16;

    private readonly Lock _gate = new();
    private readonly LinkedList<WebSocketConnection> _connections = [];
    private TaskCompletionSource _changed = New();
    private WebSocketConnection? _current;
    private Exception? _reason;
    private bool _isOver;
    private bool _discards;

    /// <summary>Whether another connection can be kept.</summary>
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

    /// <summary>Completes when a connection is added or removed after this call.</summary>
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
    /// <returns>The number of messages that were dropped: those of the oldest connection, if there was no room.</returns>
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

    /// <summary>Removes a connection that has ended, unless it has unread messages.</summary>
    public void RemoveEnded(WebSocketConnection connection)
    {
        lock (_gate)
        {
            if (connection.Core.Pull is not { WaitingCount: > 0 } && _connections.Remove(connection))
            {
                Signal();
            }
        }
    }

    /// <summary>Ends the inbox: there will be no other connection.</summary>
    /// <param name="reason">
    /// The exception that the receiver gets after the last message; <see langword="null"/> to end without one.
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

    /// <summary>Drops all messages, including those that arrive later: the application will not receive again.</summary>
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
    /// <returns>The message; <see langword="null"/> at the end.</returns>
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

    // Returns whether there is, or may yet be, a connection to receive from. Throws the reason of the end, if there is one.
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
