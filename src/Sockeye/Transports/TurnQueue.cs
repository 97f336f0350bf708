using System.Collections.Concurrent;

namespace Sockeye.Transports;

/// <summary>
/// Where those wait on the thread pool that have used up a slice. However many they are, only as many as there are processors
/// are in the pool's own queue, so that one that comes with something new waits behind those alone.
/// </summary>
internal sealed class TurnQueue : IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<TaskCompletionSource> _waiting = new();
    private readonly int _maxQueued = Environment.ProcessorCount;

    // How many times this is in the pool's queue. Turns that are running do not count: one may never end.
    private int _queued;

    /// <summary>The one of the process.</summary>
    public static TurnQueue Shared { get; } = new();

    /// <summary>Waits until those that wait already have had their turns.</summary>
    /// <returns>A task whose continuation is the turn: it runs in place, and is not to take longer than a slice.</returns>
    public Task WaitAsync()
    {
        // Not asynchronously: that would put the continuation at the end of the pool's queue.
        var turn = new TaskCompletionSource();
        _waiting.Enqueue(turn);

        // The thread that takes this out of the pool's queue decrements the count first, and then checks for waiters.
        Interlocked.MemoryBarrier();
        QueueIfFew();
        return turn.Task;
    }

    /// <inheritdoc/>
    void IThreadPoolWorkItem.Execute()
    {
        _waiting.TryDequeue(out TaskCompletionSource? turn);
        Interlocked.Decrement(ref _queued);

        // Before the turn: what it calls is the application's, and may keep this thread.
        if (!_waiting.IsEmpty)
        {
            QueueIfFew();
        }

        turn?.SetResult();
    }

    private void QueueIfFew()
    {
        int queued = Volatile.Read(ref _queued);
        while (queued < _maxQueued)
        {
            int seen = Interlocked.CompareExchange(ref _queued, queued + 1, queued);
            if (seen == queued)
            {
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                return;
            }

            queued = seen;
        }
    }
}
