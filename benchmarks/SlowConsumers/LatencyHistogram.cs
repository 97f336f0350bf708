using System.Diagnostics;

namespace Sockeye.Benchmarks;

/// <summary>Counts latencies in steps of 0.1 ms, up to 60 s. Thread-safe.</summary>
internal sealed class LatencyHistogram
{
    private const double StepsPerMillisecond = 10;

    private readonly int[] _counts = new int[600_000];

    /// <summary>The number of latencies.</summary>
    public long Count => _counts.Sum(static count => (long)count);

    /// <summary>Counts the time since a timestamp.</summary>
    public void Add(long timestamp)
    {
        int step = (int)(Stopwatch.GetElapsedTime(timestamp).TotalMilliseconds * StepsPerMillisecond);
        Interlocked.Increment(ref _counts[Math.Min(step, _counts.Length - 1)]);
    }

    /// <summary>A quantile, in milliseconds.</summary>
    public double At(double quantile)
    {
        long left = (long)(Count * quantile);
        int step = 0;
        while (step < _counts.Length - 1 && left >= _counts[step])
        {
            left -= _counts[step++];
        }

        return (step + 1) / StepsPerMillisecond;
    }
}
