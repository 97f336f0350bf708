using System.Diagnostics.CodeAnalysis;
using System.Runtime;

namespace Sockeye.Transports.Loops;

/// <summary>
/// Measures the calls that an <see cref="EventLoop"/> makes to its sources, and tells a source that has kept the loop for
/// too long when its call returns; finds one whose call does not return.
/// </summary>
/// <remarks>
/// The loop measures; <see cref="LoopWatchdog"/> looks from another thread. Time in which the runtime compiled methods is
/// not held against a call: the first calls of a process would all be too slow.
/// </remarks>
internal sealed class CallWatch
{
    // A call that does not return is told again when it has lasted ten times as long.
    private const int ReportFactor = 10;

    private readonly TimeProvider _time;
    private readonly long _threshold;
    private readonly Func<bool, TimeSpan> _compiledTime;

    // The loop's; the watchdog reads them.
    private IEventLoopSource? _source;
    private long _now;

    // Which flush the loop is at; 0 if it is at a call.
    private long _flush;

    // The loop's.
    private long _flushCount;
    private TimeSpan _compiled;

    // The watchdog's: the call or flush that it saw last, since when, and after what duration to report it. A flush has the negative
    // of its number here: timestamps are not negative, so it cannot be taken for a call.
    private long _seen;
    private long _seenSince;
    private long _reportAfter;
    private TimeSpan _compiledBefore;
    private TimeSpan _compiledAtLastLook;

    /// <summary>Makes a watch that has measured nothing.</summary>
    /// <param name="threshold">How long a call may take, or <see cref="Timeout.InfiniteTimeSpan"/>.</param>
    /// <param name="time">Where time comes from.</param>
    /// <param name="compiledTime">
    /// Answers for how long the runtime has compiled methods: on this thread, or in all. A seam for tests.
    /// </param>
    public CallWatch(TimeSpan threshold, TimeProvider time, Func<bool, TimeSpan>? compiledTime = null)
    {
        _time = time;
        _threshold = threshold == Timeout.InfiniteTimeSpan
            ? long.MaxValue
            : (long)(threshold.TotalSeconds * time.TimestampFrequency);

        // A clock of tests knows nothing of how long the runtime takes.
        _compiledTime = compiledTime ?? (time == TimeProvider.System
            ? JitInfo.GetCompilationTime
            : static _ => TimeSpan.Zero);
        _now = time.GetTimestamp();
    }

    /// <summary>When the loop's present call began: a timestamp.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>How long the loop's present call has lasted. Any thread.</summary>
    public TimeSpan Elapsed => _time.GetElapsedTime(Now);

    /// <summary>The loop has waited, and goes on.</summary>
    public void Restart() => Volatile.Write(ref _now, _time.GetTimestamp());

    /// <summary>From now on the time before does not count: what was compiled in it neither.</summary>
    public void ForgetCompiled() => _compiled = _compiledTime(true);

    /// <summary>The loop is about to wait: no source is being called.</summary>
    public void Rest()
    {
        _source = null;
        Volatile.Write(ref _flush, 0);
    }

    /// <summary>A source is about to be called.</summary>
    public void Begin(IEventLoopSource source) => _source = source;

    /// <summary>
    /// A source is about to be flushed. There may be thousands of flushes in a turn, each of which takes less time than a few readings
    /// of the clock: they are numbered, not timed.
    /// </summary>
    public void BeginFlush(IEventLoopSource source)
    {
        // In this order: a source is never seen with the number of another flush.
        _source = null;
        Volatile.Write(ref _flush, ++_flushCount);
        Volatile.Write(ref _source, source);
    }

    /// <summary>The call is over.</summary>
    public void End(IEventLoopSource source)
    {
        long began = _now;
        long now = _time.GetTimestamp();
        if (now - began >= _threshold)
        {
            TellIfSlow(source, _time.GetElapsedTime(began, now));
        }

        Volatile.Write(ref _now, now);
    }

    /// <summary>
    /// Finds a source whose call has lasted too long, and goes on: not again before that call has lasted ten times as long. Called by
    /// the watchdog while the loop is at work.
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

            // It is unknown when a flush began. It has lasted at least since the check that saw it first.
            _seenSince = flush == 0 ? began : now;
            _reportAfter = _threshold;
            _compiledBefore = _compiledAtLastLook;
        }

        _compiledAtLastLook = compiled;
        long duration = now - _seenSince;
        if (source is null || duration < _reportAfter || began != Now || flush != Volatile.Read(ref _flush))
        {
            return false;
        }

        // Other threads compile as well: so beyond some length it does not matter who did what.
        elapsed = _time.GetElapsedTime(0, duration);
        if (duration / ReportFactor < _threshold && elapsed - (compiled - _compiledBefore) < _time.GetElapsedTime(0, _threshold))
        {
            return false;
        }

        _reportAfter = duration > long.MaxValue / ReportFactor ? long.MaxValue : duration * ReportFactor;
        stuck = source;
        return true;
    }

    private void TellIfSlow(IEventLoopSource source, TimeSpan duration)
    {
        TimeSpan before = _compiled;
        ForgetCompiled();
        if (duration - (_compiled - before) >= _time.GetElapsedTime(0, _threshold))
        {
            source.TellHeldUp(duration);
        }
    }
}
