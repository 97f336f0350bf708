namespace Sockeye.Transports;

/// <summary>A signal for one waiting task. A signal set before the wait begins is remembered.</summary>
internal sealed class AutoResetSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;
    private bool _isSet;

    /// <summary>Sets the signal. Setting it again before a wait consumes it has no effect.</summary>
    public void Set()
    {
        TaskCompletionSource? waiting;
        lock (_gate)
        {
            waiting = _waiting;
            _waiting = null;
            _isSet = waiting is null;
        }

        waiting?.SetResult();
    }

    /// <summary>Waits for the signal and resets it.</summary>
    public Task WaitAsync()
    {
        lock (_gate)
        {
            if (_isSet)
            {
                _isSet = false;
                return Task.CompletedTask;
            }

            _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _waiting.Task;
        }
    }
}
