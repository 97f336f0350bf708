namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// The position of the end of a ping in everything that this end sends, and the position that the peer's system had acknowledged at
/// the last check. Both are counts of bytes that may wrap, so only their difference means anything.
/// </summary>
/// <param name="end">The position of the end of the ping.</param>
/// <param name="acknowledged">The position that the peer's system has acknowledged; <see langword="null"/> if it is unknown.</param>
internal struct SentPlace(uint end, uint? acknowledged)
{
    private uint? _acknowledged = acknowledged;

    /// <summary>
    /// Whether the peer's system has not acknowledged the ping yet, but has acknowledged something since the last check.
    /// </summary>
    /// <param name="acknowledged">The position that it has acknowledged now; <see langword="null"/> if it is unknown.</param>
    public bool IsApproached(uint? acknowledged)
    {
        bool hasMoved = acknowledged != _acknowledged;
        _acknowledged = acknowledged;
        return hasMoved && acknowledged is { } position && (int)(end - position) > 0;
    }
}
