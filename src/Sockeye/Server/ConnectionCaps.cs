using Sockeye.Connections;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>Counts connections, in total and from each address, and limits their numbers. Thread-safe.</summary>
/// <param name="maxCount">The maximum in total; <see langword="null"/> for no limit.</param>
/// <param name="maxPerAddress">The maximum from each address; <see langword="null"/> for no limit.</param>
internal sealed class ConnectionCaps(int? maxCount, int? maxPerAddress)
{
    private readonly Dictionary<PeerNetwork, int> _byAddress = [];

    // Here instead of in the connections, because most servers do not count addresses.
    private readonly Dictionary<ConnectionCore, PeerNetwork> _networks = [];
    private readonly Lock _gate = new();
    private int? _maxCount = maxCount;
    private int _count;

    /// <summary>Whether addresses are counted.</summary>
    public bool CountsAddresses => maxPerAddress is not null;

    private bool CountsNothing => _maxCount is null && maxPerAddress is null;

    /// <summary>Sets the maximum in total, if the application has not. Called before the first connection.</summary>
    public void SetDefault(int defaultMaxCount) => _maxCount ??= defaultMaxCount;

    /// <summary>Takes a place for a connection, if one is free.</summary>
    /// <param name="network">The client's; unknown if it has none, or addresses are not counted.</param>
    /// <returns>The cap that is reached, if one is.</returns>
    public WebSocketHandshakeError TryEnter(PeerNetwork network)
    {
        if (CountsNothing)
        {
            return WebSocketHandshakeError.None;
        }

        lock (_gate)
        {
            if (_count >= _maxCount)
            {
                return WebSocketHandshakeError.TooManyConnections;
            }

            if (CountsAddresses && network.IsKnown)
            {
                int count = _byAddress.GetValueOrDefault(network);
                if (count >= maxPerAddress)
                {
                    return WebSocketHandshakeError.TooManyConnectionsFromAddress;
                }

                _byAddress[network] = count + 1;
            }

            _count++;
            return WebSocketHandshakeError.None;
        }
    }

    /// <summary>Assigns a place to a connection, so that <see cref="Leave(ConnectionCore)"/> finds it.</summary>
    /// <param name="network">The network with which the place was taken.</param>
    /// <param name="connection">The connection.</param>
    public void HandOver(PeerNetwork network, ConnectionCore connection)
    {
        if (CountsAddresses && network.IsKnown)
        {
            lock (_gate)
            {
                _networks.Add(connection, network);
            }
        }
    }

    /// <summary>Leaves the place of a connection that has ended.</summary>
    public void Leave(ConnectionCore connection)
    {
        if (CountsNothing)
        {
            return;
        }

        lock (_gate)
        {
            _networks.Remove(connection, out PeerNetwork network);
            LeaveLocked(network);
        }
    }

    /// <summary>Leaves a place that was not handed over to a connection.</summary>
    /// <param name="network">The network with which the place was taken.</param>
    public void Leave(PeerNetwork network)
    {
        if (CountsNothing)
        {
            return;
        }

        lock (_gate)
        {
            LeaveLocked(network);
        }
    }

    private void LeaveLocked(PeerNetwork network)
    {
        _count--;
        if (!CountsAddresses || !network.IsKnown)
        {
            return;
        }

        int count = _byAddress[network] - 1;
        if (count == 0)
        {
            _byAddress.Remove(network);
        }
        else
        {
            _byAddress[network] = count;
        }
    }
}
