using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>
/// The place of an opening handshake among those that are underway. <see cref="PendingHandshakes"/> lends it, so that a
/// connection that opens leaves no garbage, and alone uses what is in it, under its lock.
/// </summary>
internal sealed class PendingPlace
{
    public PendingPlace()
    {
        AmongAll = new(this);
        AmongOwn = new(this);
    }

    /// <summary>Whose place it is; <see langword="null"/> while it is not lent.</summary>
    public IPendingHandshake? Handshake { get; set; }

    /// <summary>The network of the client; not known if it has no limit.</summary>
    public PeerNetwork Network { get; set; }

    /// <summary>When the handshake began, in the clock's timestamps.</summary>
    public long EnteredAt { get; set; }

    /// <summary>Its node in the list of all that may give way.</summary>
    public LinkedListNode<PendingPlace> AmongAll { get; }

    /// <summary>Its node in the list of those of its network that may give way.</summary>
    public LinkedListNode<PendingPlace> AmongOwn { get; }
}
