// Over 500 lines: one lock, everything that it guards, and every method that takes it.
using System.Runtime.CompilerServices;
using Sockeye.Protocol;
using Sockeye.Telemetry;
using Sockeye.Transports;

namespace Sockeye.Connections.Sending;

/// <summary>
/// The send side of a connection: takes frames from any thread, keeps their order, and hands them to the transport in
/// as few writes as possible.
/// </summary>
/// <remarks>
/// <para>
/// A thread that finds the transport idle becomes its writer, writes outside the lock, and continues until nothing is
/// left; other threads only add their frames. What an I/O thread sends is written together (<see cref="SendState"/>).
/// </para>
/// <para>
/// <see cref="SendRules.Admit"/> alone decides what happens to a frame. An accepted frame is turned into bytes at once. A
/// frame that has to wait stays a frame, and can be removed or replaced until it is accepted.
/// </para>
/// <para>A send side at rest is this object and nothing else: 104 bytes, of which 16 count what was sent.</para>
/// </remarks>
internal sealed class SendQueue(ConnectionSettings settings, Transport transport, ISendQueueOwner owner)
{
    // Above this, copying a payload costs more than handing it to the transport from where it is.
    private const int DirectWriteLength = 16 * 1024;

    // The transport is given no more than this to write by itself, so that a slow peer is seen to take bytes even during a
    // message that takes minutes.
    private const int MaxBlockedLength = 16 * 1024;

    // Both are guarded by the ThinLock in _state. It is held for the length of a copy, and never while the transport writes.
    private SendBuffer _buffer = new(settings);
    private SendState _state;

    /// <summary>How many bytes, headers included, have been accepted and not yet been taken by the transport.</summary>
    public long SendBufferLength => _buffer.Length;

    /// <summary>How many bytes, headers included, the transport has taken since the opening handshake. Any thread.</summary>
    public long WrittenLength => _buffer.WrittenLength;

    /// <summary>The number of messages sent, or accepted and ready to be written. Any thread.</summary>
    public long MessageCount => _buffer.MessageCount;

    /// <summary>Whether so much is buffered that nothing should be done that would add to it.</summary>
    public bool IsCongested => _buffer.IsCongested;

    /// <summary>Whether this thread handles a read, at whose end what it sends is written.</summary>
    public bool IsCorkedByThisThread => _state.IsHeldBack(buffered: 0);

    /// <summary>Whether a thread handles a read. Any thread.</summary>
    public bool IsCorked => _state.CorkingThread != 0;

    /// <summary>Whether another thread handles a read. Any thread.</summary>
    public bool IsCorkedElsewhere => _state.CorkingThread is not 0 and var thread && thread != Environment.CurrentManagedThreadId;

    /// <summary>Whether the transport has not taken everything that it was given. Any thread.</summary>
    public bool IsBlocked => _state.IsBlocked;

    /// <summary>
    /// Whether a message found no room, or replaced another, and the buffer has not drained since: to half of its limit, and until no
    /// message with a key waits. Any thread.
    /// </summary>
    public bool IsSlow => _state.IsSlow;

    private ConnectionSettings Settings => _buffer.Settings;

    /// <summary>Holds back what this thread sends, until <see cref="Uncork"/>.</summary>
    public void Cork() => _state.Cork();

    /// <summary>Writes what was held back.</summary>
    public void Uncork()
    {
        // A thread sees without the lock what it has held back itself; what other threads add they write themselves.
        FlushIfAny();

        // After the flush, so that what the flush reports is still reported on a thread known to handle a read. A callback
        // of the flush may have sent something, which was held back.
        _state.Uncork();
        FlushIfAny();
    }

    /// <summary>Writes what was gathered until now.</summary>
    public void Flush()
    {
        OutgoingSegment segment = default;
        bool writes;
        using (Hold())
        {
            _state.EndGathering();
            writes = !_buffer.IsEmpty && _state.TryBecomeWriter() && TryTakeNextLocked(out segment);
        }

        if (writes)
        {
            Write(ref segment);
        }
    }

