namespace Sockeye.Server;

/// <summary>The opening handshakes of one network.</summary>
internal sealed class PendingNetwork
{
    public PendingNetwork() => AmongLarge = new(this);

    /// <summary>How many there are.</summary>
    public int Count { get; set; }

    /// <summary>Those of them that may give way to others, the oldest first.</summary>
    public LinkedList<PendingPlace> MayGiveWay { get; } = new();

    /// <summary>Its node in the list of the networks that have more than their share.</summary>
    public LinkedListNode<PendingNetwork> AmongLarge { get; }
}
