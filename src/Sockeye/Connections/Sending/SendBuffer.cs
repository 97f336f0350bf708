using System.Diagnostics.CodeAnalysis;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections.Sending;

/// <summary>
/// What a <see cref="SendQueue"/> holds, all of it under that queue's lock: frames that are ready, sends that wait, how
/// much of both there is, and who writes.
/// </summary>
internal struct SendBuffer
{
    // Above this, copying a payload costs more than handing it to the transport from where it lies.
    private const int DirectWriteLength = 16 * 1024;

    private OutgoingFrames _frames;

    public SendBuffer(ConnectionSettings settings)
    {
        _frames = new OutgoingFrames(settings);
        Budget = new SendBudget(settings.Limits.MaxSendBufferLength);
    }

    /// <summary>How much is buffered.</summary>
    public SendBudget Budget;

    /// <summary>How far it has come, who writes, and who need not.</summary>
    public SendState State;

    /// <summary>The frames that are ready.</summary>
    [UnscopedRef]
    public ref OutgoingFrames Frames => ref _frames;

    /// <summary>What the connection shares with others.</summary>
    public readonly ConnectionSettings Settings => _frames.Settings;

    /// <summary>What waits, if anything does.</summary>
    public readonly SendBacklog? Backlog => _frames.Backlog;

    /// <summary>Whether no frame is ready. Without the lock: true only if this thread has none there.</summary>
    public readonly bool IsEmpty => _frames.IsEmpty;

    /// <summary>Whether a frame need not wait for others.</summary>
    public readonly bool IsTurnOf(Opcode opcode, object? writer) =>
        _frames.Backlog is null || _frames.Backlog.Pending.IsTurnOf(opcode, writer);

    /// <summary>Whether a frame of a sender that can wait need not, neither for room nor for its turn.</summary>
    public readonly bool MayAccept(in FrameToSend frame)
    {
        // What waits for the end of the open message, and is counted already, must not keep it from ending.
        bool endsWait = _frames.Backlog is not null && _frames.Backlog.Pending.ContinuesOpenMessage(frame.Writer);
        bool hasRoom = frame.Kind.Opcode >= Opcode.Close
            ? Budget.HasRoomForControl
            : Budget.HasRoomBeside(endsWait ? _frames.Backlog!.Pending.Buffered : 0);
        return hasRoom && IsTurnOf(frame.Kind.Opcode, frame.Writer);
    }

    /// <summary>Takes what was gathered, for the caller to write, unless somebody writes who will come to it.</summary>
    public bool TryTakeGathered(out OutgoingSegment segment)
    {
        State.EndGathering();
        segment = default;
        return !IsEmpty && TryBecomeWriter() && TryTakeNext(out segment);
    }

    /// <summary>Makes the caller the one who writes, unless somebody is.</summary>
    public bool TryBecomeWriter()
    {
        bool becomes = !State.IsWriting;
        State.IsWriting = true;
        return becomes;
    }

    /// <summary>Adds a frame.</summary>
    /// <param name="kind">What its first byte says.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="transport">Where it goes, which may have it gathered with others.</param>
    /// <param name="segment">What the caller writes, if a segment is its duty.</param>
    public WriteDuty Accept(
        FrameKind kind, ReadOnlySpan<byte> payload, Transport transport, out OutgoingSegment segment)
    {
        segment = default;
        int length = _frames.FrameLength(payload.Length);
        Budget.Add(length);

        // A client's payload is masked on the way, into a copy (§5.3).
        bool isLarge = payload.Length >= DirectWriteLength && Settings.Role == Role.Server;

        // What is held back up to the limit would have the next send refused, though the peer may be as fast as can be.
        bool mayWait = !isLarge && Budget.HasRoom;
        if (State.IsWriting || (mayWait && State.IsHeldBack(Budget.Buffered)))
        {
            _frames.Append(kind, payload);
            return WriteDuty.None;
        }

        if (mayWait && State.TryGather(transport, Budget.Buffered))
        {
            _frames.Append(kind, payload, isOneOfMany: true);
            return WriteDuty.None;
        }

        // From now on frames of other threads come behind this one.
        State.IsWriting = true;
        if (_frames.IsEmpty && (isLarge || length <= TransportWriter.MaxCopiedLength))
        {
            return WriteDuty.WriteFrame;
        }

        // The header joins what is corked, and both leave together with the payload.
        if (isLarge && _frames.TryTakeWithHeader(kind, payload.Length, out segment))
        {
            return WriteDuty.WriteSegmentAndPayload;
        }

        _frames.Append(kind, payload);
        TryTakeNext(out segment);
        return WriteDuty.WriteSegment;
    }

    /// <summary>Adds bytes that are no frame, before any.</summary>
    /// <returns>Whether the caller has become the writer, and writes them.</returns>
    public bool AcceptBytes(ReadOnlySpan<byte> bytes, Transport transport)
    {
        if (State.Stage == SendStage.Terminated)
        {
            return false;
        }

        Budget.Add(bytes.Length);
        if (State.IsWriting || (Budget.HasRoom && State.HoldsBack(transport, Budget.Buffered)))
        {
            _frames.AppendBytes(bytes);
            return false;
        }

        return State.IsWriting = true;
    }

