using System.IO.Pipelines;

namespace Sockeye.AspNetCore.Kestrel;

/// <summary>
/// Runs work on the thread pool, behind the work item that schedules it and preferably on the same thread: what a server writes in several
/// pieces while it handles a request is sent together.
/// </summary>
internal sealed class SoonScheduler : PipeScheduler
{
    /// <summary>The only one.</summary>
    public static SoonScheduler Instance { get; } = new();

    /// <inheritdoc/>
    public override void Schedule(Action<object?> action, object? state) =>
        System.Threading.ThreadPool.UnsafeQueueUserWorkItem(action, state, preferLocal: true);
}
