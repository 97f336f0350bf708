namespace Sockeye.Transports.Loops;

/// <summary>
/// A thread that checks all event loops of the process at intervals, and reports a call that has not returned while it is still
/// running, since it may never return.
/// </summary>
/// <remarks>
/// It has its own thread, started with the first loop: a stuck call may be waiting for the thread pool, and later the system may
/// be out of descriptors. No application code runs on this thread.
/// </remarks>
internal static class LoopWatchdog
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // The interval while all loops are idle, so that an idle process is rarely woken. A call that gets stuck then is found this
    // much later.
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
                isAnyBusy |= loop.CheckProgress();
            }

            // A process without loops is never woken.
            Added.WaitOne(loops.Length == 0 ? Timeout.InfiniteTimeSpan : isAnyBusy ? Interval : RestInterval);
        }
    }
}
