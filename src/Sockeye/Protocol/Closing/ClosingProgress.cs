namespace Sockeye.Protocol;

/// <summary>What can be seen of an ending connection from outside when its deadline is due.</summary>
internal readonly record struct ClosingProgress
{
    /// <summary>How many of the accepted bytes the peer's host has not taken, as far as the transport knows.</summary>
    public long UntakenLength { get; init; }

    /// <summary>How far the peer's host has acknowledged, as a count that may wrap.</summary>
    public uint Acknowledged { get; init; }

    /// <summary>Whether nothing is read, because the application has no room for more messages.</summary>
    public bool IsReadingPaused { get; init; }

    /// <summary>How many messages the application has taken that had to wait for it, as a count that may wrap.</summary>
    public int TakenCount { get; init; }

    /// <summary>Whether messages wait only for the peer to take what it was sent.</summary>
    public bool WaitsForPeer { get; init; }

    /// <summary>Whether the application is processing a message.</summary>
    public bool HasMessageInHand { get; init; }
}
