namespace Sockeye.Server;

/// <summary>
/// Counts what a server that stops has to wait for: the connections, and the application's methods that serve them, which may
/// go on after their connection has ended.
/// </summary>
internal sealed class ServerAttendance
{
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource _othersGone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One more than there are, until the server stops: only then may it become none.
    private int _count = 1;

    // The same, without the methods that have stepped aside.
    private int _others = 1;
    private int _served;

    /// <summary>Completes when none is left, after <see cref="Seal"/>.</summary>
    public Task Empty => _empty.Task;

    /// <summary>
    /// Completes when only the methods that have called for the stop themselves are left; no later than <see cref="Empty"/>.
    /// </summary>
    public Task OthersGone => _othersGone.Task;

    /// <summary>For how many connections the application is at work.</summary>
    public int ServedCount => Volatile.Read(ref _served);

    /// <summary>A connection has begun, and so has its service.</summary>
    public void Enter()
    {
        Interlocked.Increment(ref _served);
        Interlocked.Add(ref _others, 2);
        Interlocked.Add(ref _count, 2);
    }

    /// <summary>A connection has ended.</summary>
    public void LeaveConnection() => Leave();

    /// <summary>The application has made its last call for a connection.</summary>
    public void LeaveService()
    {
        Interlocked.Decrement(ref _served);
        Leave();
    }

    /// <summary>No connection begins any more.</summary>
    public void Seal() => Leave();

    /// <summary>A serve method has called for the stop, and may wait for the others.</summary>
    public void StepAside()
    {
        if (Interlocked.Decrement(ref _others) == 0)
        {
            _othersGone.TrySetResult();
        }
    }

    /// <summary>A method that has stepped aside is about to leave.</summary>
    public void Rejoin() => Interlocked.Increment(ref _others);

    private void Leave()
    {
        StepAside();
        if (Interlocked.Decrement(ref _count) == 0)
        {
            _empty.TrySetResult();
        }
    }
}
