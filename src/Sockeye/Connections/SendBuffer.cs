using System.Buffers;
using Sockeye.Protocol;

namespace Sockeye.Connections;

/// <summary>
/// What a <see cref="SendQueue"/> holds, all of it under that queue's lock: frames that are ready, sends that wait, how
/// much of both there is, and who writes.
/// </summary>
internal struct SendBuffer
{
    // Above this, copying a payload costs more than handing it to the transport from where it lies.
    private const int DirectWriteLength = 16 * 1024;

    // A callback that sends a lot need not hold all of it until it returns.
    private const int MaxCorkedLength = 64 * 1024;

    private readonly ISendQueueOwner _owner;
    private readonly ArrayPool<byte> _pool;
    private readonly bool _writesFromPlace;
    private OutgoingFrames _frames;
    private PongSlot _pong;
    private bool _isWriting;

    // A congestion has ended otherwise than by writing, and the writer is to tell.
    private bool _hasDrained;

    public SendBuffer(Role role, ISendQueueOwner owner, int limit, ArrayPool<byte> pool)
    {
        _owner = owner;
        _pool = pool;

        // A client's payload is masked on the way, into a copy (§5.3).
        _writesFromPlace = role == Role.Server;
        _frames = new OutgoingFrames(role, pool);
        Pending = new PendingSends(pool);
        Budget = new SendBudget(limit);
    }

    /// <summary>The sends that wait.</summary>
    public PendingSends Pending;

    /// <summary>How much is buffered.</summary>
    public SendBudget Budget;

    /// <summary>The thread that holds back what it sends; 0 for none.</summary>
    public int CorkThread;

    /// <summary>How far the send side has come.</summary>
    public SendStage Stage { get; private set; }

    /// <summary>Whether no frame is ready. Without the lock: true only if this thread has none there.</summary>
    public readonly bool IsEmpty => _frames.IsEmpty;

    /// <summary>Whether a frame need not wait, neither for room nor for its turn.</summary>
    public readonly bool MayAccept(in FrameToSend frame) =>
        HasRoomFor(frame) && Pending.IsTurnOf(frame.Opcode, frame.Writer);

    /// <summary>Makes the caller the one who writes, unless somebody is.</summary>
    public bool TryBecomeWriter()
    {
        bool becomes = !_isWriting;
        _isWriting = true;
        return becomes;
    }

    /// <summary>Whether a frame of a sender that can wait may be added.</summary>
    public readonly bool HasRoomFor(in FrameToSend frame) =>
        frame.Opcode >= Opcode.Close ? Budget.HasRoomForControl

            // What waits for the end of the open message, and is counted already, must not keep it from ending.
            : Budget.HasRoomBeside(Pending.ContinuesOpenMessage(frame.Writer) ? Pending.Buffered : 0);

    /// <summary>Adds a frame.</summary>
    /// <param name="opcode">What it carries.</param>
    /// <param name="fin">Whether it ends its message.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="direct">
    /// If not empty, a segment that ends in the frame's header, which the caller writes together with the payload.
    /// </param>
    /// <returns>Whether the caller has become the writer.</returns>
    public bool Accept(Opcode opcode, bool fin, ReadOnlySpan<byte> payload, out OutgoingSegment direct)
    {
        direct = default;
        Budget.Add(_frames.FrameLength(payload.Length));

        // The header joins what is corked, and both leave together with the payload: a frame that another thread adds
        // from now on comes behind it.
        bool isDirect = payload.Length >= DirectWriteLength && _writesFromPlace && !_isWriting
            && _frames.TryTakeWithHeader(opcode, fin, payload.Length, out direct);
        if (isDirect)
        {
            return _isWriting = true;
        }

        _frames.Append(opcode, fin, payload);
        bool isCorked = CorkThread == Environment.CurrentManagedThreadId && Budget.Buffered < MaxCorkedLength;
        return !isCorked && TryBecomeWriter();
    }

    /// <summary>Adds bytes that are no frame.</summary>
    /// <returns>Whether the caller has become the writer.</returns>
    public bool AcceptBytes(ReadOnlySpan<byte> bytes)
    {
        Budget.Add(bytes.Length);
        _frames.AppendBytes(bytes);
        return TryBecomeWriter();
    }

