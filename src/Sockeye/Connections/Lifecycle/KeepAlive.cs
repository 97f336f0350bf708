using Sockeye.Timing;

namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// Sends a ping when the peer has been silent for long, and gives it up when it stays silent. Any received byte counts
/// as life, and so does any byte of ours that the peer takes.
/// </summary>
/// <remarks>
/// Every idle connection has one, so it keeps only what nobody else knows; of the wheel's ticks the low half, whose
/// differences are right for 6.8 years.
/// </remarks>
internal sealed class KeepAlive(IKeepAliveOwner owner) : Deadline
{
    // The wheel's ticks are counted in full, and another clock measures the peer's acknowledgments.
    private const uint ToleranceTicks = 2;

    private uint _lastLifeTick;
    private uint _pingTick;
    private bool _awaitsPong;

    // The low byte, for which there is room in every connection: it is compared only, and only a peer whose system is silent too
    // depends on it.
    private byte _lastTaken;
    private volatile bool _isStopped;

    /// <summary>Begins to watch.</summary>
    public void Start(DeadlineWheel wheel)
    {
        NoteLife(wheel.CurrentTick);
        TimeSpan interval = owner.KeepAliveOptions.PingInterval;
        if (interval != Timeout.InfiniteTimeSpan)
        {
            wheel.Schedule(this, interval);
        }
    }

    /// <summary>Ceases to watch.</summary>
    public void Stop(DeadlineWheel wheel)
    {
        _isStopped = true;
        wheel.Cancel(this);
    }

    /// <summary>Takes note that the peer is alive. Cheap enough for every read.</summary>
    /// <param name="tick">The wheel's <see cref="DeadlineWheel.RecentTick"/>.</param>
    public void NoteLife(long tick) => Volatile.Write(ref _lastLifeTick, (uint)tick);

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => owner.OnFaulted(exception);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        if (_isStopped)
        {
            return;
        }

        // The wheel's time and not the clock's, which may be ahead: signs of life carry the wheel's, and the answer to a
        // ping must not seem to have come before it.
        long now = wheel.RecentTick;
        if (owner.IsReadingPaused && IsAliveUnread(now))
        {
            NoteLife(now);
        }

        if (now - wheel.LastGapTick < TicksSince(Volatile.Read(ref _lastLifeTick), now))
        {
            // A process that was stopped cannot tell a dead peer from one whose bytes it has not read yet.
            NoteLife(wheel.LastGapTick);
        }

        TimeSpan next = Check(now);
        if (next > TimeSpan.Zero && !_isStopped)
        {
            wheel.Schedule(this, next);
        }
    }

    // Whether the peer need not be given up while what it sends is not read. Its pong may be waiting, and so may messages, for an
    // application that takes one now and then. But a system that is alive acknowledges a ping, or that it has no room for it.
    private bool IsAliveUnread(long now)
    {
        byte taken = (byte)owner.TakenCount;
        bool isTaking = taken != _lastTaken;
        _lastTaken = taken;
        uint sincePing = TicksSince(_pingTick, now);
        bool awaitsPong = _awaitsPong && sincePing < TicksSince(Volatile.Read(ref _lastLifeTick), now);
        return isTaking || (awaitsPong && !owner.IsPeerSilentFor((sincePing + ToleranceTicks) * DeadlineWheel.Tick));
    }

    // Does what is due, and answers when to look again; zero for never.
    private TimeSpan Check(long now)
    {
        KeepAliveOptions options = owner.KeepAliveOptions;
        uint silence = TicksSince(Volatile.Read(ref _lastLifeTick), now);
        uint sincePing = TicksSince(_pingTick, now);
        if (_awaitsPong && sincePing < silence)
        {
            TimeSpan left = options.PongTimeout - (sincePing * DeadlineWheel.Tick);
            if (left > TimeSpan.Zero)
            {
                return Sooner(left, options.PingInterval);
            }

            if (owner.IsPingOnItsWay())
            {
                _pingTick = (uint)now;
                return Sooner(options.PongTimeout, options.PingInterval);
            }

            owner.OnPeerSilent();
            return TimeSpan.Zero;
        }

        _awaitsPong = false;
        TimeSpan untilPing = options.PingInterval - (silence * DeadlineWheel.Tick);
        if (untilPing > TimeSpan.Zero)
        {
            return untilPing;
        }

        owner.SendKeepAlivePing();
        if (options.PongTimeout == Timeout.InfiniteTimeSpan)
        {
            return options.PingInterval;
        }

        _pingTick = (uint)now;
        _awaitsPong = true;

        // Not after the timeout alone: an answer that comes at once begins another silence, whose ping may be due before that.
        return Sooner(options.PongTimeout, options.PingInterval);
    }

    private static TimeSpan Sooner(TimeSpan one, TimeSpan other) => one < other ? one : other;

    // A sign of life of this very moment may carry a tick that the wheel had not come to when it fell due.
    private static uint TicksSince(uint tick, long now) => (uint)Math.Max((int)((uint)now - tick), 0);
}
