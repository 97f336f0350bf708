using Sockeye.Timing;

namespace Sockeye.Connections;

/// <summary>
/// Fails a ping of the application that the peer does not answer within <see cref="KeepAliveOptions.PongTimeout"/>. The
/// connection is not affected: keep-alive alone decides about that.
/// </summary>
/// <remarks>
/// As with keep-alive, a ping that is still on its way behind earlier data gets more time, as long as the peer's system
/// acknowledges something.
/// </remarks>
internal sealed class PingDeadline(ConnectionCore core, TaskCompletionSource<TimeSpan> answer) : Deadline
{
    // Where the ping ends in all that this end sends, and how much of that was acknowledged at the last look.
    private uint _sentEnd;
    private uint? _acknowledged;

    private TimeSpan PongTimeout => core.KeepAliveOptions.PongTimeout;

    /// <summary>The ping was accepted: the peer's time to answer begins.</summary>
    public void Start()
    {
        if (PongTimeout != Timeout.InfiniteTimeSpan)
        {
            _acknowledged = core.GetAcknowledged(out _sentEnd);
            core.Settings.Wheel.Schedule(this, PongTimeout);
        }
    }

    /// <summary>The wait is over.</summary>
    public void Stop() => core.Settings.Wheel.Cancel(this);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        if (answer.Task.IsCompleted)
        {
            return;
        }

        if (IsOnItsWay())
        {
            wheel.Schedule(this, PongTimeout);
        }
        else if (answer.TrySetException(new TimeoutException($"The peer did not answer the ping within {PongTimeout}.")))
        {
            // Observed here: the caller may have stopped waiting at the same moment.
            _ = answer.Task.Exception;
        }
    }

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => core.OnFaulted(exception);

    private bool IsOnItsWay()
    {
        uint? acknowledged = core.GetAcknowledged(out _);
        bool hasMoved = acknowledged != _acknowledged;
        _acknowledged = acknowledged;
        return hasMoved && acknowledged is { } position && (int)(_sentEnd - position) > 0;
    }
}
