namespace Sockeye.Server;

/// <summary>What <see cref="PendingHandshakes"/> counts: an opening handshake, or the handshake of TLS before it.</summary>
internal interface IPendingHandshake
{
    /// <summary>Its place; <see langword="null"/> if it is not counted, or no longer. <see cref="PendingHandshakes"/> sets it.</summary>
    PendingPlace? PendingPlace { get; set; }

    /// <summary>
    /// Ends the handshake, whose room others need. Called on any thread, outside of any lock, and once at most; the handshake may
    /// have ended by itself just then.
    /// </summary>
    void GiveWay();
}
