namespace Sockeye.Tests;

/// <summary>No test waits longer than this for anything: what hangs fails, and says where.</summary>
internal static class Deadlines
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);

    public static Task WithDeadline(this Task task) => task.WaitAsync(Deadline);

    public static Task<T> WithDeadline<T>(this Task<T> task) => task.WaitAsync(Deadline);

    public static Task WithDeadline(this ValueTask task) => task.AsTask().WaitAsync(Deadline);

    public static Task<T> WithDeadline<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Deadline);

    /// <summary>Waits for what nobody announces: what the operating system counts, or a list that gets empty.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Deadline, "Not within the deadline: " + what);
            await Task.Delay(PollInterval);
        }
    }
}
