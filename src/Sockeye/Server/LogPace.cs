namespace Sockeye.Server;

/// <summary>Has something logged at once, and then once a minute at most, however often it happens. Thread-safe.</summary>
internal sealed class LogPace(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private long? _last;

    /// <summary>Whether it is to be logged this time.</summary>
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
