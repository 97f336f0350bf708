namespace Sockeye.Memory;

/// <summary>The share of a memory budget that connections with the same options may use.</summary>
/// <param name="budget">The memory that all connections hold.</param>
/// <param name="limit">The total, in bytes, from which these connections may take no more.</param>
internal sealed class MemoryAllowance(MemoryBudget budget, long limit)
{
    /// <summary>
    /// What a connection may hold of each kind (a message being assembled, an inbox, the rest of a read), in bytes, whatever
    /// others hold. Connections with short messages therefore continue while an attack uses up the rest.
    /// </summary>
    public const int UncheckedLength = 16 * 1024;

    // New connections are rejected, and deflaters released, a little before existing connections get no more.
    private readonly long _tightLength = limit - (limit / 10);

    /// <summary>The limit for all connections together, in bytes.</summary>
    public long Limit => limit;

    /// <summary>Whether the limit is reached.</summary>
    public bool IsUsedUp => budget.Held >= limit;

    /// <summary>
    /// Whether nine tenths of the limit are in use. New connections are then rejected, and memory that can be spared is released.
    /// </summary>
    public bool IsTight => budget.Held >= _tightLength;

    /// <summary>Whether this many more bytes may be taken.</summary>
    public bool HasRoomFor(long length) => length <= limit - budget.Held;

    /// <summary>Adds to the bytes that are held; a negative number subtracts.</summary>
    public void Add(long length) => budget.Add(length);
}
