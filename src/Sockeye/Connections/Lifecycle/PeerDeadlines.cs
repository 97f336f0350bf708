namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// The deadlines for a peer that stops reading, that reads too slowly, or that stops in the middle of a message. A connection creates them
/// when a write first blocks, or when a message first arrives in parts.
/// </summary>
internal sealed class PeerDeadlines(IPeerDeadlineOwner owner)
{
    // The sending thread creates the first, the I/O thread the second.
    private SendDeadline? _send;
    private MessageDeadline? _message;

    // Any thread that sends.
    private SlowConsumer? _slow;

    /// <summary>What is known about a peer that is, or was, slow; <see langword="null"/> if it never was. Any thread.</summary>
    public SlowConsumer? Slow => Volatile.Read(ref _slow);

    /// <summary>The same, created if necessary. Any thread.</summary>
    public SlowConsumer NeedSlow() =>
        _slow ?? Interlocked.CompareExchange(ref _slow, new SlowConsumer(owner), null) ?? _slow;

    /// <summary>A write is blocked from now on. One call at a time.</summary>
    public void NoteSendBlocked()
    {
        if (owner.Settings.Options.SendTimeout != Timeout.InfiniteTimeSpan)
        {
            (_send ??= new SendDeadline(owner)).NoteBlocked();
        }
    }

    /// <summary>The peer has taken something of what it was sent.</summary>
    public void NoteSendProgress() => _send?.NoteProgress();

    /// <summary>A message, or a frame, has begun to arrive and is not complete. On the I/O thread.</summary>
    /// <param name="takenLength">As for <see cref="MessageDeadline.NoteOpen"/>.</param>
    /// <param name="number">As for <see cref="MessageDeadline.NoteOpen"/>.</param>
    public void NoteMessageOpen(long takenLength, int number)
    {
        LimitOptions limits = owner.Settings.Limits;
        if (limits.MessageTimeout != Timeout.InfiniteTimeSpan || limits.MaxMessageDuration != Timeout.InfiniteTimeSpan)
        {
            (_message ??= new MessageDeadline(owner)).NoteOpen(takenLength, number);
        }
    }

    /// <summary>All that has begun to arrive is complete. On the I/O thread.</summary>
    public void NoteMessageWhole() => _message?.NoteWhole();

    /// <summary>Reading waits for the application from now on. On the I/O thread.</summary>
    public void NoteReadingPaused() => _message?.NoteReadingPaused();

    /// <summary>Reading goes on. On the I/O thread.</summary>
    public void NoteReadingResumed() => _message?.NoteReadingResumed();

    /// <summary>The connection has ended.</summary>
    public void Stop()
    {
        _send?.Stop();
        _message?.Stop();
        Slow?.Stop();
    }
}
