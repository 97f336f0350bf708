using System.Net;
using Sockeye.Connections;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>A place among the connections that there may be, held by an opening handshake.</summary>
internal struct ConnectionPlace
{
    private IPAddress? _address;
    private int _isHeld;

    /// <summary>Takes a place, if there is one.</summary>
    public HandshakeError TryTake(
        ConnectionCaps caps, byte[] packedHead, Transport transport, ConnectionSettings settings)
    {
        // The address is looked for only if it counts: a trusted proxy has written it in the head.
        _address = caps.CountsAddresses
            ? new WebSocketUpgradeRequest(packedHead, transport, settings).ClientIPAddress
            : null;
        HandshakeError error = caps.TryEnter(_address);
        _isHeld = error == HandshakeError.None ? 1 : 0;
        return error;
    }

    /// <summary>The place is the connection's from now on, which gives it back.</summary>
    public void HandOver() => _isHeld = 0;

    /// <summary>Gives the place back, if it is held.</summary>
    public void Leave(ConnectionCaps caps)
    {
        if (Interlocked.Exchange(ref _isHeld, 0) != 0)
        {
            caps.Leave(_address);
        }
    }
}
