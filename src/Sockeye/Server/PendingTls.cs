using System.Net.Sockets;

namespace Sockeye.Server;

/// <summary>The handshake of TLS on a socket, as long as it is underway.</summary>
internal sealed class PendingTls(Socket socket) : IPendingHandshake
{
    private volatile bool _hasGivenWay;

    /// <inheritdoc/>
    public PendingPlace? PendingPlace { get; set; }

    /// <summary>Whether it has given way to others.</summary>
    public bool HasGivenWay => _hasGivenWay;

    /// <inheritdoc/>
    public void GiveWay()
    {
        _hasGivenWay = true;
        socket.Dispose();
    }
}
