using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>What tests do with event loops.</summary>
internal static class LoopExtensions
{
    /// <summary>Runs something on the loop's thread.</summary>
    public static Task RunAsync(this EventLoop loop, Action action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(new LoopSource
        {
            Posted = () =>
            {
                try
                {
                    action();
                    done.SetResult();
                }
                catch (Exception exception)
                {
                    done.SetException(exception);
                }
            },
        });
        return done.Task.WithDeadline();
    }

    /// <summary>Waits until the loop has looked at everything that has happened so far.</summary>
    public static async Task TurnAsync(this EventLoop loop)
    {
        // A post is looked at behind the events of its turn; those that were there before the second one are over.
        await loop.RunAsync(static () => { });
        await loop.RunAsync(static () => { });
    }

    /// <summary>Ends the loop, and waits for it.</summary>
    public static Task StopAsync(this EventLoop loop)
    {
        loop.StopWhenEmpty();
        return loop.Ended.WithDeadline();
    }
}
