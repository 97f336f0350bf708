using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// Watches that a peer which has begun a message, or a frame, sends something more of it at least once per
/// <see cref="LimitOptions.MessageTimeout"/>.
/// </summary>
/// <remarks>
/// Keep-alive does not find such a peer: between the frames of a message it may respond to pings for ever. Messages begin and end all
/// the time, so the wheel is not called for each: an entry that is due checks what has happened since. A connection has no such deadline
/// before its first message that arrives in parts.
/// </remarks>
internal sealed class MessageDeadline(IPeerDeadlineOwner owner) : Deadline
{
    private long _takenLength;
    private uint _lastProgressTick;
    private volatile bool _isOpen;
    private int _isWatching;

    private TimeSpan Timeout => owner.Settings.Limits.MessageTimeout;

    private DeadlineWheel Wheel => owner.Settings.Wheel;

    /// <summary>A message is incomplete. On the I/O thread.</summary>
    /// <param name="takenLength">A count that grows with the bytes of messages, and not with control frames.</param>
    public void NoteOpen(long takenLength)
    {
        if (Interlocked.Exchange(ref _isWatching, 1) == 0)
        {
            // First, since the recent tick of a wheel with no entries is old.
            Wheel.Schedule(this, Timeout);
        }

        if (!_isOpen || takenLength != _takenLength)
        {
            _takenLength = takenLength;
            NoteProgress();
        }

        _isOpen = true;
    }

    /// <summary>No message is incomplete. On the I/O thread.</summary>
    public void NoteWhole() => _isOpen = false;

    /// <summary>Stops watching: the connection has ended.</summary>
    public void Stop() => Wheel.Cancel(this);

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => owner.OnFaulted(exception);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        // First, so that a message which begins at this moment is seen here or watches by itself.
        Interlocked.Exchange(ref _isWatching, 0);
        if (!_isOpen || Interlocked.Exchange(ref _isWatching, 1) != 0)
        {
            return;
        }

        if (owner.WaitsForApplication)
        {
            NoteProgress();
        }

        CoarseTime time = wheel.RecentTime();
        TimeSpan left = Timeout - time.Since(Volatile.Read(ref _lastProgressTick));
        if (left > TimeSpan.Zero)
        {
            wheel.Schedule(this, left);
        }
        else
        {
            owner.OnMessageStalled();
        }
    }

    private void NoteProgress() => Volatile.Write(ref _lastProgressTick, (uint)Wheel.RecentTick);
}
