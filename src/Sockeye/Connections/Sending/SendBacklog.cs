namespace Sockeye.Connections.Sending;

/// <summary>
/// What a <see cref="SendBuffer"/> holds only while something waits: there is one behind a transport that does not take
/// everything, or while a fragmented message is open, and none behind a connection at rest.
/// </summary>
internal sealed class SendBacklog
{
    // Behind some transports every write waits for a moment: to make a backlog each time would be garbage.
    [ThreadStatic]
    private static SendBacklog? Spare;

    /// <summary>The sends that wait for room, or for their turn.</summary>
    public PendingSends Pending;

    /// <summary>The pong that waits.</summary>
    public PongSlot Pong;

    /// <summary>What the transport is writing by itself, and what is to be written after it; no array if nothing is.</summary>
    public OutgoingSegment Blocked;

    /// <summary>Segments that are full: they go before the one that frames are added to.</summary>
    public Queue<OutgoingSegment> Full { get; } = new();

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty =>
        Blocked.Array is null && Full.Count == 0 && !Pong.IsFull && Pending.IsEmpty && !Pending.IsMessageOpen;

    /// <summary>An empty one.</summary>
    public static SendBacklog Take()
    {
        SendBacklog backlog = Spare ?? new SendBacklog();
        Spare = null;
        return backlog;
    }

    /// <summary>Takes back an empty one.</summary>
    public static void Return(SendBacklog backlog) => Spare = backlog;
}
