using System.Runtime.CompilerServices;

namespace Sockeye.Transports;

/// <summary>
/// Keeps the stack short where a stream completes a read in place, on the stack of whoever wrote to its other end: messages
/// that are passed on from connection to connection would otherwise nest one read in another.
/// </summary>
internal static class StackSpace
{
    /// <summary>Continues in place while the stack has room, and otherwise on the thread pool.</summary>
    public static ValueTask EnsureAsync() =>
        RuntimeHelpers.TryEnsureSufficientExecutionStack() ? default : new ValueTask(YieldAsync());

    private static async Task YieldAsync() => await Task.Yield();
}
