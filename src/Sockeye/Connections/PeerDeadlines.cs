namespace Sockeye.Connections;

/// <summary>
/// The deadlines for a peer that stops in the midst of something: it takes nothing more of what it is sent, or sends nothing
/// more of a message. A connection has none before that may have happened for the first time.
/// </summary>
internal sealed class PeerDeadlines(ConnectionCore core)
{
    // The first is made by whoever sends, the second on the I/O thread.
    private SendDeadline? _send;
    private MessageDeadline? _message;

    /// <summary>A write is blocked from now on. One call at a time.</summary>
    public void NoteSendBlocked()
    {
        if (core.Settings.Options.SendTimeout != Timeout.InfiniteTimeSpan)
        {
            (_send ??= new SendDeadline(core)).NoteBlocked();
        }
    }

    /// <summary>The peer has taken something of what it was sent.</summary>
    public void NoteSendProgress() => _send?.NoteProgress();

    /// <summary>A message, or a frame, has begun to arrive and is not complete. On the I/O thread.</summary>
    /// <param name="takenLength">As for <see cref="MessageDeadline.NoteOpen"/>.</param>
    public void NoteMessageOpen(long takenLength)
    {
        if (core.Settings.Limits.MessageTimeout != Timeout.InfiniteTimeSpan)
        {
            (_message ??= new MessageDeadline(core)).NoteOpen(takenLength);
        }
    }

    /// <summary>All that has begun to arrive is complete. On the I/O thread.</summary>
    public void NoteMessageWhole() => _message?.NoteWhole();

    /// <summary>The connection has ended.</summary>
    public void Stop()
    {
        _send?.Stop();
        _message?.Stop();
    }
}
