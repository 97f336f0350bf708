namespace Sockeye.Benchmarks;

/// <summary>The last number that a subscriber has received of each key.</summary>
internal sealed class LastValues
{
    private readonly long[] _numbers = new long[FeedLoad.KeyCount];

    /// <summary>Stores the number of an update.</summary>
    public void Note(int key, long number) => Volatile.Write(ref _numbers[key], number);

    /// <summary>How many of its keys have another last number than expected.</summary>
    public int CountMissing(long[] expected, Func<int, bool> wants) =>
        Enumerable.Range(0, FeedLoad.KeyCount).Count(key => wants(key) && Volatile.Read(ref _numbers[key]) != expected[key]);
}
