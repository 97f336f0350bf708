using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>The queue of connections on the thread pool that have used up their turn.</summary>
public sealed class TurnQueueTests : IDisposable
{
    private readonly TurnQueue _queue = new();
    private readonly ManualResetEventSlim _released = new();

    public void Dispose()
    {
        _released.Set();
        _released.Dispose();
    }

    [Fact]
    public async Task Each_that_waits_has_its_turn_however_many_there_are()
    {
        const int Waiting = 10_000;
        int turns = 0;
        async Task WaitAsync()
        {
            await _queue.WaitAsync();
            Interlocked.Increment(ref turns);
        }

        Task[] all = new Task[Waiting];
        Parallel.For(0, Waiting, index => all[index] = WaitAsync());
        await Task.WhenAll(all).WithDeadline();

        Assert.Equal(Waiting, turns);
    }

    [Fact]
    public async Task Turns_that_never_end_keep_no_other_from_its_turn()
    {
        int stuck = 0;
        async Task StickAsync()
        {
            await _queue.WaitAsync().ConfigureAwait(false);
            Interlocked.Increment(ref stuck);
            _released.Wait(Deadlines.Deadline);
        }

        Task[] sticking = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => StickAsync())];
        await Deadlines.UntilAsync(() => Volatile.Read(ref stuck) == sticking.Length, "all of them are stuck");
        await _queue.WaitAsync().WithDeadline();

        Assert.False(_released.IsSet);
        _released.Set();
        await Task.WhenAll(sticking).WithDeadline();
    }
}
