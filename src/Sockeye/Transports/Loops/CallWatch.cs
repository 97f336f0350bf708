using System.Diagnostics.CodeAnalysis;
using System.Runtime;

namespace Sockeye.Transports.Loops;

/// <summary>
/// Measures the calls that an <see cref="EventLoop"/> makes to its sources. Notifies a source whose call took too long when the
/// call returns, and finds a call that does not return.
/// </summary>
/// <remarks>
/// The loop measures; <see cref="LoopWatchdog"/> checks from another thread. Time that the runtime spends on compiling methods is
/// not counted, since the first calls of every process would exceed the threshold.
/// </remarks>
internal sealed class CallWatch
{
    // A call that does not return is reported again when it has lasted ten times as long.
    private const int ReportFactor = 10;

    private readonly TimeProvider _time;
    private readonly long _threshold;
    private readonly Func<bool, TimeSpan> _compiledTime;

    // Written by the loop, read by the watchdog.
    private IEventLoopSource? _source;
    private long _now;

    // The number of the flush that is running; 0 during a call.
    private long _flush;

    // Used by the loop only.
    private long _flushCount;
    private TimeSpan _compiled;

    // Used by the watchdog only: the call or flush that it saw last, since when, and after what duration to report it. A flush is
    // stored as its negative number: timestamps are not negative, so it cannot be mistaken for a call.
    private long _seen;
    private long _seenSince;
    private long _reportAfter;
    private TimeSpan _compiledBefore;
    private TimeSpan _compiledAtLastCheck;

    /// <summary>Creates a watch that has measured nothing.</summary>
    /// <param name="threshold">The duration from which a call is too long, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="compiledTime">
    /// Returns how long the runtime has spent on compiling methods: on this thread if the argument is <see langword="true"/>,
    /// otherwise in total. Replaced by tests.
    /// </param>
    public CallWatch(TimeSpan threshold, TimeProvider time, Func<bool, TimeSpan>? compiledTime = null)
    {
        _time = time;
        _threshold = threshold == Timeout.InfiniteTimeSpan
            ? long.MaxValue
            : (long)(threshold.TotalSeconds * time.TimestampFrequency);

        // A test's clock is unrelated to the time that the runtime takes.
        _compiledTime = compiledTime ?? (time == TimeProvider.System
            ? JitInfo.GetCompilationTime
            : static _ => TimeSpan.Zero);
        _now = time.GetTimestamp();
    }

    /// <summary>The timestamp at which the loop's current call began.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>How long the loop's current call has lasted. Any thread.</summary>
    public TimeSpan Elapsed => _time.GetElapsedTime(Now);

    /// <summary>How long a call to a source has lasted that is running; zero if the loop waits. Any thread.</summary>
    /// <remarks>
    /// Zero also between the calls of a turn. The source is read before the timestamp: if the loop goes on in between, the timestamp is
    /// newer, and the time shorter, but never that of a wait.
    /// </remarks>
    public TimeSpan HeldUpFor => Volatile.Read(ref _source) is null ? TimeSpan.Zero : Elapsed;

    /// <summary>Starts measuring again after the loop has waited.</summary>
    public void Restart() => Volatile.Write(ref _now, _time.GetTimestamp());

    /// <summary>Excludes all compilation up to now from the next measurement.</summary>
    public void ForgetCompiled() => _compiled = _compiledTime(true);

    /// <summary>Marks that no source is being called, because the loop is about to wait.</summary>
    public void BeginWait()
    {
        _source = null;
        Volatile.Write(ref _flush, 0);
    }

    /// <summary>Marks that a source is about to be called.</summary>
    public void Begin(IEventLoopSource source) => _source = source;

    /// <summary>
    /// Marks that a source is about to be flushed. There may be thousands of flushes in a turn, each shorter than a few readings
    /// of the clock, so they are numbered instead of timed.
    /// </summary>
    public void BeginFlush(IEventLoopSource source)
    {
        // In this order, so that a source is never seen with the number of another flush.
        _source = null;
        Volatile.Write(ref _flush, ++_flushCount);
        Volatile.Write(ref _source, source);
    }

    /// <summary>Marks that the call has returned.</summary>
    public void End(IEventLoopSource source)
    {
        long began = _now;
        long now = _time.GetTimestamp();
        if (now - began >= _threshold)
        {
            NotifyIfSlow(source, _time.GetElapsedTime(began, now));
        }

        Volatile.Write(ref _now, now);
    }

    /// <summary>
    /// Finds a source whose call has lasted too long. A call that was found is found again only when it has lasted ten times as
    /// long. Called by the watchdog while the loop is busy.
    /// </summary>
    /// <param name="stuck">The source.</param>
    /// <param name="elapsed">How long its call has lasted.</param>
    public bool TryFindStuck([NotNullWhen(true)] out IEventLoopSource? stuck, out TimeSpan elapsed)
    {
        stuck = null;
        elapsed = default;
        TimeSpan compiled = _compiledTime(false);
        long flush = Volatile.Read(ref _flush);
        long began = Now;
        IEventLoopSource? source = Volatile.Read(ref _source);
        long now = _time.GetTimestamp();
        long seen = flush == 0 ? began : -flush;
        if (seen != _seen)
        {
            _seen = seen;

            // The start of a flush is unknown. It has lasted at least since the check that saw it first.
            _seenSince = flush == 0 ? began : now;
            _reportAfter = _threshold;
            _compiledBefore = _compiledAtLastCheck;
        }

        _compiledAtLastCheck = compiled;
        long duration = now - _seenSince;
        if (source is null || duration < _reportAfter || began != Now || flush != Volatile.Read(ref _flush))
        {
            return false;
        }

        // Other threads compile too. Beyond some duration, compilation no longer explains it.
        elapsed = _time.GetElapsedTime(0, duration);
        if (duration / ReportFactor < _threshold && elapsed - (compiled - _compiledBefore) < _time.GetElapsedTime(0, _threshold))
        {
            return false;
        }

        _reportAfter = duration > long.MaxValue / ReportFactor ? long.MaxValue : duration * ReportFactor;
        stuck = source;
        return true;
    }

    private void NotifyIfSlow(IEventLoopSource source, TimeSpan duration)
    {
        TimeSpan before = _compiled;
        ForgetCompiled();
        if (duration - (_compiled - before) >= _time.GetElapsedTime(0, _threshold))
        {
            source.NotifyHeldUp(duration);
        }
    }
}
