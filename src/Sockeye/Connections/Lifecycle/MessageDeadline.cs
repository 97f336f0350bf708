using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// Watches that a peer which has begun a message, or a frame, sends something more of it at least once per
/// <see cref="LimitOptions.MessageTimeout"/>, and all of it within <see cref="LimitOptions.MaxMessageDuration"/>.
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
    private uint _beginTick;
    private int _number;
    private bool _isReadingPaused;
    private volatile bool _isOpen;
    private int _isWatching;

    private LimitOptions Limits => owner.Settings.Limits;

    private DeadlineWheel Wheel => owner.Settings.Wheel;

    /// <summary>A message is incomplete. On the I/O thread.</summary>
    /// <param name="takenLength">A count that grows with the bytes of messages, and not with control frames.</param>
    /// <param name="number">Another number for each incomplete message.</param>
    public void NoteOpen(long takenLength, int number)
    {
        if (Interlocked.Exchange(ref _isWatching, 1) == 0)
        {
            // First, since the recent tick of a wheel with no entries is old.
            Wheel.Schedule(this, Sooner(OrNever(Limits.MessageTimeout), OrNever(Limits.MaxMessageDuration)));
        }

        if (!_isOpen || takenLength != _takenLength)
        {
            _takenLength = takenLength;
            NoteProgress();
        }

        if (!_isOpen || number != _number)
        {
            _number = number;
            NoteBegin();
            NoteProgress();
        }

        _isOpen = true;
    }

    /// <summary>Reading waits for the application from now on. On the I/O thread.</summary>
    public void NoteReadingPaused() => _isReadingPaused = true;

    /// <summary>Reading goes on: both times start over if it has waited for the application. On the I/O thread.</summary>
    public void NoteReadingResumed()
    {
        if (_isReadingPaused)
        {
            _isReadingPaused = false;
            NoteProgress();
            NoteBegin();
        }
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
            NoteBegin();
        }

        CoarseTime time = wheel.RecentTime();
        TimeSpan untilStalled = OrNever(Limits.MessageTimeout) - time.Since(Volatile.Read(ref _lastProgressTick));
        TimeSpan untilOverdue = OrNever(Limits.MaxMessageDuration) - time.Since(Volatile.Read(ref _beginTick));
        TimeSpan left = Sooner(untilStalled, untilOverdue);
        if (left > TimeSpan.Zero)
        {
            wheel.Schedule(this, left);
            return;
        }

        bool isPaused = untilStalled <= TimeSpan.Zero;
        owner.OnMessageStalled(isPaused ? Limits.MessageTimeout : Limits.MaxMessageDuration, isPaused);
    }

    private static TimeSpan OrNever(TimeSpan limit) => limit == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : limit;

    private static TimeSpan Sooner(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private void NoteProgress() => Volatile.Write(ref _lastProgressTick, (uint)Wheel.RecentTick);

    private void NoteBegin() => Volatile.Write(ref _beginTick, (uint)Wheel.RecentTick);
}
