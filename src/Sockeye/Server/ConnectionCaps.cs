using System.Net;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>How many connections there are, in all and from each address, and whether there is room for another.</summary>
internal sealed class ConnectionCaps(int? maxCount, int? maxPerAddress)
{
    private int? _maxCount = maxCount;
    private readonly Dictionary<PeerNetwork, int> _byAddress = [];
    private readonly Lock _gate = new();
    private int _count;

    /// <summary>Whether addresses are counted.</summary>
    public bool CountsAddresses => maxPerAddress is not null;

    private bool CountsNothing => _maxCount is null && maxPerAddress is null;

    /// <summary>Sets the most connections in all, if the application has not. Called before the first connection.</summary>
    public void SetDefault(int defaultMaxCount) => _maxCount ??= defaultMaxCount;

    /// <summary>Takes a place, if there is one.</summary>
    /// <param name="address">The client's; <see langword="null"/> if it has none, or addresses are not counted.</param>
    /// <returns>Which cap is reached, if one is.</returns>
    public WebSocketHandshakeError TryEnter(IPAddress? address)
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

            if (CountsAddresses && address is not null)
            {
                PeerNetwork network = PeerNetwork.Of(address);
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

    /// <summary>Gives a place back.</summary>
    /// <param name="address">As it was when the place was taken.</param>
    public void Leave(IPAddress? address)
    {
        if (CountsNothing)
        {
            return;
        }

        lock (_gate)
        {
            _count--;
            if (!CountsAddresses || address is null)
            {
                return;
            }

            PeerNetwork network = PeerNetwork.Of(address);
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
}
