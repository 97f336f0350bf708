using Sockeye.Transports;

namespace Sockeye.Connections.Sending;

/// <summary>How a send side stands: how far it has come, who writes, and who need not.</summary>
/// <remarks>
/// Whoever sends need not write if it will be written together with more: a thread that handles a read of the connection,
/// until it is done with that; a thread of an event loop, until the end of its turn. Which of them that is changes on the
/// thread that reads, all else under the lock of the <see cref="SendQueue"/>. Eight bytes.
/// </remarks>
internal struct SendState
{
    // A callback that sends a lot need not hold all of it until it returns. With the frame that goes over this it is still
    // one segment (OutgoingFrames), and leaves in one write.
    private const int MaxCorkedLength = 48 * 1024;

    // A bit that no thread's number has: the transport is going to ask for what was gathered.
    private const int Gathering = int.MinValue;

    // The thread that handles a read, or 0; and that bit.
    private int _cork;
    private bool _isBlocked;

    /// <summary>Somebody writes, or the transport does, and will come to what is added.</summary>
    public bool IsWriting;

    /// <summary>A congestion has ended otherwise than by writing, and the writer is to tell.</summary>
    public bool HasDrained;

    /// <summary>How far the send side has come.</summary>
    public SendStage Stage;

    /// <summary>Whether the transport has not taken all that it was given. Any thread.</summary>
    public bool IsBlocked
    {
        readonly get => Volatile.Read(in _isBlocked);
        set => Volatile.Write(ref _isBlocked, value);
    }

    /// <summary>From now on what this thread sends is held back.</summary>
    public void Cork() => Volatile.Write(ref _cork, (_cork & Gathering) | Environment.CurrentManagedThreadId);

    /// <summary>No more.</summary>
    public void Uncork() => Volatile.Write(ref _cork, _cork & Gathering);

    /// <summary>The thread that handles a read, or 0. Any thread.</summary>
    public readonly int CorkingThread => Volatile.Read(in _cork) & ~Gathering;

    /// <summary>Whether this thread handles a read, and will come back to what it sends.</summary>
    /// <param name="buffered">How many bytes are held back.</param>
    public readonly bool IsHeldBack(long buffered)
    {
        int thread = _cork & ~Gathering;

        // The thread asks for its number only where somebody holds something back.
        return thread != 0 && thread == Environment.CurrentManagedThreadId && buffered < MaxCorkedLength;
    }

    /// <summary>Whether the transport will ask for what this thread sends, when it has done what it is about.</summary>
    /// <param name="transport">The transport.</param>
    /// <param name="buffered">How many bytes are held back.</param>
    public bool TryGather(Transport transport, long buffered)
    {
        if (buffered >= MaxCorkedLength || !transport.CanFlushLater)
        {
            return false;
        }

        if ((_cork & Gathering) == 0)
        {
            _cork |= Gathering;
            transport.FlushLater();
        }

        return true;
    }

    /// <summary>Whether either is so.</summary>
    public bool HoldsBack(Transport transport, long buffered) => IsHeldBack(buffered) || TryGather(transport, buffered);

    /// <summary>The transport has asked.</summary>
    public void EndGathering() => _cork &= ~Gathering;
}