    /// <summary>Sends a whole message, or refuses it; never waits.</summary>
    public WebSocketSendResult TrySend(in OutgoingFrame frame, ReadOnlySpan<byte> payload)
    {
        CheckLength(payload.Length);
        if (frame.Encoder is not null)
        {
            return frame.Encoder.TrySend(frame, payload);
        }

        SendAdmission admission = Send(frame, payload, SendMode.Try);
        return admission >= SendAdmission.Held && !IsBlocked ? WebSocketSendResult.Sent : ResultOf(admission);
    }

    /// <summary>
    /// Sends a whole message under a policy for slow consumers that drops messages; never waits. A message that cannot be written at
    /// once stays a frame, and may be dropped or replaced until it is.
    /// </summary>
    /// <param name="frame">The message.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="mode">What the policy does (<see cref="SendRules.ModeOf"/>).</param>
    /// <param name="key">The key of the message; only with <see cref="SendMode.LatestPerKey"/>.</param>
    public WebSocketSendResult SendOrDrop(in OutgoingFrame frame, ReadOnlySpan<byte> payload, SendMode mode, string? key)
    {
        CheckLength(payload.Length);
        if (frame.Encoder is not null)
        {
            return frame.Encoder.SendOrDrop(frame, payload, mode, key);
        }

        SendAdmission admission;
        OutgoingSegment segment;
        SendDrops drops;
        bool drained;
        bool becomesSlow;
        using (Hold())
        {
            admission = AddOrDropLocked(frame, payload, mode, key, out segment, out drops, out drained);
            becomesSlow = drops.HasAny && _state.TryBecomeSlow();
        }

        if (drops.HasAny)
        {
            owner.OnDropped(drops, becomesSlow);
        }

        ReportDrained(drained);
        Write(admission, ref segment, frame, payload);
        return ResultOf(admission);
    }

    /// <summary>Sends a frame once there is room for it, and it is its turn.</summary>
    /// <returns>A task that completes when the frame's bytes are in the send buffer or beyond.</returns>
    public ValueTask SendAsync(in OutgoingFrame frame, CancellationToken cancellationToken)
    {
        CheckLength(frame);
        if (frame.Encoder is not null)
        {
            return frame.Encoder.SendAsync(frame, cancellationToken);
        }

        OutgoingSegment segment;
        SendAdmission admission;
        WaitingFrame? waiting = null;
        ReadOnlySpan<byte> payload = frame.Payload.Span;
        using (Hold())
        {
            // The end of the connection comes before the token, which was likely cancelled because of that end.
            if (cancellationToken.IsCancellationRequested && _state.Stage == SendStage.Open)
            {
                frame.Release(Settings.Pool);
                return ValueTask.FromCanceled(cancellationToken);
            }

            admission = AddLocked(frame, payload, SendMode.Wait, out segment);
            if (admission == SendAdmission.Waits)
            {
                waiting = _buffer.EnqueueSender(frame);
            }
        }

        if (waiting is not null)
        {
            owner.OnNoRoom();
            return new ValueTask(waiting.WaitAsync(this, cancellationToken));
        }

        Write(admission, ref segment, frame, payload);
        frame.Release(Settings.Pool);
        return admission == SendAdmission.Closed ? ValueTask.FromException(owner.CreateClosedException()) : default;
    }

    /// <summary>Rejects a frame that is too long, and releases its payload.</summary>
    /// <exception cref="ArgumentException">See <see cref="OutgoingFrame.CheckLength"/>.</exception>
    public void CheckLength(in OutgoingFrame frame)
    {
        try
        {
            CheckLength(frame.Payload.Length);
        }
        catch
        {
            frame.Release(Settings.Pool);
            throw;
        }
    }

    /// <summary>
    /// Drops the message that waits under a key, because a newer one does not fit in its place and is going to wait. The newer one must be
    /// the last that the peer receives.
    /// </summary>
    public void DropStale(string key)
    {
        bool drained;
        bool becomesSlow;
        using (Hold())
        {
            if (!_buffer.TryDrop(key, out drained))
            {
                return;
            }

            becomesSlow = _state.TryBecomeSlow();
        }

        owner.OnDropped(new SendDrops(0, 0, Replaced: 1), becomesSlow);
        ReportDrained(drained);
    }

