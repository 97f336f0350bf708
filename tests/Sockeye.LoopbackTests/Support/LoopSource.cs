using System.Collections.Concurrent;
using Sockeye.Transports.Loops;

namespace Sockeye.Tests;

/// <summary>A source that runs callbacks of the test on the loop's thread, and records its notifications.</summary>
internal sealed class LoopSource : IEventLoopSource
{
    private readonly ConcurrentQueue<Exception> _faults = new();
    private readonly ConcurrentQueue<TimeSpan> _holdUps = new();

    /// <summary>Done at each event.</summary>
    public Action<EpollEvents> Happened { get; set; } = static _ => { };

    /// <summary>Done for each post.</summary>
    public Action Posted { get; set; } = static () => { };

    /// <summary>Called when it is notified that it took too long.</summary>
    public Action HeldUp { get; set; } = static () => { };

    /// <summary>Called when it is notified that it threw.</summary>
    public Action Faulted { get; set; } = static () => { };

    /// <summary>What the calls above have thrown.</summary>
    public IReadOnlyCollection<Exception> Faults => _faults;

    /// <summary>How long the calls above have held the loop up.</summary>
    public IReadOnlyCollection<TimeSpan> HoldUps => _holdUps;

    public void OnEvents(EpollEvents events) => Happened(events);

    public void OnPosted() => Posted();

    public void OnFaulted(Exception exception)
    {
        _faults.Enqueue(exception);
        Faulted();
    }

    public void OnHeldUp(TimeSpan duration)
    {
        _holdUps.Enqueue(duration);
        HeldUp();
    }
}
