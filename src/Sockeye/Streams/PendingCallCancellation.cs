namespace Sockeye.Streams;

/// <summary>
/// Cancels the pending read or flush of a pipe, or the next one if none is pending; and tells that from the token of one call. Thread-safe.
/// </summary>
/// <remarks>
/// Both cancel the same source, because a receive or a send takes one token. The source only wakes the call that waits: whether the pipe's
/// own cancellation was requested is stored beside it.
/// </remarks>
internal sealed class PendingCallCancellation
{
    private readonly Lock _gate = new();
    private CancellationTokenSource? _source;
    private bool _isRequested;

    /// <summary>Cancels the pending call, or the next one.</summary>
    public void Cancel()
    {
        CancellationTokenSource? source;
        lock (_gate)
        {
            _isRequested = true;
            source = _source;
        }

        // Outside the lock: what waits may continue in place.
        source?.Cancel();
    }

    /// <summary>Returns whether <see cref="Cancel"/> was called since the last time, and forgets it.</summary>
    public bool TryTake()
    {
        lock (_gate)
        {
            bool isRequested = _isRequested;
            if (isRequested)
            {
                // Its cancellation may not have run yet, and must not end a later call.
                _isRequested = false;
                _source = null;
            }

            return isRequested;
        }
    }

    /// <summary>Begins a call that may wait, and returns the source that ends its wait.</summary>
    public CancellationTokenSource Begin()
    {
        lock (_gate)
        {
            _source ??= new CancellationTokenSource();
            if (!_isRequested)
            {
                return _source;
            }
        }

        // Requested since TryTake, when there may have been no source to cancel.
        CancellationTokenSource canceled = new();
        canceled.Cancel();
        return canceled;
    }

    /// <summary>Ends the call. Its token is no longer registered, and does not affect the next call.</summary>
    /// <param name="source">What <see cref="Begin"/> returned.</param>
    public void End(CancellationTokenSource source)
    {
        lock (_gate)
        {
            if (_source == source && source.IsCancellationRequested)
            {
                _source = null;
            }
        }
    }
}