    /// <summary>Removes a frame that waits with its sender, who cancels it.</summary>
    /// <returns>Whether it was still waiting. If not, it is sent: half a message cannot be taken back (RFC 6455 §5.4).</returns>
    public bool TryRemove(WaitingFrame waiting)
    {
        using ThinLock.Scope _ = Hold();
        return _buffer.TryRemove(waiting);
    }

    /// <summary>Notes that a message has found no room, and the peer is slow from now on, until the buffer has drained.</summary>
    /// <returns>Whether the peer was not slow before. Not if it was, or if the message waits for its turn only.</returns>
    public bool TryBecomeSlow()
    {
        using ThinLock.Scope _ = Hold();
        return _buffer.IsCongested && _state.Stage == SendStage.Open && _state.TryBecomeSlow();
    }

    /// <summary>Takes the turn of a sender that makes its frame only then, unless it would have to wait.</summary>
    /// <param name="turn">The turn (<see cref="OutgoingFrame.TurnOf"/>).</param>
    /// <param name="mode"><see cref="SendMode.TryTurn"/> or <see cref="SendMode.TryTurnUnblocked"/>.</param>
    /// <returns>Whether the sender has the turn. It has not if it would have to wait, or nothing can be sent any more.</returns>
    public bool TryTakeTurn(in OutgoingFrame turn, SendMode mode = SendMode.TryTurn) =>
        Send(turn, default, mode) is not (SendAdmission.Refused or SendAdmission.Closed);

    /// <summary>Accepts a frame that was made in its turn, whatever is buffered by now.</summary>
    /// <returns>What to pass to <c>Write</c>, with the segment, outside of all locks.</returns>
    /// <exception cref="WebSocketClosedException">Nothing can be sent any more.</exception>
    /// <exception cref="ArgumentException">The frame is too long (<see cref="OutgoingFrame.CheckLength"/>).</exception>
    public SendAdmission AddInTurn(in OutgoingFrame frame, ReadOnlySpan<byte> payload, out OutgoingSegment segment)
    {
        CheckLength(payload.Length);
        SendAdmission admission;
        using (Hold())
        {
            admission = AddLocked(frame, payload, SendMode.InTurn, out segment);
        }

        return admission == SendAdmission.Closed ? throw owner.CreateClosedException() : admission;
    }

    /// <summary>Ends a turn in which nothing was sent; the caller flushes next, outside of all locks.</summary>
    public void GiveUpTurn()
    {
        using ThinLock.Scope _ = Hold();
        _buffer.EndTurn();
        AcceptWaitingLocked(isReady: !_state.IsWriting);
    }

    /// <summary>Sends the end of the opening handshake, before any frame.</summary>
    public void SendHandshake(ReadOnlySpan<byte> head)
    {
        using (Hold())
        {
            _buffer.ExcludeHandshake(head.Length);
            if (Instruments.Traffic.Enabled)
            {
                owner.OnWriteMeasured(-head.Length);
            }
        }

        Send(OutgoingFrame.Raw, head, SendMode.Handshake);
    }

    /// <summary>Replies to a ping. While the transport is blocked only the newest reply is kept (RFC 6455 §5.5.3).</summary>
    public void SendPong(ReadOnlySpan<byte> payload) => Send(Opcode.Pong, payload, SendMode.Reply);

    /// <summary>Sends a ping, unless the connection is closing or there is no room.</summary>
    public void TrySendPing(ReadOnlySpan<byte> payload) => Send(Opcode.Ping, payload, SendMode.Try);

    /// <summary>Sends a pong that replies to nothing, unless the connection is closing or there is no room.</summary>
    public void TrySendPong(ReadOnlySpan<byte> payload) => Send(Opcode.Pong, payload, SendMode.Try);

