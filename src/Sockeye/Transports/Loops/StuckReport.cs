namespace Sockeye.Transports.Loops;

/// <summary>
/// Tells a source that its call does not return, on the thread pool: what is told calls the application's logger, which may block,
/// and the watchdog serves all loops of the process.
/// </summary>
/// <remarks>One report of a loop at a time: a logger that blocks takes one thread of the pool. Used by the watchdog only.</remarks>
internal sealed class StuckReport : IThreadPoolWorkItem
{
    private IEventLoopSource? _source;
    private TimeSpan _duration;

    /// <summary>Whether the last report has not returned.</summary>
    public bool IsUnderway => Volatile.Read(ref _source) is not null;

    /// <summary>Tells a source; not while <see cref="IsUnderway"/>.</summary>
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
