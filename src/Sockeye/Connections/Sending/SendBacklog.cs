using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Connections.Sending;

/// <summary>
/// What a <see cref="SendBuffer"/> holds only while something waits: bytes that the transport has not taken, frames that
/// wait for room or for their turn, and whose turn it is. A connection at rest has none. Not thread-safe.
/// </summary>
/// <remarks>
/// Frames wait in the order of their calls. A waiting frame has not been encoded: until <see cref="TryTake"/> takes it, it
/// can be removed or replaced wherever it is in the order.
/// </remarks>
internal sealed class SendBacklog
{
    // Behind some transports every write waits for a moment: a new backlog each time would be garbage.
    [ThreadStatic]
    private static SendBacklog? Spare;

    private byte[]? _pong;
    private byte _pongLength;

    private WaitingFrame? _first;
    private WaitingFrame? _last;

    // The next fragment of the open message: it goes before the frames that wait for that message to end.
    private WaitingFrame? _fragment;

    // The writer that has begun a fragmented message and not ended it (§5.4: no other message may be put into it), or the
    // sender that has the turn, before which no other sends.
    private object? _openWriter;

    // Created with the first frame that may be dropped or replaced.
    private ReplaceableFrames? _replaceable;

    /// <summary>The segment that the transport is writing by itself, and what follows it; no array if there is none.</summary>
    public OutgoingSegment Blocked;

    /// <summary>Full segments, which go before the bytes that frames are added to.</summary>
    public Queue<OutgoingSegment> Full { get; } = new();

    /// <summary>How many bytes of the waiting frames count as buffered already.</summary>
    public long Buffered { get; private set; }

    /// <summary>
    /// How many bytes frames that can be dropped or replaced cost besides <see cref="Buffered"/> (<see cref="WaitingFrame.EntryLength"/>).
    /// </summary>
    public long Overhead => _replaceable is null ? 0 : (long)_replaceable.Count * WaitingFrame.EntryLength;

    /// <summary>Whether a pong waits.</summary>
    public bool HasPong { get; private set; }

    /// <summary>Whether a sender has its turn and has sent nothing yet.</summary>
    public bool IsTurnTaken { get; private set; }

    /// <summary>Whether a fragmented message is open, or about to be.</summary>
    public bool IsMessageOpen => _openWriter is not null;

    /// <summary>Whether any frame waits.</summary>
    public bool HasWaiting => _first is not null || _fragment is not null;

    /// <summary>How many bytes of frames with a key wait, and what these frames cost besides.</summary>
    public long KeyedLength => _replaceable?.KeyedLength ?? 0;

    /// <summary>Whether there is nothing left to keep.</summary>
    public bool IsEmpty => Blocked.Array is null && Full.Count == 0 && !HasPong && !HasWaiting && !IsMessageOpen;

    /// <summary>Whether a Close frame that goes behind what waits must wait too.</summary>
    /// <remarks>
    /// An open message may never end, so a Close frame does not wait for it: as a control frame it may go inside it (§5.4).
    /// </remarks>
    public bool HoldsCloseBack => IsTurnTaken || (HasWaiting && !IsMessageOpen);

    /// <summary>Returns an empty backlog.</summary>
    public static SendBacklog Take()
    {
        SendBacklog backlog = Spare ?? new SendBacklog();
        Spare = null;
        return backlog;
    }

    /// <summary>Keeps an empty backlog for the next connection that needs one on this thread.</summary>
    public static void Return(SendBacklog backlog)
    {
        if (backlog._replaceable is { IsLarge: true })
        {
            backlog._replaceable = null;
        }

        Spare = backlog;
    }

    /// <summary>
    /// Stores a pong, in place of the one that waits: the newest answers all earlier pings as well (RFC 6455 §5.5.3).
    /// However many pings arrive, they cost 125 bytes.
    /// </summary>
    public void PutPong(ReadOnlySpan<byte> payload)
    {
        _pong ??= new byte[FrameHeader.MaxControlPayloadLength];
        payload.CopyTo(_pong);
        _pongLength = (byte)payload.Length;
        HasPong = true;
    }

    /// <summary>Takes the payload of the pong that waits.</summary>
    public ReadOnlySpan<byte> TakePong()
    {
        HasPong = false;
        return _pong.AsSpan(0, _pongLength);
    }

    /// <summary>Drops the pong that waits.</summary>
    public void DropPong() => HasPong = false;

    /// <summary>Whether a frame need not wait for others.</summary>
    public bool IsTurnOf(Opcode opcode, object? writer) =>
        opcode == Opcode.Close ? !HoldsCloseBack
        : opcode > Opcode.Close || (_openWriter is null ? !HasWaiting : _openWriter == writer);

    /// <summary>Notes that a frame goes out: one that does not end its message keeps the turn for its writer.</summary>
    public void NoteTurn(in OutgoingFrame frame)
    {
        IsTurnTaken = false;
        _openWriter = frame.Fin ? null : frame.Writer;
    }