    /// <summary>Sends the Close frame, behind which nothing is sent. Does nothing if it is in its place already.</summary>
    /// <param name="status">The code and the reason.</param>
    /// <param name="afterPending">
    /// Whether it goes behind the sends that wait for room. If not, they fail, and a Close frame that waits behind them goes now.
    /// </param>
    public void SendClose(CloseStatus status, bool afterPending) =>
        SendClose(status, afterPending ? SendMode.Close : SendMode.CloseNow);

    /// <summary>
    /// Accepts no more frames, although no Close frame will follow what was accepted. Sends that wait for room fail.
    /// </summary>
    public void EndSends()
    {
        using ThinLock.Scope _ = Hold();
        if (_state.Stage < SendStage.CloseQueued)
        {
            EndSendsLocked();
        }
    }

    /// <summary>Ends the transport's output once everything accepted has been written, with the Close frame at the end.</summary>
    /// <remarks>May be called before that Close frame is added, when another thread is about to add it.</remarks>
    /// <param name="close">Whether the transport is then closed altogether.</param>
    public void FinishWhenEmpty(bool close)
    {
        bool becomesWriter;
        using (Hold())
        {
            _state.End(close);
            becomesWriter = _state.TryBecomeWriter();
        }

        if (becomesWriter)
        {
            OutgoingSegment none = default;
            Write(ref none);
        }
    }

    /// <summary>The transport has written what it had not taken at once.</summary>
    public void OnWritten()
    {
        owner.OnSendProgress();
        if (TryEndBlocked(out OutgoingSegment rest, out int written))
        {
            Write(ref rest, written);
        }
    }

    /// <summary>The transport is gone, and uses no memory any more. Fails everything that waits, and returns all memory.</summary>
    public void Terminate()
    {
        using ThinLock.Scope _ = Hold();
        _state.Stage = SendStage.Terminated;
        _state.TryUnblock();
        _buffer.Clear(owner);
    }

    /// <summary>Writes what the sender of a frame has to write after it was added. Outside of all locks.</summary>
    public void Write(
        SendAdmission admission, ref OutgoingSegment segment, in OutgoingFrame frame, ReadOnlySpan<byte> payload)
    {
        switch (admission)
        {
            case SendAdmission.WriteFrame:
                WriteFrame(frame, payload);
                break;

            case SendAdmission.WriteSegment:
                Write(ref segment);
                break;

            case SendAdmission.WriteSegmentAndPayload:
                WritePieces(segment.Span, payload);
                segment.Release(Settings.Pool);
                break;
        }
    }

    // Before the lock: in the middle of the queue, other senders would get the exception, and what waits would stay there.
    private void CheckLength(int payloadLength)
    {
        if (payloadLength > OutgoingFrame.AlwaysValidLength)
        {
            OutgoingFrame.CheckLength(payloadLength, Settings.FrameForm);
        }
    }

    private ThinLock.Scope Hold() => ThinLock.Hold(ref _state.Gate, this);

    private void FlushIfAny()
    {
        if (!_buffer.IsEmpty)
        {
            Flush();
        }
    }

