namespace Sockeye.Benchmarks;

/// <summary>The last number that a subscriber has received of each key.</summary>
internal sealed class LastValues
{
    private readonly long[] _numbers = new long[FeedLoad.KeyCount];

    /// <summary>Stores the number of an update.</summary>
    public void Note(int key, long number) => Volatile.Write(ref _numbers[key], number);

    /// <summary>How many keys have another last number than expected.</summary>
    public int CountMissing(long[] expected) => _numbers.Where((_, key) => Volatile.Read(ref _numbers[key]) != expected[key]).Count();
}
