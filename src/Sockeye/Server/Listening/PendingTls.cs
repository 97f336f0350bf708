using Sockeye.Server.Handshakes;

namespace Sockeye.Server.Listening;

/// <summary>A TLS handshake in progress.</summary>
/// <param name="client">The client, which is disposed of if the handshake gives way.</param>
internal sealed class PendingTls(IDisposable client) : IPendingHandshake
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
        client.Dispose();
    }
}
