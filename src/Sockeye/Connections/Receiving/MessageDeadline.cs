using Sockeye.Timing;

namespace Sockeye.Connections.Receiving;

/// <summary>Fails a connection whose peer has begun a message, or a frame, and sends nothing more of it.</summary>
/// <remarks>
/// Keep-alive does not find such a peer: between the frames of a message it may answer pings for ever. Messages begin and
/// end all the time, so the wheel is not asked for each: an entry that falls due looks what has become of it. A connection
/// has none before its first message that was not there whole.
/// </remarks>
internal sealed class MessageDeadline(ConnectionCore core) : Deadline
{
    private long _takenLength;
    private uint _lastProgressTick;
    private volatile bool _isOpen;
    private int _isWatching;

    private TimeSpan MessageTimeout => core.Settings.Limits.MessageTimeout;

    /// <summary>A message is open. On the I/O thread.</summary>
    /// <param name="takenLength">A count that grows with the bytes of messages, and not with control frames.</param>
    public void NoteOpen(long takenLength)
    {
        if (Interlocked.Exchange(ref _isWatching, 1) == 0)
        {
            // First, since the ticks of a wheel with nothing on it are old.
            core.Settings.Wheel.Schedule(this, MessageTimeout);
        }

        if (!_isOpen || takenLength != _takenLength)
        {
            _takenLength = takenLength;
            NoteProgress();
        }

        _isOpen = true;
    }

    /// <summary>No message is open. On the I/O thread.</summary>
    public void NoteWhole() => _isOpen = false;

    /// <summary>Stops watching: the connection has ended.</summary>
    public void Stop() => core.Settings.Wheel.Cancel(this);

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => core.OnFaulted(exception);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        // First, so that a message which begins just now is seen here or watches by itself.
        Interlocked.Exchange(ref _isWatching, 0);
        bool isOver = core.IsInputOver || core.State != WebSocketConnectionState.Open;
        if (!_isOpen || isOver || Interlocked.Exchange(ref _isWatching, 1) != 0)
        {
            return;
        }

        if (core.IsReadingPaused || core.IsCalledElsewhere)
        {
            // It is the application that is waited for.
            NoteProgress();
        }

        // Of the ticks the low half is kept, whose differences are right for 6.8 years. A process that was stopped cannot
        // tell what the peer has sent meanwhile.
        long now = wheel.RecentTick;
        uint stalled = (uint)Math.Max((int)((uint)now - Volatile.Read(ref _lastProgressTick)), 0);
        long waited = Math.Min(stalled, now - wheel.LastGapTick);
        TimeSpan left = MessageTimeout - (waited * DeadlineWheel.Tick);
        if (left > TimeSpan.Zero)
        {
            wheel.Schedule(this, left);
        }
        else
        {
            core.OnMessageStalled();
        }
    }

    private void NoteProgress() => Volatile.Write(ref _lastProgressTick, (uint)core.Settings.Wheel.RecentTick);
}
