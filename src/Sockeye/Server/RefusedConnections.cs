using Sockeye.Timing;

namespace Sockeye.Server;

/// <summary>
/// Connections that were answered with a refusal before their request was read: each is kept for a moment, since to close it while
/// its request is on the way would send a reset, which may destroy the answer.
/// </summary>
/// <remarks>
/// Keeps few at a time, because each holds a descriptor when descriptors may be scarce: a new one displaces the oldest. Thread-safe.
/// </remarks>
internal sealed class RefusedConnections(DeadlineWheel wheel) : Deadline
{
    /// <summary>How many are kept.</summary>
    public const int MaxCount = 8;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);

    private readonly Queue<IDisposable> _connections = new();

    /// <summary>Keeps a connection, and closes it soon.</summary>
    public void Add(IDisposable connection)
    {
        IDisposable? oldest = null;
        lock (_connections)
        {
            _connections.Enqueue(connection);
            if (_connections.Count > MaxCount)
            {
                oldest = _connections.Dequeue();
            }
        }

        oldest?.Dispose();
        wheel.Schedule(this, Lifetime);
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        while (TryTake(out IDisposable? connection))
        {
            connection.Dispose();
        }
    }

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => FaultTrace.Write(exception);

    private bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IDisposable? connection)
    {
        lock (_connections)
        {
            return _connections.TryDequeue(out connection);
        }
    }
}
