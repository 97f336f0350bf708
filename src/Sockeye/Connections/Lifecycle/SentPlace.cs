namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// Where a ping ends in all that this end sends, and how far the peer's system had acknowledged that at the last look. Both are counts
/// of bytes that may wrap, of which only differences mean something.
/// </summary>
/// <param name="end">Where the ping ends.</param>
/// <param name="acknowledged">How far the peer's system has acknowledged; <see langword="null"/> if that is not known.</param>
internal struct SentPlace(uint end, uint? acknowledged)
{
    private uint? _acknowledged = acknowledged;

    /// <summary>
    /// Whether the peer's system has not acknowledged the ping yet, but has acknowledged something since the last look.
    /// </summary>
    /// <param name="acknowledged">How far it has acknowledged now; <see langword="null"/> if that is not known.</param>
    public bool IsApproached(uint? acknowledged)
    {
        bool hasMoved = acknowledged != _acknowledged;
        _acknowledged = acknowledged;
        return hasMoved && acknowledged is { } position && (int)(end - position) > 0;
    }
}
