namespace Sockeye.Tests;

/// <summary>
/// How long tests wait, and the one place where they poll. Polling is for state that nothing announces: what the operating
/// system counts, the state of a thread, or a counter that the code under test updates after its last call to the test. Where
/// there is an event (a handler's call, a task, a clock that the test advances), a test awaits that.
/// </summary>
internal static class Deadlines
{
    /// <summary>The maximum wait of any test: a hang fails with a description.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    // Far longer than what is waited for would take, and a test fails by it only if the code under test is wrong.
    private static readonly TimeSpan TimeToGoWrong = TimeSpan.FromMilliseconds(50);

    public static Task WithDeadline(this Task task) => task.WaitAsync(Deadline);

    public static Task<T> WithDeadline<T>(this Task<T> task) => task.WaitAsync(Deadline);

    public static Task WithDeadline(this ValueTask task) => task.AsTask().WaitAsync(Deadline);

    public static Task<T> WithDeadline<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Deadline);

    /// <summary>Waits, without blocking a thread, until a condition holds.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Deadline, "Not within the deadline: " + what);
            await Task.Delay(PollInterval);
        }
    }

    /// <summary>Gives the code under test time to complete a task that it must not complete yet: nothing announces that it does not.</summary>
    public static async Task StaysIncompleteAsync(Task task)
    {
        await Task.WhenAny(task, Task.Delay(TimeToGoWrong));
        Assert.False(task.IsCompleted);
    }

    /// <summary>Waits until a condition holds, for a test that must stay on its thread.</summary>
    public static void Until(Func<bool> condition, string what) =>
        Assert.True(SpinWait.SpinUntil(condition, Deadline), "Not within the deadline: " + what);
}
