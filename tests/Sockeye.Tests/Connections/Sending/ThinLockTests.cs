using Sockeye.Connections.Sending;

namespace Sockeye.Tests;

public sealed class ThinLockTests
{
    private readonly object _monitor = new();
    private int _gate;

    [Fact]
    public void One_thread_at_a_time_holds_the_lock_and_all_acquire_it()
    {
        const int threadCount = 16;
        const int turnCount = 20_000;
        long count = 0;
        Thread[] threads = [.. Enumerable.Range(0, threadCount).Select(index => new Thread(() =>
        {
            for (int turn = 0; turn < turnCount; turn++)
            {
                using (ThinLock.Hold(ref _gate, _monitor))
                {
                    long before = count;
                    if (turn % 500 == index)
                    {
                        // So long that the others give up spinning.
                        Thread.Yield();
                    }

                    count = before + 1;
                }
            }
        }))];

        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        Assert.Equal(threadCount * turnCount, count);
    }

    [Fact]
    public void Sleeping_threads_are_woken_one_at_a_time()
    {
        const int threadCount = 8;
        int count = 0;
        Thread[] threads = [.. Enumerable.Range(0, threadCount).Select(_ => new Thread(() =>
        {
            using (ThinLock.Hold(ref _gate, _monitor))
            {
                count++;
            }
        }))];

        using (ThinLock.Hold(ref _gate, _monitor))
        {
            Array.ForEach(threads, thread => thread.Start());
            Deadlines.Until(() => threads.All(thread => thread.ThreadState == ThreadState.WaitSleepJoin), "all threads wait");
            Assert.Equal(0, count);
        }

        Assert.All(threads, thread => Assert.True(thread.Join(TimeSpan.FromSeconds(30))));
        Assert.Equal(threadCount, count);
    }

    [Fact]
    public void An_exception_releases_the_lock()
    {
        Assert.Throws<InvalidOperationException>(Throw);

        using (ThinLock.Hold(ref _gate, _monitor))
        {
            // It could be taken again.
        }
    }

    private void Throw()
    {
        using (ThinLock.Hold(ref _gate, _monitor))
        {
            throw new InvalidOperationException();
        }
    }
}
