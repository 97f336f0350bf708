namespace Sockeye.Tests;

/// <summary>When a write that <see cref="InMemoryTransport"/> did not take at once completes.</summary>
internal enum WriteCompletion
{
    /// <summary>When the test drains the transport.</summary>
    WhenDrained,

    /// <summary>Before the call that began it returns.</summary>
    InPlace,

    /// <summary>On another thread.</summary>
    OnAnotherThread,
}

/// <summary>How an <see cref="InMemoryTransport"/> takes what it is given to write.</summary>
/// <param name="take">
/// Returns how many of so many bytes a <see cref="Sockeye.Transports.Transport.TryWrite(ReadOnlySpan{byte})"/> takes, if the
/// transport's capacity allows it.
/// </param>
/// <param name="complete">Returns when a <see cref="Sockeye.Transports.Transport.Write"/> completes.</param>
internal sealed class WriteScript(Func<int, int> take, Func<WriteCompletion> complete)
{
    /// <summary>Takes everything that the capacity allows; the test drains the rest.</summary>
    public static WriteScript UpToCapacity { get; } = new(static length => length, static () => WriteCompletion.WhenDrained);

    /// <summary>Takes nothing at once, as a transport over a stream that cannot say how much it would take.</summary>
    public static WriteScript NothingAtOnce(WriteCompletion completion) => new(static _ => 0, () => completion);

    /// <summary>Takes random amounts at once, and most of the rest on another thread.</summary>
    public static WriteScript Random(int seed)
    {
        var random = new Random(seed);
        return new WriteScript(
            length => random.Next(3) == 0 ? random.Next(length + 1) : length,
            () => random.Next(4) == 0 ? WriteCompletion.InPlace : WriteCompletion.OnAnotherThread);
    }

    public int Take(int length) => take(length);

    public WriteCompletion Complete() => complete();
}