    /// <summary>Adds a pong; while the transport is blocked only the newest is kept (RFC 6455 §5.5.3).</summary>
    public WriteDuty AcceptPong(ReadOnlySpan<byte> payload, Transport transport, out OutgoingSegment segment)
    {
        segment = default;
        if (State.Stage >= SendStage.CloseQueued)
        {
            return WriteDuty.None;
        }

        if (State.IsWriting && (State.IsBlocked || !Budget.HasRoom))
        {
            // Whoever writes comes back for it.
            _frames.NeedBacklog().Pong.Put(payload);
            return WriteDuty.None;
        }

        return Accept(Opcode.Pong, payload, transport, out segment);
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
        if (afterPending && _frames.Backlog is { Pending.HoldsCloseBack: true })
        {
            segment = default;
            State.Stage = SendStage.Closing;
            _frames.Backlog.Pending.Add(PendingSend.OfClose(payload));
            return WriteDuty.None;
        }

        EndSends(owner);
        return Accept(Opcode.Close, payload, transport, out segment);
    }

    /// <summary>Accepts nothing any more; the sends that wait fail.</summary>
    public void EndSends(ISendQueueOwner owner)
    {
        EnterCloseQueued();
        if (_frames.Backlog is not null)
        {
            State.HasDrained |= Budget.Subtract(_frames.Backlog.Pending.FailAll(owner, Settings.Pool));
        }
    }

    /// <summary>Adds a copy of a message that must wait for its turn, though its sender does not.</summary>
    public void AddCopy(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        int length = _frames.FrameLength(payload.Length);
        _frames.NeedBacklog().Pending.Add(PendingSend.OfCopy(kind, payload, Settings.Pool, length));
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
            if (State.Stage == SendStage.Closing && !frame.Kind.Fin)
            {
                // Its writer can send no more: a message that cannot end would keep the Close frame back.
                send.Release(Settings.Pool);
                send.Completion?.TrySetException(owner.CreateClosedException());
                continue;
            }

            if (send.IsTurn)
            {
                backlog.Pending.TakeTurn(frame.Writer!);
                send.Release(Settings.Pool);
                send.Completion!.TrySetResult();
                continue;
            }

            backlog.Pending.NoteTurn(frame);
            Budget.Add(send.Buffered == 0 ? _frames.FrameLength(frame.Payload.Length) : 0);
            _frames.Append(frame);
            if (frame.Kind.Opcode == Opcode.Close)
            {
                EnterCloseQueued();
            }

            send.Release(Settings.Pool);
            send.Completion?.TrySetResult();
        }

        // When a turn is over nothing waits any more, though what was sent in it may be held back for a while.
        _frames.ReleaseBacklog();
    }

    /// <summary>Accounts for what was written, which may make room.</summary>
    /// <returns>Whether that has ended a congestion.</returns>
    public bool NoteWritten(long written, ISendQueueOwner owner)
    {
        if (State.Stage == SendStage.Terminated)
        {
            return false;
        }

        bool drained = Budget.Subtract(written) || State.HasDrained;
        State.HasDrained = false;
        if (_frames.Backlog is not null)
        {
            AdmitPending(owner);
        }

        return drained;
    }

    /// <summary>Takes what the writer is to write next; if there is nothing, it is the writer no more.</summary>
    public bool TryTakeNext(out OutgoingSegment segment)
    {
        State.IsWriting = _frames.Backlog is null ? _frames.TryTake(out segment) : TryTakeBacklog(out segment);
        return State.IsWriting;
    }

    /// <summary>Keeps what the transport will be writing by itself, and what comes after it.</summary>
    /// <returns><see langword="false"/> if the transport is gone: the memory is the caller's to give back.</returns>
    public bool TryBeginBlocked(in OutgoingSegment rest)
    {
        if (State.Stage == SendStage.Terminated)
        {
            return false;
        }

        _frames.NeedBacklog().Blocked = rest;
        State.IsBlocked = true;
        return true;
    }

    /// <summary>Gives back what was kept: the transport has written its part.</summary>
    /// <returns><see langword="false"/> if the transport is gone, and the memory given back already.</returns>
    public bool TryEndBlocked(out OutgoingSegment rest)
    {
        rest = default;
        if (!State.IsBlocked)
        {
            return false;
        }

        SendBacklog backlog = _frames.NeedBacklog();
        rest = backlog.Blocked;
        backlog.Blocked = default;
        State.IsBlocked = false;
        return true;
    }

    /// <summary>Gives up all there is: the transport is gone, and uses no memory any more.</summary>
    public void Terminate(ISendQueueOwner owner)
    {
        State.Stage = SendStage.Terminated;
        if (TryEndBlocked(out OutgoingSegment segment))
        {
            segment.Release(Settings.Pool);
        }

        _frames.Backlog?.Pending.FailAll(owner, Settings.Pool);
        _frames.Backlog?.Pong.Clear();
        while (_frames.TryTake(out segment))
        {
            segment.Release(Settings.Pool);
        }

        _frames.ReleaseBacklog();
        Budget.Clear();
    }

    private void EnterCloseQueued()
    {
        State.Stage = SendStage.CloseQueued;
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
        _frames.ReleaseBacklog();
        return found;
    }
}
