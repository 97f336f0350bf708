namespace Sockeye.Server;

/// <summary>How many opening handshakes are underway, TLS included: when there are too many, nobody more is accepted.</summary>
/// <remarks>
/// Those who are not accepted wait in the system's queue, which costs this server nothing; each handshake has a deadline, so
/// that there is room again.
/// </remarks>
internal sealed class PendingHandshakes(int maxCount)
{
    private int _count;

    /// <summary>Called, on any thread, when there is room again.</summary>
    public event Action? RoomMade;

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Whether another may begin.</summary>
    public bool HasRoom => Count < maxCount;

    /// <summary>One has begun.</summary>
    public void Enter() => Interlocked.Increment(ref _count);

    /// <summary>One is over.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _count) == maxCount - 1)
        {
            RoomMade?.Invoke();
        }
    }
}
