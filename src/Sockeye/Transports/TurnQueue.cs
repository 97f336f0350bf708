using System.Collections.Concurrent;

namespace Sockeye.Transports;

/// <summary>
/// A queue for connections on the thread pool that have used up a slice. However many they are, at most one entry per processor
/// is in the pool's own queue, so that a connection with new input waits behind those few only.
/// </summary>
internal sealed class TurnQueue : IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<TaskCompletionSource> _waiting = new();
    private readonly int _maxQueued = Environment.ProcessorCount;

    // How many times this object is in the pool's queue. Running turns are not counted, since one may never end.
    private int _queued;

    /// <summary>The queue that all connections of the process share.</summary>
    public static TurnQueue Shared { get; } = new();

    /// <summary>Waits until all earlier waiters have had their turns.</summary>
    /// <returns>A task whose continuation is the turn. It runs in place, and must take no longer than a slice.</returns>
    public Task WaitAsync()
    {
        // Without RunContinuationsAsynchronously, which would put the continuation at the end of the pool's queue.
        var turn = new TaskCompletionSource();
        _waiting.Enqueue(turn);

        // Pairs with Execute, which decrements the count before it checks for waiters.
        Interlocked.MemoryBarrier();
        QueueIfFew();
        return turn.Task;
    }

    /// <inheritdoc/>
    void IThreadPoolWorkItem.Execute()
    {
        _waiting.TryDequeue(out TaskCompletionSource? turn);
        Interlocked.Decrement(ref _queued);

        // Queued before the turn runs, because the turn calls application code, which may block this thread.
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
