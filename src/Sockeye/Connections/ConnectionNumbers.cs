namespace Sockeye.Connections;

/// <summary>Numbers connections: the first is 1. Thread-safe.</summary>
internal sealed class ConnectionNumbers
{
    private long _last;

    /// <summary>Those of the process: no two connections of an application have the same.</summary>
    public static ConnectionNumbers Process { get; } = new();

    /// <summary>Takes the next number.</summary>
    public long Next() => Interlocked.Increment(ref _last);
}
