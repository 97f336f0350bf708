using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// Carries out what <see cref="PeerLiveness"/> decides: sends a ping when the peer has been silent for long, and reports a peer that
/// stays silent. Any received byte counts as life, and so does a write that had to wait and that the system has taken.
/// </summary>
/// <remarks>Every idle connection has one, so it holds no more than it has to.</remarks>
internal sealed class KeepAlive(IKeepAliveOwner owner) : Deadline
{
    private PeerLiveness _liveness;

    // The low byte, for which there is room in every connection: it is only compared, and only for a peer whose host is silent as well.
    private byte _lastTaken;
    private volatile bool _isStopped;

    /// <summary>The low half of the tick of the last sign of life. Any thread.</summary>
    public uint LastLifeTick => Volatile.Read(ref _liveness.LastLifeTick);

    /// <summary>Arms the deadline.</summary>
    /// <param name="wheel">The wheel of the connection.</param>
    /// <param name="tick">Its current tick.</param>
    public void Start(DeadlineWheel wheel, long tick)
    {
        NoteLife(tick);
        TimeSpan interval = owner.KeepAliveOptions.PingInterval;
        if (interval != Timeout.InfiniteTimeSpan)
        {
            wheel.Schedule(this, interval);
        }
    }

    /// <summary>Disarms the deadline.</summary>
    public void Stop(DeadlineWheel wheel)
    {
        _isStopped = true;
        wheel.Cancel(this);
    }

    /// <summary>Notes that the peer is alive. Cheap enough for every read.</summary>
    /// <param name="tick">The tick of the wheel.</param>
    public void NoteLife(long tick) => Volatile.Write(ref _liveness.LastLifeTick, (uint)tick);

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => owner.OnFaulted(exception);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        if (_isStopped)
        {
            return;
        }

        if (owner.KeepAliveOptions is { SendsPongs: true, PingInterval: var interval })
        {
            owner.SendKeepAlivePong();
            wheel.Schedule(this, interval);
            return;
        }

        CoarseTime time = wheel.RecentTime();
        if (owner.IsReadingPaused && _liveness.IsAliveUnread(time, IsTaking(), owner.SinceAcknowledgment))
        {
            NoteLife(time.Now);
        }

        KeepAliveOptions options = owner.KeepAliveOptions;
        switch (_liveness.Due(time, options.PingInterval, options.PongTimeout, out TimeSpan next))
        {
            case LivenessAction.SendPing:
                owner.SendKeepAlivePing();
                break;

            case LivenessAction.LocatePing when _liveness.TryExtend(time, owner.IsPingOnItsWay()):
                next = options.PongTimeout < options.PingInterval ? options.PongTimeout : options.PingInterval;
                break;

            case LivenessAction.LocatePing:
                owner.OnPeerSilent();
                return;
        }

        if (!_isStopped)
        {
            wheel.Schedule(this, next);
        }
    }

    // Whether the application has taken a message since the last call.
    private bool IsTaking()
    {
        byte taken = (byte)owner.TakenCount;
        bool isTaking = taken != _lastTaken;
        _lastTaken = taken;
        return isTaking;
    }
}
