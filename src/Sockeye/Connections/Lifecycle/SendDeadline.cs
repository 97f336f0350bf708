using Sockeye.Timing;

namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// Aborts the connection when the peer has taken nothing for <see cref="WebSocketConnectionOptions.SendTimeout"/> while
/// something is waiting for it, even if it still answers pings.
/// </summary>
/// <remarks>
/// Writes come and go blocked, so the wheel is not asked each time: an entry that falls due looks whether anything has
/// moved meanwhile. A peer may read slowly, or be behind a slow link, and take long until this host's kernel has room
/// again: so the kernel is asked too how much the peer's has acknowledged. A connection has no deadline before its first
/// blocked write.
/// </remarks>
internal sealed class SendDeadline(ConnectionCore core) : Deadline
{
    // How often, in the time that a peer has, the kernel is asked.
    private const int LooksPerTimeout = 4;

    private uint _lastProgressTick;
    private uint? _acknowledged;
    private int _isWatching;

    private TimeSpan Timeout => core.Settings.Options.SendTimeout;

    /// <summary>A write is blocked from now on.</summary>
    public void NoteBlocked()
    {
        NoteProgress();
        if (Interlocked.Exchange(ref _isWatching, 1) == 0)
        {
            _acknowledged = core.GetAcknowledged(out _);
            core.Settings.Wheel.Schedule(this, Timeout / LooksPerTimeout);
        }
    }

    /// <summary>The peer has taken something.</summary>
    public void NoteProgress() => Volatile.Write(ref _lastProgressTick, (uint)core.Settings.Wheel.RecentTick);

    /// <summary>Ceases to watch: the connection has ended.</summary>
    public void Stop() => core.Settings.Wheel.Cancel(this);

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => core.OnFaulted(exception);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        // First, so that a write which is blocked just now is seen here or watches by itself.
        Interlocked.Exchange(ref _isWatching, 0);
        if (!core.Sends.IsBlocked || Interlocked.Exchange(ref _isWatching, 1) != 0)
        {
            return;
        }

        if (core.GetAcknowledged(out _) is { } acknowledged && acknowledged != _acknowledged)
        {
            _acknowledged = acknowledged;
            NoteProgress();
        }

        // Of the ticks the low half is kept, whose differences are right for 6.8 years. A sign of progress of this very moment
        // may carry a tick that the wheel had not come to. A process that was stopped cannot tell whether the peer took
        // anything.
        long now = wheel.RecentTick;
        int stalled = Math.Max((int)((uint)now - Volatile.Read(ref _lastProgressTick)), 0);
        long waited = Math.Min(stalled, now - wheel.LastGapTick);
        TimeSpan left = Timeout - (waited * DeadlineWheel.Tick);
        if (left > TimeSpan.Zero)
        {
            wheel.Schedule(this, left < Timeout / LooksPerTimeout ? left : Timeout / LooksPerTimeout);
        }
        else
        {
            core.Settings.Logger.PeerStalled(core.Connection.Id);
            core.Closing.GiveUp(new TimeoutException($"The peer took nothing of what it was sent within {Timeout}."));
        }
    }
}
