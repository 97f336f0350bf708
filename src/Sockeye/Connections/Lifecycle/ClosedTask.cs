namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// The task whose result says how a connection ended. It is created on first use: most connections end unwatched. Guarded by
/// the lock of its owner.
/// </summary>
internal struct ClosedTask
{
    private TaskCompletionSource<WebSocketCloseResult>? _source;
    private WebSocketCloseResult? _result;

    /// <summary>Completes with the result; what follows it runs on the thread pool.</summary>
    public Task<WebSocketCloseResult> Task
    {
        get
        {
            if (_source is null)
            {
                _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_result is not null)
                {
                    _source.SetResult(_result);
                }
            }

            return _source.Task;
        }
    }

    /// <summary>Completes the task; once only.</summary>
    public void Complete(WebSocketCloseResult result)
    {
        _result = result;
        _source?.SetResult(result);
    }
}
