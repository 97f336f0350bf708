using System.Runtime.CompilerServices;

namespace Sockeye.Transports;

/// <summary>
/// Bounds the stack depth where a stream completes a read in place, on the stack of the thread that wrote to its other end.
/// Without it, a message that is passed from connection to connection would nest one read inside another.
/// </summary>
internal static class StackSpace
{
    /// <summary>Continues in place while the stack has room, and otherwise on the thread pool.</summary>
    public static ValueTask EnsureAsync() =>
        RuntimeHelpers.TryEnsureSufficientExecutionStack() ? default : new ValueTask(YieldAsync());

    private static async Task YieldAsync() => await Task.Yield();
}
