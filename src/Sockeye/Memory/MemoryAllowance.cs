namespace Sockeye.Memory;

/// <summary>What connections with the same options may hold of the memory of the process.</summary>
/// <param name="budget">What all connections hold.</param>
/// <param name="limit">How much that may be, in bytes, for these to take more.</param>
internal sealed class MemoryAllowance(MemoryBudget budget, long limit)
{
    /// <summary>
    /// What a connection may hold of each kind (a message being assembled, an inbox, the rest of a read) whatever others hold, in
    /// bytes: so those with short messages go on while an attack uses up the rest.
    /// </summary>
    public const int UncheckedLength = 16 * 1024;

    // New connections are refused, and encoders given back, a little before existing connections are given no more.
    private readonly long _tightLength = limit - (limit / 10);

    /// <summary>How much all connections may hold, in bytes.</summary>
    public long Limit => limit;

    /// <summary>Whether nothing more may be taken.</summary>
    public bool IsUsedUp => budget.Held >= limit;

    /// <summary>Whether nine tenths are taken: what is new is refused, and what can be done with less is.</summary>
    public bool IsTight => budget.Held >= _tightLength;

    /// <summary>Whether so many bytes more may be taken.</summary>
    public bool HasRoomFor(long length) => length <= limit - budget.Held;

    /// <summary>Counts bytes that are held from now on; negative, if they are not any more.</summary>
    public void Add(long length) => budget.Add(length);
}
