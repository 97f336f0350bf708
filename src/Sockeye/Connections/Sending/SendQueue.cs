using Sockeye.Connections.Lifecycle;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections.Sending;

/// <summary>
/// The send side of a connection: takes frames from any thread, keeps their order, and hands them to the transport in
/// as few writes as can be.
/// </summary>
/// <remarks>
/// Whoever finds the transport idle becomes its writer, writes outside the lock, and goes on until nothing is left;
/// the others only add their frames and leave. What an I/O thread sends leaves together (<see cref="SendState"/>). At rest
/// this is all there is of a send side: 96 bytes.
/// </remarks>
internal sealed class SendQueue
{
    private readonly Transport _transport;
    private readonly ISendQueueOwner _owner;

    // A ThinLock. Held for the length of a copy, and never while the transport is given anything.
    private int _gate;

    // Under _gate.
    private SendBuffer _buffer;
    private TransportEnd _finish;
    private bool _hasShutDown;
    private bool _isCloseWritten;

    public SendQueue(ConnectionSettings settings, Transport transport, ISendQueueOwner owner)
    {
        _transport = transport;
        _owner = owner;
        _buffer = new SendBuffer(settings);
    }

    /// <summary>How many bytes, headers included, have been accepted and not yet been taken by the transport.</summary>
    public long SendBufferLength => _buffer.Budget.Buffered;

    /// <summary>Whether so much is buffered that nothing should be done that would add to it.</summary>
    public bool IsCongested => _buffer.Budget.IsCongested;

    /// <summary>Whether this thread handles a read, at whose end what it sends is written.</summary>
    public bool IsCorkedByThisThread => _buffer.State.IsHeldBack(buffered: 0);

    /// <summary>Whether a thread handles a read. Any thread.</summary>
    public bool IsCorked => _buffer.State.CorkingThread != 0;

    /// <summary>Whether another thread handles a read. Any thread.</summary>
    public bool IsCorkedElsewhere => _buffer.State.CorkingThread is not 0 and var thread && thread != Environment.CurrentManagedThreadId;

    /// <summary>Whether the transport has not taken all that it was given. Any thread.</summary>
    public bool IsBlocked => _buffer.State.IsBlocked;

    /// <summary>What it holds. Under the lock.</summary>
    internal ref SendBuffer Buffer => ref _buffer;

    /// <summary>Where it goes. While nobody else writes.</summary>
    internal TransportWriter Writer => new(this, _transport, _buffer.Settings);

    /// <summary>Holds back what this thread sends, until <see cref="Uncork"/>.</summary>
    public void Cork() => _buffer.State.Cork();

    /// <summary>Writes what was held back.</summary>
    public void Uncork()
    {
        // What this thread has corked it sees without the lock; what others add they write themselves.
        if (!_buffer.IsEmpty)
        {
            Flush();
        }

        // Behind the flush, so that what that reports is still reported on a thread known to handle a read. A callback of the
        // flush may have sent something, which was held back.
        _buffer.State.Uncork();
        if (!_buffer.IsEmpty)
        {
            Flush();
        }
    }

    /// <summary>Writes what was gathered until now.</summary>
    public void Flush()
    {
        OutgoingSegment segment;
        bool write;
        using (ThinLock.Hold(ref _gate, this))
        {
            write = _buffer.TryTakeGathered(out segment);
        }

        if (write)
        {
            Writer.Write(segment);
        }
    }

    /// <summary>Sends a whole message, or refuses it; never waits.</summary>
    /// <exception cref="WebSocketClosedException">Nothing can be sent any more.</exception>
    public WebSocketSendResult TrySend(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        OutgoingSegment segment;
        WriteDuty duty;
        using (ThinLock.Hold(ref _gate, this))
        {
            if (_buffer.State.Stage != SendStage.Open)
            {
                throw _owner.CreateClosedException();
            }

            if (!_buffer.Budget.HasRoom)
            {
                return WebSocketSendResult.Refused;
            }

            if (!_buffer.IsTurnOf(kind.Opcode, writer: null))
            {
                _buffer.AddCopy(kind, payload);
                return WebSocketSendResult.Queued;
            }

            duty = _buffer.Accept(kind, payload, _transport, out segment);
        }

        Writer.Fulfil(duty, segment, kind, payload);
        return IsBlocked ? WebSocketSendResult.Queued : WebSocketSendResult.Sent;
    }

