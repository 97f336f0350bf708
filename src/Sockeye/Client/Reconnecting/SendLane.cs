namespace Sockeye.Client.Reconnecting;

/// <summary>One connection, as sends use it: counts the sends in progress, and completes when the last one ends.</summary>
internal sealed class SendLane(WebSocketConnection? connection)
{
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for the outbox, until the lane is closed, and one for each send.
    private int _userCount = 1;
    private bool _isClosed;

    /// <summary>Makes a closed lane, for the time before the first connection.</summary>
    public static SendLane CreateClosed()
    {
        var lane = new SendLane(connection: null);
        lane.Close();
        return lane;
    }

    /// <summary>The connection; <see langword="null"/> before the first.</summary>
    public WebSocketConnection? Connection { get; } = connection;

    /// <summary>Whether no send may begin here any more. Read under the outbox's lock.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Completes when the lane is closed and no send uses it any more.</summary>
    public Task Drained => _drained.Task;

    /// <summary>A send begins. Call it under the outbox's lock, while the lane is open.</summary>
    public void Enter() => Interlocked.Increment(ref _userCount);

    /// <summary>A send is over.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _userCount) == 0)
        {
            _drained.SetResult();
        }
    }

    /// <summary>Lets no more sends in. Call it under the outbox's lock.</summary>
    public void Close()
    {
        if (!_isClosed)
        {
            _isClosed = true;
            Leave();
        }
    }
}
