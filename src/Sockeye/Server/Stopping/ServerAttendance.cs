namespace Sockeye.Server.Stopping;

/// <summary>
/// Counts what a stop waits for: the connections, and the application's methods that serve them, which may continue after their
/// connection has ended.
/// </summary>
internal sealed class ServerAttendance
{
    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource _othersGone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One more than there are until the stop begins, so that it becomes zero only then.
    private int _count = 1;

    // The same, without the methods that have stepped aside.
    private int _others = 1;
    private int _served;

    /// <summary>Completes when nothing is left, after <see cref="Seal"/>.</summary>
    public Task Empty => _empty.Task;

    /// <summary>
    /// Completes when only methods that wait for the stop themselves are left; no later than <see cref="Empty"/>.
    /// </summary>
    public Task OthersGone => _othersGone.Task;

    /// <summary>The number of connections for which methods of the application are running.</summary>
    public int ServedCount => Volatile.Read(ref _served);

    /// <summary>A connection has opened.</summary>
    /// <param name="isServed">
    /// Whether a handler or a method serves it, which <see cref="LeaveService"/> ends. Otherwise the application receives by itself, and
    /// only the connection counts.
    /// </param>
    public void Enter(bool isServed)
    {
        int count = isServed ? 2 : 1;
        Interlocked.Add(ref _served, count - 1);
        Interlocked.Add(ref _others, count);
        Interlocked.Add(ref _count, count);
    }

    /// <summary>A connection has ended.</summary>
    public void LeaveConnection() => Leave();

    /// <summary>The last method of the application for a connection has returned.</summary>
    public void LeaveService()
    {
        Interlocked.Decrement(ref _served);
        Leave();
    }

    /// <summary>A stop has begun: no connection opens from now on.</summary>
    public void Seal() => Leave();

    /// <summary>A serve method waits for the stop.</summary>
    public void StepAside()
    {
        if (Interlocked.Decrement(ref _others) == 0)
        {
            _othersGone.TrySetResult();
        }
    }

    /// <summary>A method that has stepped aside is about to return.</summary>
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