    /// <summary>Gives the turn to a sender, until its message ends.</summary>
    public void TakeTurn(object writer)
    {
        IsTurnTaken = _openWriter != writer;
        _openWriter = writer;
    }

    /// <summary>Ends a turn in which nothing was sent.</summary>
    public void EndTurn()
    {
        if (IsTurnTaken)
        {
            IsTurnTaken = false;
            _openWriter = null;
        }
    }

    /// <summary>Whether a frame continues the open message, and so goes before the frames that wait for its end.</summary>
    public bool ContinuesOpenMessage(object? writer) => writer is not null && writer == _openWriter;

    /// <summary>Adds a frame at the end, or in front if it continues the open message.</summary>
    public void Add(WaitingFrame waiting)
    {
        waiting.IsWaiting = true;
        if (ContinuesOpenMessage(waiting.Frame.Writer))
        {
            _fragment = waiting;
            return;
        }

        waiting.Previous = _last;
        if (_last is null)
        {
            _first = waiting;
        }
        else
        {
            _last.Next = waiting;
        }

        _last = waiting;
        Buffered += waiting.Buffered;
        if (waiting.IsReplaceable)
        {
            (_replaceable ??= new ReplaceableFrames()).Add(waiting);
        }
    }

    /// <summary>Returns the frame that waits under a key; <see langword="null"/> if none does.</summary>
    public WaitingFrame? Find(string key) => _replaceable?.Find(key);

    /// <summary>Removes the frame that has waited longest of those that may be dropped.</summary>
    /// <returns>The frame; <see langword="null"/> if none may be dropped.</returns>
    public WaitingFrame? RemoveOldest() =>
        _replaceable?.Oldest is { } oldest && TryRemove(oldest) ? oldest : null;

    /// <summary>Takes the frame whose turn it is.</summary>
    /// <param name="hasRoom">Whether there is room for one that does not count as buffered yet.</param>
    /// <param name="takesReplaceable">Whether one that can be replaced is taken.</param>
    /// <param name="waiting">The frame.</param>
    /// <returns>Whether there is such a frame.</returns>
    public bool TryTake(bool hasRoom, bool takesReplaceable, out WaitingFrame waiting)
    {
        waiting = _fragment is not null && hasRoom ? _fragment : _first!;
        bool mayGo = waiting is not null
            && (waiting == _fragment
                || ((hasRoom || waiting.Buffered != 0)
                    && (takesReplaceable || !waiting.IsReplaceable)
                    && (_openWriter is null || (waiting.Frame.IsControl && !IsTurnTaken))));
        return mayGo && TryRemove(waiting!);
    }

    /// <summary>Removes a frame.</summary>
    /// <returns>Whether it was still waiting.</returns>
    public bool TryRemove(WaitingFrame waiting)
    {
        if (!waiting.IsWaiting)
        {
            return false;
        }

        waiting.IsWaiting = false;
        if (waiting == _fragment)
        {
            _fragment = null;
            return true;
        }

        Buffered -= waiting.Buffered;
        Unlink(waiting);
        if (waiting.IsReplaceable)
        {
            _replaceable!.Remove(waiting);
        }

        return true;
    }

    /// <summary>Replaces what the frame with a key sends, which keeps its place.</summary>
    /// <param name="waiting">The frame (<see cref="Find"/>).</param>
    /// <param name="frame">What it sends from now on.</param>
    /// <param name="payload">The payload, of which a copy is made.</param>
    /// <param name="settings">Where the copy is rented.</param>
    public void Replace(
        WaitingFrame waiting, in OutgoingFrame frame, ReadOnlySpan<byte> payload, ConnectionSettings settings)
    {
        int before = waiting.Buffered;
        waiting.Replace(frame, payload, settings);
        Buffered += waiting.Buffered - before;
        _replaceable!.NoteReplaced(waiting, before);
    }

    /// <summary>Fails all waiting frames, and abandons the open message.</summary>
    /// <param name="owner">Creates the exception for their senders.</param>
    /// <param name="pool">The pool of their arrays.</param>
    /// <returns>How many bytes of them counted as buffered.</returns>
    public long FailAll(ISendQueueOwner owner, ArrayPool<byte> pool)
    {
        _openWriter = null;
        IsTurnTaken = false;
        long buffered = Buffered;
        while ((_fragment ?? _first) is { } waiting)
        {
            TryRemove(waiting);
            waiting.Fail(owner, pool);
        }

        return buffered;
    }

    private void Unlink(WaitingFrame waiting)
    {
        if (waiting.Previous is null)
        {
            _first = waiting.Next;
        }
        else
        {
            waiting.Previous.Next = waiting.Next;
        }

        if (waiting.Next is null)
        {
            _last = waiting.Previous;
        }
        else
        {
            waiting.Next.Previous = waiting.Previous;
        }

        waiting.Previous = null;
        waiting.Next = null;
    }
}
