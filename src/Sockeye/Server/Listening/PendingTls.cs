using System.Net.Sockets;
using Sockeye.Server.Handshakes;

namespace Sockeye.Server.Listening;

/// <summary>A TLS handshake in progress.</summary>
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
