using Sockeye.Collections;
using Sockeye.Connections;
using Sockeye.Server.Stopping;
using Sockeye.Telemetry;

namespace Sockeye.Server;

/// <summary>The connections of a server or an acceptor, until it stops.</summary>
/// <param name="caps">The limits on their number.</param>
/// <param name="areTracked">Whether the connections are listed, and a stop waits for them.</param>
internal sealed class ServerConnections(ConnectionCaps caps, bool areTracked) : IConnectionHost, IConnectionList
{
    private readonly DenseSet<ConnectionCore> _all = new();
    private readonly Lock _gate = new();
    private volatile bool _isStopping;

    /// <summary>The limits on the number of connections.</summary>
    public ConnectionCaps Caps { get; } = caps;

    /// <summary>Counts what a stop waits for.</summary>
    public ServerAttendance Attendance { get; } = new();

    /// <summary>Whether a stop has begun, so that no connection is accepted.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>The number of connections, including those that have ended and whose transport is not closed yet.</summary>
    public int Count => _all.Count;

    /// <summary>Returns the open connections.</summary>
    public WebSocketConnection[] GetOpen() =>
        [.. GetAll().Where(static connection => connection.State != WebSocketConnectionState.Closed)];

    /// <summary>Returns all connections, including those that have ended and whose transport is not closed yet.</summary>
    public WebSocketConnection[] GetAll() => _all.Select(static core => core.Connection);

    /// <inheritdoc/>
    public bool ListsConnections => areTracked;

    /// <inheritdoc/>
    public IReadOnlyList<IMeasuredConnection> GetMeasured() => _all.ToArray();

    /// <summary>Adds a connection, unless a stop has begun; then its place is left.</summary>
    public bool TryAdd(ConnectionCore connection)
    {
        // Under the lock: a stop sees the connection, or it is not added.
        lock (_gate)
        {
            if (!_isStopping)
            {
                if (areTracked)
                {
                    Attendance.Enter(connection.Connection.IsServed);
                    _all.Add(connection);
                }

                return true;
            }
        }

        Caps.Leave(connection);
        return false;
    }

    /// <inheritdoc/>
    public void OnClosed(IDenseSetEntry connection)
    {
        // Every connection whose host this is was accepted here.
        var core = (ConnectionCore)connection;

        // First: when the removal can be observed, its place must be free.
        Caps.Leave(core);
        _all.Remove(core);
        if (areTracked)
        {
            Attendance.LeaveConnection();
        }
    }

    /// <inheritdoc/>
    public void OnServed()
    {
        if (areTracked)
        {
            Attendance.LeaveService();
        }
    }

    /// <summary>Begins a stop: no connection is added from now on.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (!_isStopping)
            {
                _isStopping = true;
                Attendance.Seal();
            }
        }
    }
}
