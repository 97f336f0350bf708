using Sockeye.Transports;

namespace Sockeye.Server.Handshakes;

/// <summary>
/// The place of a handshake in <see cref="PendingHandshakes"/>, which reuses places so that opening a connection leaves no garbage, and
/// accesses them under its lock.
/// </summary>
internal sealed class PendingPlace
{
    public PendingPlace()
    {
        AmongAll = new(this);
        AmongOwn = new(this);
    }

    /// <summary>The handshake; <see langword="null"/> while the place is not used.</summary>
    public IPendingHandshake? Handshake { get; set; }

    /// <summary>The network of the client; unknown if it has no limit.</summary>
    public PeerNetwork Network { get; set; }

    /// <summary>When the handshake began, as a timestamp of the clock.</summary>
    public long EnteredAt { get; set; }

    /// <summary>The node in the list of all handshakes that may give way.</summary>
    public LinkedListNode<PendingPlace> AmongAll { get; }

    /// <summary>The node in the list of those of its network that may give way.</summary>
    public LinkedListNode<PendingPlace> AmongOwn { get; }
}

/// <summary>The pending handshakes of one network.</summary>
internal sealed class PendingNetwork
{
    public PendingNetwork() => AmongLarge = new(this);

    /// <summary>The number of handshakes.</summary>
    public int Count { get; set; }

    /// <summary>Those that may give way to others, the oldest first.</summary>
    public LinkedList<PendingPlace> MayGiveWay { get; } = new();

    /// <summary>The node in the list of networks that have more than their share.</summary>
    public LinkedListNode<PendingNetwork> AmongLarge { get; }
}