    /// <summary>Adds a pong; while the transport is blocked only the newest is kept (RFC 6455 §5.5.3).</summary>
    /// <returns>Whether the caller has become the writer.</returns>
    public bool AcceptPong(ReadOnlySpan<byte> payload, bool isBlocked)
    {
        if (Stage >= SendStage.CloseQueued)
        {
            return false;
        }

        if (_isWriting && (isBlocked || !Budget.HasRoom))
        {
            // Whoever writes comes back for it.
            _pong.Put(payload);
            return false;
        }

        return Accept(Opcode.Pong, fin: true, payload, out _);
    }

    /// <summary>Adds the Close frame, after which nothing goes. What waits is given up.</summary>
    /// <returns>Whether the caller has become the writer.</returns>
    public bool AcceptClose(ReadOnlySpan<byte> payload)
    {
        Stage = SendStage.CloseQueued;
        Pending.AbandonMessage();
        _hasDrained |= Budget.Subtract(Pending.FailAll(_owner.CreateClosedException));
        return Accept(Opcode.Close, fin: true, payload, out _);
    }

    /// <summary>Adds the Close frame behind the sends that wait for room.</summary>
    public void AddWaitingClose(ReadOnlySpan<byte> payload)
    {
        Stage = SendStage.Closing;
        Pending.Add(new PendingSend(
            new FrameToSend { Opcode = Opcode.Close, Fin = true, Payload = payload.ToArray() }));
    }

    /// <summary>Adds a copy of a message that must wait for its turn, though its sender does not.</summary>
    public void AddCopy(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        byte[] copy = _pool.Rent(payload.Length);
        payload.CopyTo(copy);
        long length = _frames.FrameLength(payload.Length);
        Budget.Add(length);
        Pending.Add(new PendingSend(
            new FrameToSend { Opcode = opcode, Fin = true, Payload = copy.AsMemory(0, payload.Length), Rented = copy })
        {
            Buffered = length,
        });
    }

    /// <summary>Makes frames of the sends whose turn has come.</summary>
    public void AdmitPending()
    {
        // What is counted already and waits behind the first must not take the room that the first waits for.
        while (Pending.TryTake(Budget.HasRoomBeside(Pending.Buffered), out PendingSend send))
        {
            FrameToSend frame = send.Frame;
            if (Stage == SendStage.Closing && !frame.Fin)
            {
                // Its writer can send no more: a message that cannot end would keep the Close frame back.
                Pending.Release(send);
                send.Completion?.TrySetException(_owner.CreateClosedException());
                continue;
            }

            Pending.NoteTurn(frame);
            if (send.Buffered == 0)
            {
                Budget.Add(_frames.FrameLength(frame.Payload.Length));
            }

            _frames.Append(frame.Opcode, frame.Fin, frame.Payload.Span);
            if (frame.Opcode == Opcode.Close)
            {
                Stage = SendStage.CloseQueued;
            }

            Pending.Release(send);
            send.Completion?.TrySetResult();
        }
    }

    /// <summary>Accounts for what was written, which may make room.</summary>
    /// <returns>Whether that has ended a congestion.</returns>
    public bool NoteWritten(long written)
    {
        if (Stage == SendStage.Terminated)
        {
            return false;
        }

        bool drained = Budget.Subtract(written) || _hasDrained;
        _hasDrained = false;
        AdmitPending();
        return drained;
    }

    /// <summary>Takes what the writer is to write next; if there is nothing, it is the writer no more.</summary>
    public bool TryTakeNext(out OutgoingSegment segment)
    {
        _isWriting = TryTakePong(out segment) || _frames.TryTake(out segment);
        return _isWriting;
    }

    /// <summary>Gives up all there is: the transport is gone.</summary>
    public void Terminate()
    {
        Stage = SendStage.Terminated;
        Pending.FailAll(_owner.CreateClosedException);
        while (_frames.TryTake(out OutgoingSegment segment))
        {
            _pool.Return(segment.Array);
        }

        Budget.Clear();
    }

    private bool TryTakePong(out OutgoingSegment segment)
    {
        segment = default;
        if (!_pong.IsFull || Stage >= SendStage.CloseQueued)
        {
            return false;
        }

        segment = _frames.Single(Opcode.Pong, fin: true, _pong.Take());
        Budget.Add(segment.Length);
        return true;
    }
}
