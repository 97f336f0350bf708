using Sockeye.Timing;

namespace Sockeye.Connections;

/// <summary>
/// Sends a ping when the peer has been silent for long, and gives it up when it stays silent. Any received byte counts
/// as life, and so does any byte of ours that the peer takes.
/// </summary>
internal sealed class KeepAlive : Deadline
{
    private const long NoPing = -1;

    private readonly KeepAliveOptions _options;
    private readonly DeadlineWheel _wheel;
    private readonly IKeepAliveOwner _owner;
    private long _lastLifeTick;
    private long _pingTick = NoPing;
    private volatile bool _isStopped;

    public KeepAlive(KeepAliveOptions options, DeadlineWheel wheel, IKeepAliveOwner owner)
    {
        _options = options;
        _wheel = wheel;
        _owner = owner;
    }

    /// <summary>Begins to watch.</summary>
    public void Start()
    {
        _lastLifeTick = _wheel.CurrentTick;
        if (_options.PingInterval != Timeout.InfiniteTimeSpan)
        {
            _wheel.Schedule(this, _options.PingInterval);
        }
    }

    /// <summary>Ceases to watch.</summary>
    public void Stop()
    {
        _isStopped = true;
        _wheel.Cancel(this);
    }

    /// <summary>Takes note that the peer is alive. Cheap enough for every read.</summary>
    public void NoteLife() => Volatile.Write(ref _lastLifeTick, _wheel.RecentTick);

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
        if (_owner.IsReadingPaused)
        {
            Volatile.Write(ref _lastLifeTick, now);
        }
        else if (wheel.LastGapTick > Volatile.Read(ref _lastLifeTick))
        {
            // A process that was stopped cannot tell a dead peer from one whose bytes it has not read yet.
            Volatile.Write(ref _lastLifeTick, wheel.LastGapTick);
        }

        TimeSpan next = Check(now);
        if (next > TimeSpan.Zero && !_isStopped)
        {
            wheel.Schedule(this, next);
        }
    }

    // Does what is due, and answers when to look again; zero for never.
    private TimeSpan Check(long now)
    {
        long life = Volatile.Read(ref _lastLifeTick);
        if (_pingTick != NoPing && life < _pingTick)
        {
            TimeSpan left = _options.PongTimeout - Since(_pingTick, now);
            if (left > TimeSpan.Zero)
            {
                return left;
            }

            _owner.OnPeerSilent();
            return TimeSpan.Zero;
        }

        _pingTick = NoPing;
        TimeSpan untilPing = _options.PingInterval - Since(life, now);
        if (untilPing > TimeSpan.Zero)
        {
            return untilPing;
        }

        _owner.SendKeepAlivePing();
        if (_options.PongTimeout == Timeout.InfiniteTimeSpan)
        {
            return _options.PingInterval;
        }

        _pingTick = now;
        return _options.PongTimeout;
    }

    private static TimeSpan Since(long tick, long now) => (now - tick) * DeadlineWheel.Tick;
}
