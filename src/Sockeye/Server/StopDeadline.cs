namespace Sockeye.Server;

/// <summary>Until when a stop waits for something. The wait blocks its thread, and needs no other.</summary>
/// <param name="time">The clock. With the system's, no timer is used, since those call back on the thread pool.</param>
/// <param name="since">When the time began: a timestamp of this clock.</param>
/// <param name="timeout">How long it is: at most a day.</param>
internal readonly struct StopDeadline(TimeProvider time, long since, TimeSpan timeout)
{
    /// <summary>A deadline that begins now, by the clock of the system.</summary>
    public static StopDeadline After(TimeSpan timeout) =>
        new(TimeProvider.System, TimeProvider.System.GetTimestamp(), timeout);

    /// <summary>Blocks until one of the tasks has completed, or until the deadline.</summary>
    /// <remarks>
    /// Whichever thread completes a task wakes this one itself, although the continuations of the task go to the thread pool: that
    /// holds for a task that was made, not for one that combines others or waits for them.
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
