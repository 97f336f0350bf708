using System.Net;
using Sockeye.Handshakes;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>A place among the connections that there may be, held by an opening handshake.</summary>
internal struct ConnectionPlace
{
    // Of a place that is held while addresses are not counted: one field says both, since every handshake has it.
    private static readonly IPAddress Uncounted = new(0);

    private IPAddress? _held;

    /// <summary>Takes a place, if there is one.</summary>
    public WebSocketHandshakeError TryTake(
        ConnectionCaps caps, byte[] packedHead, Transport transport, UpgradeScope scope)
    {
        // The address is looked for only if it counts: a trusted proxy has written it in the head.
        IPAddress? address = caps.CountsAddresses
            ? new WebSocketUpgradeRequest(packedHead, transport, scope).ClientIPAddress
            : null;
        WebSocketHandshakeError error = caps.TryEnter(address);
        _held = error == WebSocketHandshakeError.None ? address ?? Uncounted : null;
        return error;
    }

    /// <summary>The place is the connection's from now on, which gives it back.</summary>
    public void HandOver() => _held = null;

    /// <summary>Gives the place back, if it is held.</summary>
    public void Leave(ConnectionCaps caps)
    {
        if (Interlocked.Exchange(ref _held, null) is { } address)
        {
            caps.Leave(ReferenceEquals(address, Uncounted) ? null : address);
        }
    }
}
