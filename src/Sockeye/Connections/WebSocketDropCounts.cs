namespace Sockeye;

/// <summary>How many messages a connection has dropped because its peer was slow, by the reason.</summary>
/// <param name="Newest">
/// Messages that were not sent because the send buffer was at its limit (<see cref="WebSocketSlowConsumerPolicy.DropNewest"/>, or
/// <see cref="WebSocketSlowConsumerPolicy.DropOldest"/> with nothing older to drop).
/// </param>
/// <param name="Oldest">Queued messages that were dropped to make room (<see cref="WebSocketSlowConsumerPolicy.DropOldest"/>).</param>
/// <param name="Replaced">
/// Queued messages that were replaced by a newer one with the same key (<see cref="WebSocketSlowConsumerPolicy.LatestPerKey"/>).
/// </param>
/// <remarks>Messages that were refused, or lost because the connection ended, are not counted.</remarks>
public readonly record struct WebSocketDropCounts(long Newest, long Oldest, long Replaced)
{
    /// <summary>The sum of all reasons.</summary>
    public long Total => Newest + Oldest + Replaced;
}
