namespace Sockeye.Transports.Loops;

/// <summary>
/// Reports to a source that its call has not returned. Runs on the thread pool, because it calls the application's logger, which may
/// block, and the watchdog's thread serves all event loops of the process.
/// </summary>
/// <remarks>One report of a loop at a time: a logger that blocks takes one thread of the pool. Used by the watchdog only.</remarks>
internal sealed class StuckReport : IThreadPoolWorkItem
{
    private IEventLoopSource? _source;
    private TimeSpan _duration;

    /// <summary>Whether the last report has not returned.</summary>
    public bool IsUnderway => Volatile.Read(ref _source) is not null;

    /// <summary>Begins a report; not while <see cref="IsUnderway"/>.</summary>
    public void Begin(IEventLoopSource source, TimeSpan duration)
    {
        _duration = duration;
        Volatile.Write(ref _source, source);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <inheritdoc/>
    void IThreadPoolWorkItem.Execute()
    {
        _source!.TellStuck(_duration);
        Volatile.Write(ref _source, null);
    }
}
