using System.Runtime.ExceptionServices;

namespace Sockeye.Tests;

/// <summary>
/// Runs code on a thread with a small stack: a path that recurses once for each of very many entries overflows it, which
/// ends the test process.
/// </summary>
internal static class SmallStack
{
    /// <summary>The length of the stack in bytes.</summary>
    public const int Length = 256 * 1024;

    /// <summary>More nested calls than the small stack can hold.</summary>
    public const int EntryCount = 1_000_000;

    /// <summary>Runs an action on a new thread, and rethrows its exception.</summary>
    public static void Run(Action action)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    action();
                }
                catch (Exception exception)
                {
                    failure = ExceptionDispatchInfo.Capture(exception);
                }
            },
            Length);
        thread.Start();
        thread.Join();
        failure?.Throw();
    }
}
