namespace Sockeye.Client.Reconnecting;

/// <summary>
/// Counts the sends in progress on one connection, and completes when it is closed to sends and the last one has ended.
/// </summary>
internal sealed class SendLane(WebSocketConnection? connection)
{
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Counts one for the outbox, until the lane is closed, and one for each send.
    private int _userCount = 1;
    private bool _isClosed;

    /// <summary>Creates a closed lane, for the time before the first connection.</summary>
    public static SendLane CreateClosed()
    {
        var lane = new SendLane(connection: null);
        lane.Close();
        return lane;
    }

    /// <summary>The connection; <see langword="null"/> before the first.</summary>
    public WebSocketConnection? Connection { get; } = connection;

    /// <summary>Whether the lane accepts no more sends. Read under the outbox's lock.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Completes when the lane is closed and its last send has ended.</summary>
    public Task Drained => _drained.Task;

    /// <summary>Counts a send that begins. Call it under the outbox's lock, while the lane is open.</summary>
    public void Enter() => Interlocked.Increment(ref _userCount);

    /// <summary>Counts a send that has ended.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _userCount) == 0)
        {
            _drained.SetResult();
        }
    }

    /// <summary>Stops accepting sends. Call it under the outbox's lock.</summary>
    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            Leave();
        }
    }
}
