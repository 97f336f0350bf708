using Sockeye.Transports;

namespace Sockeye.Connections.Sending;

/// <summary>The state of a send side: how far it has come, who writes, and who holds frames back. 16 bytes.</summary>
/// <remarks>
/// A sender does not write if its bytes can be written together with more: a thread that handles a read of the connection
/// holds them back until it is done (cork); a thread of an event loop gathers them until the end of its turn. The corking
/// thread changes the cork; everything else is guarded by the lock of the <see cref="SendQueue"/>.
/// </remarks>
internal struct SendState
{
    // A callback that sends a lot does not hold all of it back until it returns. With the frame that exceeds this it is
    // still one segment (SendBuffer), and is written at once.
    private const int MaxCorkedLength = 48 * 1024;

    // The id of the thread that handles a read, or 0; and the bit above.
    private int _cork;

    // What to do once everything has been written, and what of it has been done.
    private SendEnd _end;
    private SendEnd _done;
    private bool _isBlocked;

    // Whether the transport is going to request a flush. Not part of the cork, which its thread changes without the lock.
    private bool _isGathering;

    /// <summary>The <see cref="ThinLock"/> of the queue: in this struct, four bytes do not need padding.</summary>
    public int Gate;

    /// <summary>Whether a thread or the transport is writing, and will come back for what is added.</summary>
    public bool IsWriting;

    /// <summary>What the writer looks at after each write, beside the bytes.</summary>
    public SendNotes Notes;

    /// <summary>How far the send side has come.</summary>
    public SendStage Stage;

    /// <summary>Whether the transport has not taken everything that it was given. Any thread.</summary>
    public bool IsBlocked
    {
        readonly get => Volatile.Read(in _isBlocked);
        set => Volatile.Write(ref _isBlocked, value);
    }

    /// <summary>The id of the thread that handles a read, or 0. Any thread.</summary>
    public readonly int CorkingThread => Volatile.Read(in _cork);

    /// <summary>Whether the peer is slow. Any thread.</summary>
    public readonly bool IsSlow => (Notes & SendNotes.Slow) != 0;

    /// <summary>Notes that the peer is slow, unless it was before.</summary>
    public bool TryBecomeSlow()
    {
        bool becomes = (Notes & SendNotes.Slow) == 0;
        Notes |= SendNotes.Slow;
        return becomes;
    }

    /// <summary>Makes the caller the writer, unless there is one.</summary>
    public bool TryBecomeWriter()
    {
        bool becomes = !IsWriting;
        IsWriting = true;
        return becomes;
    }

    /// <summary>Requests the end of the transport's output once everything has been written.</summary>
    /// <param name="close">Whether the transport is then closed altogether.</param>
    public void End(bool close) => _end |= SendEnd.ShutdownOutput | (close ? SendEnd.Close : SendEnd.None);

    /// <summary>Notes that everything has been written, and nothing will follow.</summary>
    /// <returns>What to do about it. Each action is returned once.</returns>
    public SendEnd NoteAllWritten()
    {
        SendEnd done = _done;
        SendEnd now = (_end | (Stage == SendStage.CloseQueued ? SendEnd.CloseWritten : SendEnd.None)) & ~done;
        _done |= now | SendEnd.CloseWritten;
        _end = SendEnd.None;
        return now;
    }

    /// <summary>Notes that the transport has written what it had not taken, or is gone.</summary>
    /// <returns>Whether it was blocked.</returns>
    public bool TryUnblock()
    {
        bool wasBlocked = IsBlocked;
        IsBlocked = false;
        return wasBlocked;
    }

    /// <summary>Holds back what this thread sends.</summary>
    public void Cork() => Volatile.Write(ref _cork, Environment.CurrentManagedThreadId);

    /// <summary>Stops holding frames back.</summary>
    public void Uncork() => Volatile.Write(ref _cork, 0);

    /// <summary>Whether this thread handles a read, and writes what it sends when it is done.</summary>
    /// <param name="buffered">How many bytes are held back.</param>
    public readonly bool IsHeldBack(long buffered)
    {
        int thread = _cork;

        // A thread looks up its id only if some thread holds frames back.
        return thread != 0 && thread == Environment.CurrentManagedThreadId && buffered < MaxCorkedLength;
    }

    /// <summary>Requests a flush at the end of this thread's turn, or soon, if the transport offers that.</summary>
    /// <param name="transport">The transport.</param>
    /// <param name="owner">Knows whether more is likely to be sent soon: only then it is worth to wait for a flush on another thread.</param>
    /// <param name="buffered">How many bytes are held back.</param>
    /// <returns>Whether the transport will request a flush.</returns>
    public bool TryGather(Transport transport, ISendQueueOwner owner, long buffered)
    {
        if (buffered >= MaxCorkedLength || !(transport.CanFlushLater || (owner.HasWaitingMessages && transport.CanFlushSoon)))
        {
            return false;
        }

        if (!_isGathering)
        {
            _isGathering = true;
            transport.FlushLater();
        }

        return true;
    }

    /// <summary>Notes that the transport has requested the flush.</summary>
    public void EndGathering() => _isGathering = false;
}

/// <summary>How far a send side has come. It only ever moves forward.</summary>
internal enum SendStage : byte
{
    /// <summary>Sends anything.</summary>
    Open,

    /// <summary>A Close frame waits behind sends that wait for room: no new data.</summary>
    Closing,

    /// <summary>The Close frame is in its place: nothing is sent behind it.</summary>
    CloseQueued,

    /// <summary>The transport is gone.</summary>
    Terminated,
}

/// <summary>What a writer has to look at after a write; usually nothing.</summary>
[Flags]
internal enum SendNotes : byte
{
    /// <summary>There is nothing to look at.</summary>
    None = 0,

    /// <summary>A congestion ended other than by writing; the writer reports it.</summary>
    Drained = 1,

    /// <summary>A message found no room, or replaced another, and the buffer has not drained since.</summary>
    Slow = 2,
}

/// <summary>What is done when everything has been written.</summary>
[Flags]
internal enum SendEnd : byte
{
    /// <summary>Nothing is left to do.</summary>
    None = 0,

    /// <summary>End the transport's output.</summary>
    ShutdownOutput = 1,

    /// <summary>Close the transport altogether.</summary>
    Close = 2,

    /// <summary>Report to the owner that the Close frame was written.</summary>
    CloseWritten = 4,
}
