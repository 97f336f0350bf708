namespace Sockeye.Server.Stopping;

/// <summary>A call that waits until a server has stopped.</summary>
/// <param name="continuesInPlace">
/// Whether the code that awaits the task continues inside <see cref="Complete"/>; else it continues on the thread pool. A thread that
/// blocks on the task is woken in either case.
/// </param>
internal sealed class StopWaiter(bool continuesInPlace)
{
    private readonly TaskCompletionSource _stopped = new(
        continuesInPlace ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock _gate = new();
    private readonly List<IDisposable> _registrations = [];
    private bool _isOver;

    /// <summary>Whether <see cref="Complete"/> runs code of the application, and may never return.</summary>
    public bool ContinuesInPlace => continuesInPlace;

    /// <summary>Completes when the server has stopped.</summary>
    public Task Task => _stopped.Task;

    /// <summary>Adds an object to dispose of before the task completes.</summary>
    public void Add(IDisposable registration)
    {
        lock (_gate)
        {
            if (!_isOver)
            {
                _registrations.Add(registration);
                return;
            }
        }

        registration.Dispose();
    }

    /// <summary>Completes the task. Called once.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        _registrations.ForEach(static registration => registration.Dispose());
        _stopped.SetResult();
    }
}
