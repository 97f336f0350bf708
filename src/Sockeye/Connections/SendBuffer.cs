using Sockeye.Protocol;
using Sockeye.Transports;

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

    private OutgoingFrames _frames;
    private bool _isWriting;
    private bool _isBlocked;

    // The transport is going to ask for what has been gathered.
    private bool _isGathering;

    // A congestion has ended otherwise than by writing, and the writer is to tell.
    private bool _hasDrained;

    public SendBuffer(ConnectionSettings settings)
    {
        _frames = new OutgoingFrames(settings);
        Budget = new SendBudget(settings.Options.Limits.MaxSendBufferLength);
    }

    /// <summary>How much is buffered.</summary>
    public SendBudget Budget;

    /// <summary>The thread that holds back what it sends; 0 for none.</summary>
    public int CorkThread;

    /// <summary>How far the send side has come.</summary>
    public SendStage Stage { get; private set; }

    /// <summary>What the connection shares with others.</summary>
    public readonly ConnectionSettings Settings => _frames.Settings;

    /// <summary>Whether the transport has not taken all that it was given. Any thread.</summary>
    public readonly bool IsBlocked => Volatile.Read(in _isBlocked);

    /// <summary>Whether no frame is ready. Without the lock: true only if this thread has none there.</summary>
    public readonly bool IsEmpty => _frames.IsEmpty;

    // The thread asks for its number only where somebody holds something back.
    private readonly bool IsHeldBack =>
        CorkThread != 0 && CorkThread == Environment.CurrentManagedThreadId && Budget.Buffered < MaxCorkedLength;

    /// <summary>Whether a frame need not wait for others.</summary>
    public readonly bool IsTurnOf(Opcode opcode, object? writer) =>
        _frames.Backlog is null || _frames.Backlog.Pending.IsTurnOf(opcode, writer);

    /// <summary>Whether a frame of a sender that can wait need not, neither for room nor for its turn.</summary>
    public readonly bool MayAccept(in FrameToSend frame)
    {
        // What waits for the end of the open message, and is counted already, must not keep it from ending.
        bool endsWait = _frames.Backlog is not null && _frames.Backlog.Pending.ContinuesOpenMessage(frame.Writer);
        bool hasRoom = frame.Opcode >= Opcode.Close
            ? Budget.HasRoomForControl
            : Budget.HasRoomBeside(endsWait ? _frames.Backlog!.Pending.Buffered : 0);
        return hasRoom && IsTurnOf(frame.Opcode, frame.Writer);
    }

    /// <summary>Takes what was gathered, for the caller to write, unless somebody writes who will come to it.</summary>
    public bool TryTakeGathered(out OutgoingSegment segment)
    {
        _isGathering = false;
        segment = default;
        return !IsEmpty && TryBecomeWriter() && TryTakeNext(out segment);
    }

    /// <summary>Makes the caller the one who writes, unless somebody is.</summary>
    public bool TryBecomeWriter()
    {
        bool becomes = !_isWriting;
        _isWriting = true;
        return becomes;
    }

    /// <summary>Adds a frame.</summary>
    /// <param name="opcode">What it carries.</param>
    /// <param name="fin">Whether it ends its message.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="transport">Where it goes, which may have it gathered with others.</param>
    /// <param name="segment">What the caller writes, if a segment is its duty.</param>
    public WriteDuty Accept(
        Opcode opcode, bool fin, ReadOnlySpan<byte> payload, Transport transport, out OutgoingSegment segment)
    {
        segment = default;
        int length = _frames.FrameLength(payload.Length);
        Budget.Add(length);

        // A client's payload is masked on the way, into a copy (§5.3).
        bool isLarge = payload.Length >= DirectWriteLength && Settings.Role == Role.Server;
        if (_isWriting || (!isLarge && IsHeldBack))
        {
            _frames.Append(opcode, fin, payload);
            return WriteDuty.None;
        }

        if (!isLarge && TryGather(transport))
        {
            _frames.Append(opcode, fin, payload, isOneOfMany: true);
            return WriteDuty.None;
        }

        // From now on frames of other threads come behind this one.
        _isWriting = true;
        if (_frames.IsEmpty && (isLarge || length <= TransportWriter.MaxCopiedLength))
        {
            return WriteDuty.WriteFrame;
        }

        // The header joins what is corked, and both leave together with the payload.
        if (isLarge && _frames.TryTakeWithHeader(opcode, fin, payload.Length, out segment))
        {
            return WriteDuty.WriteSegmentAndPayload;
        }

        _frames.Append(opcode, fin, payload);
        TryTakeNext(out segment);
        return WriteDuty.WriteSegment;
    }

    /// <summary>Adds bytes that are no frame, before any.</summary>
    /// <returns>Whether the caller has become the writer, and writes them.</returns>
    public bool AcceptBytes(ReadOnlySpan<byte> bytes, Transport transport)
    {
        if (Stage == SendStage.Terminated)
        {
            return false;
        }

        Budget.Add(bytes.Length);
        if (_isWriting || IsHeldBack || TryGather(transport))
        {
            _frames.AppendBytes(bytes);
            return false;
        }

        return _isWriting = true;
    }

    /// <summary>Adds a pong; while the transport is blocked only the newest is kept (RFC 6455 §5.5.3).</summary>
    public WriteDuty AcceptPong(ReadOnlySpan<byte> payload, Transport transport, out OutgoingSegment segment)
    {
        segment = default;
        if (Stage >= SendStage.CloseQueued)
        {
            return WriteDuty.None;
        }

        if (_isWriting && (_isBlocked || !Budget.HasRoom))
        {
            // Whoever writes comes back for it.
            _frames.NeedBacklog().Pong.Put(payload);
            return WriteDuty.None;
        }

        return Accept(Opcode.Pong, fin: true, payload, transport, out segment);
    }

    /// <summary>Adds the Close frame, after which nothing goes.</summary>
    /// <param name="payload">What it says.</param>
    /// <param name="afterPending">Whether it goes behind the sends that wait; else they are given up.</param>
    /// <param name="owner">Says what their senders are told.</param>
    /// <param name="transport">Where it goes.</param>
    /// <param name="segment">What the caller writes, if a segment is its duty.</param>
    public WriteDuty AcceptClose(
        ReadOnlySpan<byte> payload, bool afterPending, ISendQueueOwner owner, Transport transport,
        out OutgoingSegment segment)
    {
        // A message that is open has no end in sight: a control frame may go inside it, and it is given up (§5.4).
        if (afterPending && _frames.Backlog is { Pending: { IsEmpty: false, IsMessageOpen: false } })
        {
            segment = default;
            Stage = SendStage.Closing;
            _frames.Backlog.Pending.Add(PendingSend.OfClose(payload));
            return WriteDuty.None;
        }

        EnterCloseQueued();
        if (_frames.Backlog is not null)
        {
            _hasDrained |= Budget.Subtract(_frames.Backlog.Pending.FailAll(owner, Settings.Pool));
        }

        return Accept(Opcode.Close, fin: true, payload, transport, out segment);
    }

    /// <summary>Adds a copy of a message that must wait for its turn, though its sender does not.</summary>
    public void AddCopy(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        int length = _frames.FrameLength(payload.Length);
        _frames.NeedBacklog().Pending.Add(PendingSend.OfCopy(opcode, payload, Settings.Pool, length));
        Budget.Add(length);
    }

    /// <summary>Adds a send that waits.</summary>
    public void AddWaiting(PendingSend send) => _frames.NeedBacklog().Pending.Add(send);

    /// <summary>Takes out a send that its sender has given up.</summary>
    /// <returns>Whether it was still waiting.</returns>
    public readonly bool TryRemoveWaiting(PendingSend send) =>
        _frames.Backlog is not null && _frames.Backlog.Pending.TryRemove(send);

    /// <summary>Takes note that a frame goes out: one that does not end its message keeps the turn for its writer.</summary>
    public void NoteTurn(in FrameToSend frame)
    {
        if (frame.Writer is not null)
        {
            _frames.NeedBacklog().Pending.NoteTurn(frame);
        }
    }

    /// <summary>Makes frames of the sends whose turn has come.</summary>
    public void AdmitPending(ISendQueueOwner owner)
    {
        // What is counted already and waits behind the first must not take the room that the first waits for.
        while (_frames.Backlog is { } backlog
            && backlog.Pending.TryTake(Budget.HasRoomBeside(backlog.Pending.Buffered), out PendingSend send))
        {
            FrameToSend frame = send.Frame;
            if (Stage == SendStage.Closing && !frame.Fin)
            {
                // Its writer can send no more: a message that cannot end would keep the Close frame back.
                send.Release(Settings.Pool);
                send.Completion?.TrySetException(owner.CreateClosedException());
                continue;
            }

            backlog.Pending.NoteTurn(frame);
            if (send.Buffered == 0)
            {
                Budget.Add(_frames.FrameLength(frame.Payload.Length));
            }

            _frames.Append(frame.Opcode, frame.Fin, frame.Payload.Span);
            if (frame.Opcode == Opcode.Close)
            {
                EnterCloseQueued();
            }

            send.Release(Settings.Pool);
            send.Completion?.TrySetResult();
        }
    }

    /// <summary>Accounts for what was written, which may make room.</summary>
    /// <returns>Whether that has ended a congestion.</returns>
    public bool NoteWritten(long written, ISendQueueOwner owner)
    {
        if (Stage == SendStage.Terminated)
        {
            return false;
        }

        bool drained = Budget.Subtract(written) || _hasDrained;
        _hasDrained = false;
        if (_frames.Backlog is not null)
        {
            AdmitPending(owner);
        }

        return drained;
    }

    /// <summary>Takes what the writer is to write next; if there is nothing, it is the writer no more.</summary>
    public bool TryTakeNext(out OutgoingSegment segment)
    {
        _isWriting = _frames.Backlog is null ? _frames.TryTake(out segment) : TryTakeBacklog(out segment);
        return _isWriting;
    }

    /// <summary>Keeps what the transport will be writing by itself, and what comes after it.</summary>
    /// <returns><see langword="false"/> if the transport is gone: the memory is the caller's to give back.</returns>
    public bool TryBeginBlocked(in OutgoingSegment rest)
    {
        if (Stage == SendStage.Terminated)
        {
            return false;
        }

        _frames.NeedBacklog().Blocked = rest;
        Volatile.Write(ref _isBlocked, true);
        return true;
    }

    /// <summary>Gives back what was kept: the transport has written its part.</summary>
    /// <returns><see langword="false"/> if the transport is gone, and the memory given back already.</returns>
    public bool TryEndBlocked(out OutgoingSegment rest)
    {
        rest = default;
        if (!_isBlocked)
        {
            return false;
        }

        SendBacklog backlog = _frames.NeedBacklog();
        rest = backlog.Blocked;
        backlog.Blocked = default;
        Volatile.Write(ref _isBlocked, false);
        return true;
    }

    /// <summary>Gives up all there is: the transport is gone, and uses no memory any more.</summary>
    public void Terminate(ISendQueueOwner owner)
    {
        Stage = SendStage.Terminated;
        if (TryEndBlocked(out OutgoingSegment segment))
        {
            Settings.Pool.Return(segment.Array);
        }

        _frames.Backlog?.Pending.FailAll(owner, Settings.Pool);
        _frames.Backlog?.Pong.Clear();
        while (_frames.TryTake(out segment))
        {
            Settings.Pool.Return(segment.Array);
        }

        _frames.ReleaseBacklog();
        Budget.Clear();
    }

    // Whether this thread need not write, since the transport will ask for what there is when it has done what it is at.
    private bool TryGather(Transport transport)
    {
        if (Budget.Buffered >= MaxCorkedLength || !transport.CanFlushLater)
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

    private void EnterCloseQueued()
    {
        Stage = SendStage.CloseQueued;
        _frames.Backlog?.Pong.Clear();
    }

    private bool TryTakeBacklog(out OutgoingSegment segment)
    {
        if (_frames.Backlog is { Pong.IsFull: true } backlog)
        {
            // It goes before all that waits.
            segment = OutgoingSegment.OfFrame(Opcode.Pong, backlog.Pong.Take(), Settings);
            Budget.Add(segment.Length);
            return true;
        }

        bool found = _frames.TryTake(out segment);
        if (!found)
        {
            _frames.ReleaseBacklog();
        }

        return found;
    }
}