    /// <summary>Sends a frame once there is room for it, and the turn has come.</summary>
    /// <returns>A task that completes when the frame's bytes are in the send buffer or beyond.</returns>
    public ValueTask SendAsync(in FrameToSend frame, CancellationToken cancellationToken)
    {
        OutgoingSegment segment = default;
        WriteDuty duty = WriteDuty.None;
        PendingSend? pending = null;
        bool isOpen;
        bool isClosed;
        using (ThinLock.Hold(ref _gate, this))
        {
            isClosed = _buffer.State.Stage != SendStage.Open;
            isOpen = !isClosed && !cancellationToken.IsCancellationRequested;
            if (isOpen && _buffer.MayAccept(frame))
            {
                _buffer.NoteTurn(frame);
                duty = frame.Prepared is null
                    ? _buffer.Accept(frame.Kind, frame.Payload.Span, _transport, out segment)
                    : PreparedSends.Accept(ref _buffer, frame.Prepared, _transport, out segment);
                _buffer.AdmitPending(_owner);
            }
            else if (isOpen)
            {
                pending = PendingSend.OfFrame(frame);
                _buffer.AddWaiting(pending);
            }
        }

        if (pending is not null)
        {
            return new ValueTask(new SendWait(this, pending).WaitAsync(cancellationToken));
        }

        Writer.Fulfil(duty, segment, frame.Kind, frame.Payload.Span);
        frame.Release(_buffer.Settings.Pool);

        // The end of the connection before the token, which was likely cancelled because of that.
        return isOpen ? default
            : isClosed ? ValueTask.FromException(_owner.CreateClosedException())
            : ValueTask.FromCanceled(cancellationToken);
    }

    /// <summary>Sends the end of the opening handshake, before any frame.</summary>
    public void SendHandshake(ReadOnlySpan<byte> head)
    {
        bool write;
        using (ThinLock.Hold(ref _gate, this))
        {
            write = _buffer.AcceptBytes(head, _transport);
        }

        if (write)
        {
            Writer.WritePieces(head, []);
        }
    }

    /// <summary>Answers a ping. While the transport is blocked only the newest answer is kept (RFC 6455 §5.5.3).</summary>
    public void SendPong(ReadOnlySpan<byte> payload)
    {
        WriteDuty duty;
        OutgoingSegment segment;
        using (ThinLock.Hold(ref _gate, this))
        {
            duty = _buffer.AcceptPong(payload, _transport, out segment);
        }

        Writer.Fulfil(duty, segment, Opcode.Pong, payload);
    }

    /// <summary>Sends a ping, unless the connection is closing or there is no room.</summary>
    public void TrySendPing(ReadOnlySpan<byte> payload)
    {
        OutgoingSegment segment;
        WriteDuty duty;
        using (ThinLock.Hold(ref _gate, this))
        {
            if (_buffer.State.Stage != SendStage.Open || !_buffer.Budget.HasRoomForControl)
            {
                return;
            }

            duty = _buffer.Accept(Opcode.Ping, payload, _transport, out segment);
        }

        Writer.Fulfil(duty, segment, Opcode.Ping, payload);
    }

    /// <summary>Sends the Close frame, after which nothing goes.</summary>
    /// <param name="status">What it says.</param>
    /// <param name="afterPending">Whether it goes behind the sends that wait for room; else they fail.</param>
    public void SendClose(CloseStatus status, bool afterPending) => SendClose(status, SendStage.Open, afterPending);

    /// <summary>Sends the Close frame now if it still waits behind other sends, which then fail.</summary>
    public void ExpediteClose(CloseStatus status) => SendClose(status, SendStage.Closing, afterPending: false);

    /// <summary>Accepts nothing any more, though no Close frame will follow what was accepted; what waits for room fails.</summary>
    public void EndSends()
    {
        using (ThinLock.Hold(ref _gate, this))
        {
            if (_buffer.State.Stage < SendStage.CloseQueued)
            {
                _buffer.EndSends(_owner);
            }
        }
    }

