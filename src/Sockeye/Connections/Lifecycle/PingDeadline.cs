using Sockeye.Timing;

namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// Fails a ping of the application that the peer does not answer within <see cref="KeepAliveOptions.PongTimeout"/>. The
/// connection is not affected: keep-alive alone decides whether it ends.
/// </summary>
/// <remarks>
/// As with keep-alive, a ping that is still on its way behind earlier data gets more time, as long as the peer's host
/// acknowledges something.
/// </remarks>
internal sealed class PingDeadline(IPeerDeadlineOwner owner, TaskCompletionSource<TimeSpan> answer) : Deadline
{
    private SentPlace _sent;

    private TimeSpan PongTimeout => owner.Settings.KeepAlive.PongTimeout;

    /// <summary>The ping was accepted: the peer's time to answer begins.</summary>
    public void Start()
    {
        if (PongTimeout != Timeout.InfiniteTimeSpan)
        {
            uint? acknowledged = owner.GetAcknowledged(out uint end);
            _sent = new SentPlace(end, acknowledged);
            owner.Settings.Wheel.Schedule(this, PongTimeout);
        }
    }

    /// <summary>The wait is over.</summary>
    public void Stop() => owner.Settings.Wheel.Cancel(this);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        if (answer.Task.IsCompleted)
        {
            return;
        }

        if (_sent.IsApproached(owner.GetAcknowledged(out _)))
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
    public override void OnFaulted(Exception exception) => owner.OnFaulted(exception);
}