    private void SendClose(CloseStatus status, SendMode mode)
    {
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayloadLength];
        Send(Opcode.Close, payload[..ClosePayload.Write(payload, status)], mode);
    }

    private SendAdmission Send(in OutgoingFrame frame, ReadOnlySpan<byte> payload, SendMode mode)
    {
        SendAdmission admission;
        OutgoingSegment segment;
        using (Hold())
        {
            admission = AddLocked(frame, payload, mode, out segment);
        }

        if (admission >= SendAdmission.WriteFrame)
        {
            Write(admission, ref segment, frame, payload);
        }

        return admission;
    }

    private WebSocketSendResult ResultOf(SendAdmission admission)
    {
        switch (admission)
        {
            case SendAdmission.Closed:
                return WebSocketSendResult.Closed;

            case SendAdmission.Refused:
                owner.OnNoRoom();
                return WebSocketSendResult.Refused;

            case SendAdmission.Dropped:
                return WebSocketSendResult.Dropped;

            case SendAdmission.Queued:
                return WebSocketSendResult.Queued;

            default:
                return IsBlocked ? WebSocketSendResult.Queued : WebSocketSendResult.Sent;
        }
    }

    private SendAdmission AdmitLocked(in OutgoingFrame frame, SendMode mode) =>
        SendRules.Admit(
            mode,
            _state,
            hasRoom: mode == SendMode.Reply ? _buffer.HasRoom : _buffer.HasRoomFor(frame),
            isTurn: _buffer.IsTurnOf(frame));

    private SendAdmission AddLocked(
        in OutgoingFrame frame, ReadOnlySpan<byte> payload, SendMode mode, out OutgoingSegment segment)
    {
        SendAdmission admission = AdmitLocked(frame, mode);
        return admission == SendAdmission.Accepted && mode <= SendMode.Wait && frame.Writer is null
            ? PlaceLocked(frame, payload, out segment)
            : AddSpecialLocked(admission, frame, payload, mode, out segment);
    }

    // Adds a whole message that a policy may drop, and drops others for it.
    private SendAdmission AddOrDropLocked(
        in OutgoingFrame frame, ReadOnlySpan<byte> payload, SendMode mode, string? key,
        out OutgoingSegment segment, out SendDrops drops, out bool drained)
    {
        segment = default;
        drained = false;
        int oldest = mode == SendMode.DropOldest && _state.Stage == SendStage.Open ? _buffer.DropOldest(out drained) : 0;
        bool replaces = false;
        SendAdmission admission = SendRules.Admit(
            mode,
            _state,
            hasRoom: key is null ? _buffer.HasRoom : _buffer.HasRoomFor(key, frame.LengthWith(payload.Length, Settings.FrameForm)),
            isTurn: _buffer.IsTurnOf(frame));
        if (admission == SendAdmission.Accepted)
        {
            admission = PlaceLocked(frame, payload, out segment);
        }
        else if (admission == SendAdmission.Queued)
        {
            if (mode == SendMode.DropNewest)
            {
                _buffer.Enqueue(frame, payload);
            }
            else
            {
                replaces = _buffer.EnqueueReplaceable(frame, payload, key, out bool isShorter);
                drained |= isShorter;
            }
        }

        drops = new SendDrops(admission == SendAdmission.Dropped ? 1 : 0, oldest, replaces ? 1 : 0);
        drained &= !_buffer.IsCongested;
        return admission;
    }

    // Adds a frame that waits, ends the sends, or belongs to a turn.
    private SendAdmission AddSpecialLocked(
        SendAdmission admission, in OutgoingFrame frame, ReadOnlySpan<byte> payload, SendMode mode,
        out OutgoingSegment segment)
    {
        segment = default;
        if (admission != SendAdmission.Accepted)
        {
            if (admission == SendAdmission.Queued)
            {
                _buffer.Enqueue(frame, payload);
                if (mode == SendMode.Close)
                {
                    _state.Stage = SendStage.Closing;
                }
            }

            return admission;
        }

        if (frame.IsTurn)
        {
            _buffer.TakeTurn(frame.Writer!);
            return SendAdmission.HasTurn;
        }

        if (mode >= SendMode.Close)
        {
            EndSendsLocked();
        }

        bool isTurnOver = mode == SendMode.InTurn || frame.Writer is not null;
        if (isTurnOver)
        {
            _buffer.NoteTurn(frame);
        }

        admission = PlaceLocked(frame, payload, out segment);
        if (isTurnOver)
        {
            AcceptWaitingLocked(isReady: !_state.IsWriting);
        }

        return admission;
    }

    // Adds the bytes of an accepted frame, unless its sender is to write them from where they are.
    private SendAdmission PlaceLocked(in OutgoingFrame frame, ReadOnlySpan<byte> payload, out OutgoingSegment segment)
    {
        segment = default;
        int length = frame.LengthWith(payload.Length, Settings.FrameForm);
        _buffer.Count(length);
        _buffer.NoteFrame(frame, payload.Length, owner);
        if (_state.IsWriting)
        {
            _buffer.Append(frame, payload);
            return SendAdmission.Held;
        }

        // A client's payload is masked on the way, into a copy (RFC 6455 §5.3).
        bool isLarge = payload.Length >= DirectWriteLength && Settings.Role == Role.Server
            && payload.Length <= Settings.FrameForm.MaxPayloadLength;

        // If so much were held back that the limit is reached, the next send would be refused, however fast the peer is.
        bool mayWait = !isLarge && _buffer.HasRoom;
        if (mayWait && _state.IsHeldBack(_buffer.Length))
        {
            // A copy, even of a shared frame, so that all of them are one segment and are written at once.
            _buffer.AppendCopy(frame, payload, isOneOfMany: false);
            return SendAdmission.Held;
        }

        if (mayWait && _state.TryGather(transport, owner, _buffer.Length))
        {
            _buffer.AppendCopy(frame, payload, isOneOfMany: true);
            return SendAdmission.Held;
        }

        // From now on frames of other threads come behind this one.
        _state.IsWriting = true;
        byte[]? shared = frame.SharedBy(Settings.FrameForm);
        if (_buffer.IsEmpty)
        {
            if (shared is not null)
            {
                segment = OutgoingSegment.OfShared(shared);
                return SendAdmission.WriteSegment;
            }

            if (isLarge || length <= SendBuffer.MaxCopiedLength)
            {
                return SendAdmission.WriteFrame;
            }
        }

        // The header joins what is corked, and both are written together with the payload.
        if (isLarge && shared is null && _buffer.TryTakeWithHeader(frame, payload.Length, out segment))
        {
            return SendAdmission.WriteSegmentAndPayload;
        }

        _buffer.Append(frame, payload);
        TryTakeNextLocked(out segment);
        return SendAdmission.WriteSegment;
    }

    private void AcceptWaitingLocked(bool isReady)
    {
        if (_buffer.HasBacklog && _buffer.AcceptWaiting(_state.Stage == SendStage.Closing, isReady, owner))
        {
            EnterCloseQueuedLocked();
        }
    }

    private void EndSendsLocked()
    {
        EnterCloseQueuedLocked();
        if (_buffer.FailWaiting(owner))
        {
            _state.Notes |= SendNotes.Drained;
        }
    }

    private void EnterCloseQueuedLocked()
    {
        _state.Stage = SendStage.CloseQueued;
        _buffer.DropPong();
    }

    // Accounts for what was written, which may make room. Returns whether that has ended a congestion.
    private bool NoteWrittenLocked(long written, bool isReady)
    {
        if (_state.Stage == SendStage.Terminated)
        {
            return false;
        }

        // Before they become bytes: while keys wait at the end of each write, the peer is still behind.
        bool isBehind = _buffer.HasKeyed;
        bool drained = _buffer.NoteWritten(written);
        if (Instruments.Traffic.Enabled)
        {
            owner.OnWriteMeasured(written);
        }

        AcceptWaitingLocked(isReady);
        return _state.Notes == SendNotes.None ? drained : TakeNotesLocked(drained, mayCatchUp: !isBehind && (isReady || drained));
    }

    private bool TakeNotesLocked(bool drained, bool mayCatchUp)
    {
        drained |= (_state.Notes & SendNotes.Drained) != 0;
        _state.Notes &= ~SendNotes.Drained;
        if (mayCatchUp && _state.IsSlow && _buffer.IsDrained)
        {
            // The level decides, not the moment at which it was reached, since keys may have waited then. What is reported is the end of
            // the peer's slowness, which need not have congested the buffer.
            _state.Notes &= ~SendNotes.Slow;
            drained = true;
        }

        return drained;
    }

    // Takes what the writer is to write next; if there is nothing, it is no longer the writer.
    private bool TryTakeNextLocked(out OutgoingSegment segment) => _state.IsWriting = _buffer.TryTakeNext(out segment);

    // Writes a segment, and then what the queue has, until nothing is left or the transport is blocked. The segment may have
    // been written to its end, and bytes before it may not be accounted for yet. By reference: a segment that was just built
    // field by field is slow to copy.
    private void Write(ref OutgoingSegment segment, int written = 0)
    {
        bool goesOn = true;
        while (goesOn)
        {
            if (segment.Length != 0)
            {
                int taken = transport.TryWrite(segment.Span);
                written += taken;
                segment = segment.Skip(taken);
            }

            if (segment.Length != 0)
            {
                goesOn = TryWriteBlocked(ref segment, ref written);
            }
            else
            {
                segment.Release(Settings.Pool);
                goesOn = TryTakeNext(written, out segment);
                written = 0;
            }
        }
    }

    // Writes a frame from where its payload is.
    [SkipLocalsInit]
    private void WriteFrame(in OutgoingFrame frame, ReadOnlySpan<byte> payload)
    {
        Span<byte> bytes = stackalloc byte[SendBuffer.MaxCopiedLength];
        if (frame.LengthWith(payload.Length, Settings.FrameForm) <= SendBuffer.MaxCopiedLength)
        {
            WritePieces(bytes[..frame.Write(bytes, Settings.FrameForm, payload)], []);
        }
        else
        {
            WritePieces(bytes[..frame.WriteHeader(bytes, maskingKey: null, payload.Length)], payload);
        }
    }

    // Writes two runs of bytes, and then what the queue has. Copies only what the transport does not take.
    private void WritePieces(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int written = second.IsEmpty ? transport.TryWrite(first) : transport.TryWrite(first, second);
        if (written == first.Length + second.Length)
        {
            if (TryTakeNext(written, out OutgoingSegment next))
            {
                Write(ref next);
            }

            return;
        }

        OutgoingSegment rest = OutgoingSegment.OfRest(first, second, written, Settings.Pool);
        if (TryWriteBlocked(ref rest, ref written))
        {
            Write(ref rest, written);
        }
    }

    // Accounts for what was written, and takes what goes next. If that is nothing, the caller is no longer the writer.
    private bool TryTakeNext(int written, out OutgoingSegment segment)
    {
        bool drained;
        bool found;
        SendEnd end = SendEnd.None;
        using (Hold())
        {
            drained = NoteWrittenLocked(written, isReady: true);
            found = TryTakeNextLocked(out segment);
            if (!found && _state.Stage >= SendStage.CloseQueued)
            {
                end = _state.NoteAllWritten();
            }
        }

        if (end != SendEnd.None)
        {
            Finish(end);
        }

        ReportDrained(drained);
        return found;
    }

    private void Finish(SendEnd end)
    {
        if ((end & SendEnd.ShutdownOutput) != 0)
        {
            transport.ShutdownOutput();
        }

        if ((end & SendEnd.Close) != 0)
        {
            transport.Close();
        }

        if ((end & SendEnd.CloseWritten) != 0)
        {
            owner.OnCloseWritten();
        }
    }

    // Has the transport write some bytes by itself. Returns whether it has already done so.
    private bool TryWriteBlocked(ref OutgoingSegment segment, ref int written)
    {
        bool drained;
        bool isTerminated;
        using (Hold())
        {
            drained = NoteWrittenLocked(written, isReady: false);
            isTerminated = _state.Stage == SendStage.Terminated;
            if (!isTerminated)
            {
                _buffer.KeepBlocked(segment);
                _state.IsBlocked = true;
            }
        }

        if (isTerminated)
        {
            segment.Release(Settings.Pool);
            return false;
        }

        owner.OnSendBlocked();
        ReportDrained(drained);

        // From here on, unless the result is true, another thread may already have resumed the queue.
        return transport.Write(segment.Memory[..Math.Min(segment.Length, MaxBlockedLength)])
            && TryEndBlocked(out segment, out written);
    }

    // The transport has written what it was given. Returns false if it is gone, and the memory returned.
    private bool TryEndBlocked(out OutgoingSegment rest, out int written)
    {
        using ThinLock.Scope _ = Hold();
        bool wasBlocked = _state.TryUnblock();
        rest = wasBlocked ? _buffer.TakeBlocked() : default;
        written = Math.Min(rest.Length, MaxBlockedLength);
        rest = rest.Skip(written);
        return wasBlocked;
    }

    private void ReportDrained(bool drained)
    {
        if (drained)
        {
            owner.OnSendBufferDrained();
        }
    }
}
