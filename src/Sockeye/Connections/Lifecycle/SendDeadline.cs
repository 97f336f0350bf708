using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// Watches that the peer takes something of what it is sent at least once per <see cref="WebSocketConnectionOptions.SendTimeout"/>.
/// </summary>
/// <remarks>
/// Writes block and continue all the time, so the wheel is not called each time: an entry that is due checks whether anything has moved
/// since. A peer that reads slowly, or is behind a slow link, may take longer until this host's kernel has room again, so the
/// kernel is also asked how much the peer's host has acknowledged. A connection has no such deadline before its first blocked write.
/// </remarks>
internal sealed class SendDeadline(IPeerDeadlineOwner owner) : Deadline
{
    // How often the kernel is asked within the time that a peer has.
    private const int LooksPerTimeout = 4;

    private uint _lastProgressTick;
    private uint? _acknowledged;
    private int _isWatching;

    private TimeSpan Timeout => owner.Settings.Options.SendTimeout;

    private DeadlineWheel Wheel => owner.Settings.Wheel;

    /// <summary>A write is blocked from now on.</summary>
    public void NoteBlocked()
    {
        NoteProgress();
        if (Interlocked.Exchange(ref _isWatching, 1) == 0)
        {
            _acknowledged = owner.GetAcknowledged(out _);
            Wheel.Schedule(this, Timeout / LooksPerTimeout);
        }
    }

    /// <summary>The peer has taken something.</summary>
    public void NoteProgress() => Volatile.Write(ref _lastProgressTick, (uint)Wheel.RecentTick);

    /// <summary>Stops watching: the connection has ended.</summary>
    public void Stop() => Wheel.Cancel(this);

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => owner.OnFaulted(exception);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        // First, so that a write which blocks at this moment is seen here or watches by itself.
        Interlocked.Exchange(ref _isWatching, 0);
        if (!owner.IsSendBlocked || Interlocked.Exchange(ref _isWatching, 1) != 0)
        {
            return;
        }

        if (owner.GetAcknowledged(out _) is { } acknowledged && acknowledged != _acknowledged)
        {
            _acknowledged = acknowledged;
            NoteProgress();
        }

        CoarseTime time = wheel.RecentTime();
        TimeSpan left = Timeout - time.Since(Volatile.Read(ref _lastProgressTick));
        if (left > TimeSpan.Zero)
        {
            wheel.Schedule(this, left < Timeout / LooksPerTimeout ? left : Timeout / LooksPerTimeout);
        }
        else
        {
            owner.OnSendStalled();
        }
    }
}
