namespace Sockeye.Telemetry;

/// <summary>
/// One counter for each <see cref="Measure"/>, with a copy for each thread that counts: an addition is neither atomic nor shared, which
/// makes it several times cheaper than <see cref="Interlocked.Add(ref long, long)"/>. Thread-safe.
/// </summary>
internal sealed class ThreadedCounters
{
    private static int LastIndex = -1;

    private readonly int _index = Interlocked.Increment(ref LastIndex);

    // Both guarded by the lock of the list: the copies of the threads that run, and the sums of those that have ended.
    private readonly List<long[]> _copies = [];
    private readonly long[] _ended = new long[(int)Measure.Count];

    /// <summary>Adds to a counter.</summary>
    public void Add(Measure measure, long value) => Add(OfThread(), measure, value);

    /// <summary>Adds to two counters.</summary>
    public void Add(Measure first, long firstValue, Measure second, long secondValue)
    {
        long[] counters = OfThread();
        Add(counters, first, firstValue);
        Add(counters, second, secondValue);
    }

    /// <summary>Returns the value of a counter.</summary>
    public long Read(Measure measure)
    {
        lock (_copies)
        {
            long sum = _ended[(int)measure];
            foreach (long[] copy in _copies)
            {
                sum += Volatile.Read(ref copy[(int)measure]);
            }

            return sum;
        }
    }

    // Not torn, for another thread that reads it; only this thread writes.
    private static void Add(long[] counters, Measure measure, long value)
    {
        ref long counter = ref counters[(int)measure];
        Volatile.Write(ref counter, counter + value);
    }

    private long[] OfThread()
    {
        long[]?[]? copies = ThreadCopies.Current?.ByIndex;
        return copies is not null && _index < copies.Length && copies[_index] is { } copy ? copy : MakeCopy();
    }

    private long[] MakeCopy()
    {
        ThreadCopies copies = ThreadCopies.Current ??= new ThreadCopies();
        long[] copy = new long[(int)Measure.Count];
        copies.Add(this, copy);
        lock (_copies)
        {
            _copies.Add(copy);
        }

        return copy;
    }

    private void End(long[] copy)
    {
        lock (_copies)
        {
            _copies.Remove(copy);
            for (int measure = 0; measure < copy.Length; measure++)
            {
                _ended[measure] += copy[measure];
            }
        }
    }

    /// <summary>The copies of one thread. Only the thread refers to it, so it is finalized when the thread has ended.</summary>
    private sealed class ThreadCopies
    {
        [ThreadStatic]
        public static ThreadCopies? Current;

        private readonly List<(ThreadedCounters Counters, long[] Copy)> _all = [];

        ~ThreadCopies()
        {
            foreach ((ThreadedCounters counters, long[] copy) in _all)
            {
                counters.End(copy);
            }
        }

        public long[]?[] ByIndex { get; private set; } = [];

        public void Add(ThreadedCounters counters, long[] copy)
        {
            _all.Add((counters, copy));
            long[]?[] copies = ByIndex;
            Array.Resize(ref copies, Math.Max(copies.Length, counters._index + 1));
            copies[counters._index] = copy;
            ByIndex = copies;
        }
    }
}
