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
    public async Task Each_waiting_connection_gets_its_turn()
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
    public async Task Endless_turns_do_not_starve_others()
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
