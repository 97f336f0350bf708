namespace Sockeye.Transports.Loops;

/// <summary>
/// A thread that looks at all event loops of the process, again and again, and has those tell that do not come back from a
/// call: while it lasts, since it may last for ever.
/// </summary>
/// <remarks>
/// A thread of its own, started with the first loop: the thread pool may be what such a call waits for, and later there may
/// be no descriptors left to start one with.
/// </remarks>
internal static class LoopWatchdog
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // While all loops rest: an idle process is woken seldom, and what begins then is seen this much later.
    private static readonly TimeSpan RestInterval = TimeSpan.FromSeconds(1);

    private static readonly Lock Gate = new();
    private static EventLoop[] Loops = [];
    private static bool IsStarted;

    /// <summary>Looks at a loop from now on.</summary>
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
    }

    /// <summary>Looks at a loop no more.</summary>
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
            bool isAnyBusy = false;
            foreach (EventLoop loop in Volatile.Read(ref Loops))
            {
                isAnyBusy |= loop.LookAfter();
            }

            Thread.Sleep(isAnyBusy ? Interval : RestInterval);
        }
    }
}
