using System.Collections.Concurrent;
using System.Diagnostics;

namespace Sockeye.Tests;

/// <summary>Listens to all activities of the library, and keeps those that have ended.</summary>
internal sealed class RecordedActivities : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    public RecordedActivities()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == "Sockeye",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>Those with a name, in the order of their ends.</summary>
    public Activity[] Of(string name) => [.. _ended.Where(activity => activity.OperationName == name)];

    public void Dispose() => _listener.Dispose();
}
