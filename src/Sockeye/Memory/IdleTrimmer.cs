using System.Diagnostics;

namespace Sockeye.Memory;

/// <summary>Trims a pool at intervals, for as long as the pool keeps anything.</summary>
/// <remarks>
/// Uses a timer instead of the deadline wheel, which would tick ten times a second for something that is due every few seconds.
/// </remarks>
internal sealed class IdleTrimmer
{
    private readonly TimeSpan _interval;
    private readonly Func<bool> _trim;
    private readonly ITimer _timer;
    private volatile bool _isWatching;

    /// <summary>Creates a trimmer that does nothing until <see cref="Start"/>.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="interval">The time between two trims.</param>
    /// <param name="trim">Releases what was idle for a whole interval, and returns whether to trim again later.</param>
    public IdleTrimmer(TimeProvider time, TimeSpan interval, Func<bool> trim)
    {
        _interval = interval;
        _trim = trim;

        // The pool is shared: its timer must not keep the execution context of the first caller.
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
        {
            _timer = time.CreateTimer(
                static trimmer => ((IdleTrimmer)trimmer!).OnDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Creates a trimmer for a pool of the process. It releases what has been idle for 5 to 10 seconds.</summary>
    public static IdleTrimmer OfProcess(Func<bool> trim) => new(TimeProvider.System, LargeArrayPool.TrimInterval, trim);

    /// <summary>Starts trimming, because the pool keeps something. Cheap if already started. Any thread.</summary>
    public void Start()
    {
        if (!_isWatching)
        {
            _isWatching = true;
            _timer.Change(_interval, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnDue()
    {
        // Reset first: whatever is returned from now on is seen by this trim, or starts another one.
        _isWatching = false;
        try
        {
            if (_trim())
            {
                Start();
            }
        }
        catch (Exception exception)
        {
            // What the pool keeps stays there until the next trim, which starts when something is returned. A pool of the process
            // has no logger.
            Trace.TraceError($"A pool could not be trimmed: {exception}");
        }
    }
}
