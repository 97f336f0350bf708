namespace Sockeye.Server.Stopping;

/// <summary>A deadline of a stop. Waiting for it blocks the thread, and uses no other thread.</summary>
/// <param name="time">The clock. That of the system needs no timer, whose callbacks would run on the thread pool.</param>
/// <param name="since">A timestamp of this clock at the start of the wait.</param>
/// <param name="timeout">The time from then on, at most a day.</param>
internal readonly struct StopDeadline(TimeProvider time, long since, TimeSpan timeout)
{
    /// <summary>A deadline from now on, by the clock of the system.</summary>
    public static StopDeadline After(TimeSpan timeout) =>
        new(TimeProvider.System, TimeProvider.System.GetTimestamp(), timeout);

    /// <summary>Blocks until one of the tasks has completed, or until the deadline.</summary>
    /// <remarks>
    /// The thread that completes a task wakes this one directly, without the thread pool, if the task is that of a
    /// <see cref="TaskCompletionSource"/>. Tasks that combine others, or await them, may need the thread pool.
    /// </remarks>
    public void WaitAny(params Task[] tasks)
    {
        TimeSpan left = timeout - time.GetElapsedTime(since);
        if (left <= TimeSpan.Zero)
        {
            return;
        }

        if (time == TimeProvider.System)
        {
            Task.WaitAny(tasks, left);
            return;
        }

        var due = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using ITimer timer = time.CreateTimer(
            static state => ((TaskCompletionSource)state!).TrySetResult(), due, left, Timeout.InfiniteTimeSpan);
        Task.WaitAny([.. tasks, due.Task]);
    }
}