    /// <summary>Ends the transport's output once everything accepted has been written, a Close frame the last of it.</summary>
    /// <remarks>May be called before that Close frame is added, when another thread is about to.</remarks>
    /// <param name="close">Whether the transport is then let go of altogether.</param>
    public void FinishWhenEmpty(bool close)
    {
        bool write;
        using (ThinLock.Hold(ref _gate, this))
        {
            _finish = close || _finish == TransportEnd.Close ? TransportEnd.Close : TransportEnd.ShutdownOutput;
            write = _buffer.TryBecomeWriter();
        }

        if (write && TryTakeNext(written: 0, out OutgoingSegment segment))
        {
            Writer.Write(segment);
        }
    }

    /// <summary>The transport has taken what was blocked.</summary>
    public void OnWritten()
    {
        _owner.OnSendProgress();
        if (TryEndBlocked(out OutgoingSegment rest))
        {
            Writer.Resume(rest);
        }
    }

    /// <summary>The transport is gone: all that waits fails, all memory goes back.</summary>
    public void Terminate()
    {
        using (ThinLock.Hold(ref _gate, this))
        {
            _buffer.Terminate(_owner);
        }
    }

    /// <summary>Holds the lock.</summary>
    internal ThinLock.Scope Hold() => ThinLock.Hold(ref _gate, this);

    /// <summary>For the writer: accounts for what it wrote, and takes what goes next.</summary>
    /// <param name="written">How many bytes the transport has taken since the last call.</param>
    /// <param name="segment">What goes next.</param>
    /// <returns><see langword="false"/> if nothing is left: the caller is the writer no more.</returns>
    internal bool TryTakeNext(long written, out OutgoingSegment segment)
    {
        bool drained;
        bool found;
        bool shutDown = false;
        bool isCloseWritten = false;
        TransportEnd finish = TransportEnd.None;
        using (ThinLock.Hold(ref _gate, this))
        {
            drained = _buffer.NoteWritten(written, _owner);
            found = _buffer.TryTakeNext(out segment);
            if (!found && _buffer.State.Stage >= SendStage.CloseQueued)
            {
                isCloseWritten = !_isCloseWritten && _buffer.State.Stage == SendStage.CloseQueued;
                _isCloseWritten = true;
                finish = _finish;
                shutDown = finish != TransportEnd.None && !_hasShutDown;
                _finish = TransportEnd.None;
                _hasShutDown |= shutDown;
            }
        }

        if (shutDown)
        {
            _transport.ShutdownOutput();
        }

        if (finish == TransportEnd.Close)
        {
            _transport.Close();
        }

        if (isCloseWritten)
        {
            _owner.OnCloseWritten();
        }

        TellIf(drained);
        return found;
    }

    /// <summary>For the writer: accounts for what it wrote, and keeps the rest of a segment that is blocked.</summary>
    /// <returns><see langword="false"/> if the transport is gone: the segment's memory is the caller's to give back.</returns>
    internal bool TryBeginBlocked(in OutgoingSegment rest, long written)
    {
        bool drained;
        bool begins;
        using (ThinLock.Hold(ref _gate, this))
        {
            drained = _buffer.NoteWritten(written, _owner);
            begins = _buffer.TryBeginBlocked(rest);
        }

        if (begins)
        {
            _owner.OnSendBlocked();
        }

        TellIf(drained);
        return begins;
    }

    /// <summary>For the writer: takes back what was kept, since the transport has written its part.</summary>
    /// <returns><see langword="false"/> if the transport is gone, and the segment's memory given back already.</returns>
    internal bool TryEndBlocked(out OutgoingSegment rest)
    {
        using (ThinLock.Hold(ref _gate, this))
        {
            return _buffer.TryEndBlocked(out rest);
        }
    }

    private void SendClose(CloseStatus status, SendStage stage, bool afterPending)
    {
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayloadLength];
        payload = payload[..ClosePayload.Write(payload, status)];
        OutgoingSegment segment;
        WriteDuty duty;
        using (ThinLock.Hold(ref _gate, this))
        {
            if (_buffer.State.Stage != stage)
            {
                return;
            }

            duty = _buffer.AcceptClose(payload, afterPending, _owner, _transport, out segment);
        }

        Writer.Fulfil(duty, segment, Opcode.Close, payload);
    }

    private void TellIf(bool drained) => (drained ? _owner : null)?.OnSendBufferDrained();
}
