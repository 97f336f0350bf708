using Sockeye.Timing;

namespace Sockeye.Connections;

/// <summary>
/// Gives a peer up that takes nothing for too long while something is waiting for it, though it may be alive otherwise.
/// </summary>
/// <remarks>
/// Writes come and go blocked, so the wheel is not asked each time: an entry that falls due looks whether anything has
/// moved meanwhile. A connection has none before its first blocked write.
/// </remarks>
internal sealed class SendDeadline(ConnectionCore core) : Deadline
{
    private uint _lastProgressTick;
    private int _isWatching;

    /// <summary>A write is blocked from now on.</summary>
    public void NoteBlocked()
    {
        NoteProgress();
        if (Interlocked.Exchange(ref _isWatching, 1) == 0)
        {
            core.Settings.Wheel.Schedule(this, core.Settings.Options.SendTimeout);
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

        // Of the ticks the low half is kept, whose differences are right for 6.8 years. A process that was stopped cannot
        // tell whether the peer took anything.
        TimeSpan timeout = core.Settings.Options.SendTimeout;
        long now = wheel.RecentTick;
        uint stalled = (uint)now - Volatile.Read(ref _lastProgressTick);
        long waited = Math.Min(stalled, now - wheel.LastGapTick);
        TimeSpan left = timeout - (waited * DeadlineWheel.Tick);
        if (left > TimeSpan.Zero)
        {
            wheel.Schedule(this, left);
        }
        else
        {
            core.Settings.Logger.PeerStalled(core.Connection.Id);
            core.Closing.Abort(new TimeoutException($"The peer took nothing of what it was sent within {timeout}."));
        }
    }
}
