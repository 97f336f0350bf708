namespace Sockeye.Server;

/// <summary>The opening handshakes of one network.</summary>
internal sealed class PendingNetwork
{
    /// <summary>How many there are.</summary>
    public int Count { get; set; }

    /// <summary>Those of them that may give way to others, the oldest first.</summary>
    public LinkedList<PendingPlace> MayGiveWay { get; } = new();
}
