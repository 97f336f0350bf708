using System.Diagnostics;

namespace Sockeye.Memory;

/// <summary>Looks, at intervals, for what a pool keeps and nobody needs; only as long as the pool keeps anything.</summary>
/// <remarks>
/// Uses a timer instead of the deadline wheel, which would tick ten times a second for something that is due every few seconds.
/// </remarks>
internal sealed class IdleTrimmer
{
    private readonly TimeSpan _interval;
    private readonly Func<bool> _trim;
    private readonly ITimer _timer;
    private volatile bool _isWatching;

    /// <summary>Makes one that does nothing until <see cref="Start"/>.</summary>
    /// <param name="time">Where time comes from.</param>
    /// <param name="interval">How long something must lie idle to be released.</param>
    /// <param name="trim">Releases it, and answers whether to look again.</param>
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

    /// <summary>Makes one for a pool of the process: idle is what was not used for one to two times 5 seconds.</summary>
    public static IdleTrimmer OfProcess(Func<bool> trim) => new(TimeProvider.System, LargeArrayPool.TrimInterval, trim);

    /// <summary>Something is kept from now on. Cheap when it is known already. Any thread.</summary>
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
        // First, so that what is kept from now on is seen below, or watched by itself.
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
            // What is kept stays kept, and is looked for again when something is returned. A pool of the process has no logger.
            Trace.TraceError($"A pool could not be trimmed: {exception}");
        }
    }
}
