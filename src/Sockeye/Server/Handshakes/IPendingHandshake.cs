using Sockeye.Collections;

namespace Sockeye.Server.Handshakes;

/// <summary>A handshake that <see cref="PendingHandshakes"/> counts: an opening handshake, or the TLS handshake before it.</summary>
internal interface IPendingHandshake
{
    /// <summary>
    /// The place of this handshake; <see langword="null"/> if it is not counted. Set by <see cref="PendingHandshakes"/>.
    /// </summary>
    PendingPlace? PendingPlace { get; set; }

    /// <summary>
    /// Ends the handshake, because others need its place. Called at most once, on any thread, outside of any lock; the handshake may have
    /// ended in the meantime.
    /// </summary>
    void GiveWay();
}

/// <summary>An opening handshake, which ends when its server stops.</summary>
internal interface IOpeningHandshake : IPendingHandshake, IDenseSetEntry
{
    /// <summary>Rejects the request, unless a response was sent. Thread-safe.</summary>
    void RejectUndecided();
}
