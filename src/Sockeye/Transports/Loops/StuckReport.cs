namespace Sockeye.Transports.Loops;

/// <summary>
/// Notifies a source that its call has not returned. Runs on the thread pool, because it calls the application's logger, which
/// may block, while the watchdog's thread serves all event loops of the process.
/// </summary>
/// <remarks>
/// One report per loop at a time, so that a logger that blocks occupies one pool thread. Used by the watchdog only.
/// </remarks>
internal sealed class StuckReport : IThreadPoolWorkItem
{
    private IEventLoopSource? _source;
    private TimeSpan _duration;

    /// <summary>Whether a report is still running.</summary>
    public bool IsUnderway => Volatile.Read(ref _source) is not null;

    /// <summary>Starts a report. Not allowed while <see cref="IsUnderway"/>.</summary>
    public void Begin(IEventLoopSource source, TimeSpan duration)
    {
        _duration = duration;
        Volatile.Write(ref _source, source);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <inheritdoc/>
    void IThreadPoolWorkItem.Execute()
    {
        _source!.NotifyStuck(_duration);
        Volatile.Write(ref _source, null);
    }
}
