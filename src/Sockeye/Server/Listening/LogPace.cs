namespace Sockeye.Server.Listening;

/// <summary>Limits a log entry to one a minute, however often the event happens. Thread-safe.</summary>
internal sealed class LogPace(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private long? _last;

    /// <summary>Whether to log the event this time.</summary>
    public bool TryTake()
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            if (_last is { } last && time.GetElapsedTime(last, now) < Interval)
            {
                return false;
            }

            _last = now;
            return true;
        }
    }
}
