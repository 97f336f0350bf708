namespace Sockeye.Transports.Loops;

/// <summary>
/// A thread that checks all event loops of the process at intervals, and reports a call that has not returned while it lasts: it may
/// last for ever.
/// </summary>
/// <remarks>
/// A thread of its own, started with the first loop: the thread pool may be what such a call waits for, and later there may
/// be no descriptors left to start one with. Nothing of the application's is called on it.
/// </remarks>
internal static class LoopWatchdog
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // While all loops rest: an idle process is woken seldom, and what begins then is seen this much later.
    private static readonly TimeSpan RestInterval = TimeSpan.FromSeconds(1);

    private static readonly AutoResetEvent Added = new(initialState: false);
    private static readonly Lock Gate = new();
    private static EventLoop[] Loops = [];
    private static bool IsStarted;

    /// <summary>Begins to check a loop.</summary>
    public static void Add(EventLoop loop)
    {
        lock (Gate)
        {
            Loops = [.. Loops, loop];
            if (!IsStarted)
            {
                new Thread(Run) { Name = "Sockeye watchdog", IsBackground = true }.UnsafeStart();
                IsStarted = true;
            }
        }

        Added.Set();
    }

    /// <summary>Stops checking a loop.</summary>
    public static void Remove(EventLoop loop)
    {
        lock (Gate)
        {
            Loops = Array.FindAll(Loops, other => other != loop);
        }
    }

    private static void Run()
    {
        while (true)
        {
            EventLoop[] loops = Volatile.Read(ref Loops);
            bool isAnyBusy = false;
            foreach (EventLoop loop in loops)
            {
                isAnyBusy |= loop.LookAfter();
            }

            // A process without loops is not woken at all.
            Added.WaitOne(loops.Length == 0 ? Timeout.InfiniteTimeSpan : isAnyBusy ? Interval : RestInterval);
        }
    }
}
