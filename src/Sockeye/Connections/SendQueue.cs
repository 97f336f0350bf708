using System.Buffers;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// The send side of a connection: takes frames from any thread, keeps their order, and hands them to the transport in
/// as few writes as can be.
/// </summary>
/// <remarks>
/// Whoever finds the transport idle becomes its writer, writes outside the lock, and goes on until nothing is left;
/// the others only add their frames and leave. While the I/O thread handles a read, its sends are corked: they go out
/// together at the end.
/// </remarks>
internal sealed class SendQueue
{
    private readonly Lock _gate = new();
    private readonly Transport _transport;
    private readonly TransportWriter _writer;
    private readonly ISendQueueOwner _owner;
    private readonly ArrayPool<byte> _pool;

    // Under _gate.
    private SendBuffer _buffer;
    private TransportEnd _finish;

    // Only the writer's.
    private bool _hasShutDown;

    public SendQueue(Role role, Transport transport, ISendQueueOwner owner, int limit, ArrayPool<byte> pool)
    {
        _transport = transport;
        _owner = owner;
        _pool = pool;
        _buffer = new SendBuffer(role, owner, limit, pool);
        _writer = new TransportWriter(transport, this, pool);
    }

    /// <summary>How many bytes, headers included, have been accepted and not yet been taken by the transport.</summary>
    public long BufferedAmount => _buffer.Budget.Buffered;

    /// <summary>Whether so much is buffered that nothing should be done that would add to it.</summary>
    public bool IsCongested => _buffer.Budget.IsCongested;

    /// <summary>Holds back what this thread sends, until <see cref="Uncork"/>.</summary>
    public void Cork() => _buffer.CorkThread = Environment.CurrentManagedThreadId;

    /// <summary>Writes what was held back.</summary>
    public void Uncork()
    {
        _buffer.CorkThread = 0;

        // What this thread has corked it sees without the lock; what others add they write themselves.
        if (!_buffer.IsEmpty)
        {
            bool write;
            lock (_gate)
            {
                write = _buffer.TryBecomeWriter();
            }

            RunIf(write);
        }
    }

    /// <summary>Sends a whole message, or refuses it; never waits.</summary>
    /// <exception cref="WebSocketClosedException">Nothing can be sent any more.</exception>
    public WebSocketSendResult TrySend(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        OutgoingSegment direct;
        bool write;
        lock (_gate)
        {
            if (_buffer.Stage != SendStage.Open)
            {
                throw _owner.CreateClosedException();
            }

            if (!_buffer.Budget.HasRoom)
            {
                return WebSocketSendResult.Refused;
            }

            if (!_buffer.Pending.IsTurnOf(opcode, writer: null))
            {
                _buffer.AddCopy(opcode, payload);
                return WebSocketSendResult.Queued;
            }

            write = _buffer.Accept(opcode, fin: true, payload, out direct);
        }

        if (write)
        {
            _writer.Run(direct, payload);
        }

        return _writer.IsBlocked ? WebSocketSendResult.Queued : WebSocketSendResult.Sent;
    }

    /// <summary>Sends a frame once there is room for it, and the turn has come.</summary>
    /// <returns>A task that completes when the frame's bytes are in the send buffer or beyond.</returns>
    public ValueTask SendAsync(in FrameToSend frame, CancellationToken cancellationToken)
    {
        OutgoingSegment direct;
        bool write;
        lock (_gate)
        {
            if (_buffer.Stage != SendStage.Open || cancellationToken.IsCancellationRequested)
            {
                frame.Release(_pool);
                return cancellationToken.IsCancellationRequested
                    ? ValueTask.FromCanceled(cancellationToken)
                    : ValueTask.FromException(_owner.CreateClosedException());
            }

            if (!_buffer.MayAccept(frame))
            {
                return new ValueTask(AddWaiting(frame, cancellationToken));
            }

            _buffer.Pending.NoteTurn(frame);
            write = _buffer.Accept(frame.Opcode, frame.Fin, frame.Payload.Span, out direct);
            _buffer.AdmitPending();
        }

        if (write)
        {
            _writer.Run(direct, frame.Payload.Span);
        }

        frame.Release(_pool);
        return default;
    }

    /// <summary>Sends the end of the opening handshake, before any frame.</summary>
    public void SendHandshake(ReadOnlySpan<byte> head)
    {
        bool write;
        lock (_gate)
        {
            write = _buffer.AcceptBytes(head);
        }

        RunIf(write);
    }

    /// <summary>Answers a ping. While the transport is blocked only the newest answer is kept (RFC 6455 §5.5.3).</summary>
    public void SendPong(ReadOnlySpan<byte> payload)
    {
        bool write;
        lock (_gate)
        {
            write = _buffer.AcceptPong(payload, _writer.IsBlocked);
        }

        RunIf(write);
    }

    /// <summary>Sends a ping, unless the connection is closing or there is no room.</summary>
    public void TrySendPing(ReadOnlySpan<byte> payload)
    {
        bool write;
        lock (_gate)
        {
            write = _buffer.Stage == SendStage.Open && _buffer.Budget.HasRoomForControl
                && _buffer.Accept(Opcode.Ping, fin: true, payload, out _);
        }

        RunIf(write);
    }

    /// <summary>Sends the Close frame, after which nothing goes.</summary>
    /// <param name="status">What it says.</param>
    /// <param name="afterPending">Whether it goes behind the sends that wait for room; else they fail.</param>
    public void SendClose(CloseStatus status, bool afterPending)
    {
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayloadLength];
        payload = payload[..ClosePayload.Write(payload, status)];
        bool write;
        lock (_gate)
        {
            if (_buffer.Stage != SendStage.Open)
            {
                return;
            }

            // A message that is open has no end in sight: a control frame may go inside it, and it is given up (§5.4).
            if (afterPending && !_buffer.Pending.IsMessageOpen && !_buffer.Pending.IsEmpty)
            {
                _buffer.AddWaitingClose(payload);
                return;
            }

            write = _buffer.AcceptClose(payload);
        }

        RunIf(write);
    }

    /// <summary>Sends the Close frame now if it still waits behind other sends, which then fail.</summary>
    public void ExpediteClose(CloseStatus status)
    {
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayloadLength];
        payload = payload[..ClosePayload.Write(payload, status)];
        bool write;
        lock (_gate)
        {
            write = _buffer.Stage == SendStage.Closing && _buffer.AcceptClose(payload);
        }

        RunIf(write);
    }

    /// <summary>Ends the transport's output once everything accepted has been written, a Close frame the last of it.</summary>
    /// <remarks>May be called before that Close frame is added, when another thread is about to.</remarks>
    /// <param name="close">Whether the transport is then let go of altogether.</param>
    public void FinishWhenEmpty(bool close)
    {
        bool write;
        lock (_gate)
        {
            _finish = close || _finish == TransportEnd.Close ? TransportEnd.Close : TransportEnd.ShutdownOutput;
            write = _buffer.TryBecomeWriter();
        }

        RunIf(write);
    }

    /// <summary>The transport has taken what was blocked.</summary>
    public void OnWritten()
    {
        _owner.OnSendProgress();
        _writer.Resume();
    }

    /// <summary>The transport is gone: all that waits fails, all memory goes back.</summary>
    public void Terminate()
    {
        lock (_gate)
        {
            _buffer.Terminate();
        }

        _writer.Terminate();
    }

    /// <summary>For the writer: accounts for what it wrote, and takes what goes next.</summary>
    /// <param name="written">How many bytes the transport has taken since the last call.</param>
    /// <param name="segment">What goes next.</param>
    /// <returns><see langword="false"/> if nothing is left: the caller is the writer no more.</returns>
    internal bool TryTakeNext(long written, out OutgoingSegment segment)
    {
        bool drained;
        bool found;
        TransportEnd finish = TransportEnd.None;
        lock (_gate)
        {
            drained = _buffer.NoteWritten(written);
            found = _buffer.TryTakeNext(out segment);
            if (!found && _buffer.Stage >= SendStage.CloseQueued)
            {
                finish = _finish;
                _finish = TransportEnd.None;
            }
        }

        if (finish != TransportEnd.None && !_hasShutDown)
        {
            _hasShutDown = true;
            _transport.ShutdownOutput();
        }

        if (finish == TransportEnd.Close)
        {
            _transport.Close();
        }

        TellIf(drained);
        return found;
    }

    /// <summary>For the writer: accounts for what it wrote of a segment whose rest is blocked.</summary>
    internal void NotePartlyWritten(long written)
    {
        bool drained;
        lock (_gate)
        {
            drained = _buffer.NoteWritten(written);
        }

        TellIf(drained);
    }

    private void TellIf(bool drained)
    {
        if (drained)
        {
            _owner.OnSendBufferDrained();
        }
    }

    private void RunIf(bool write)
    {
        if (write)
        {
            _writer.Run();
        }
    }

    private Task AddWaiting(in FrameToSend frame, CancellationToken cancellationToken)
    {
        // Not run in place: what follows a send must not run under our lock, or on the writer's thread.
        var completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var send = new PendingSend(frame) { Completion = completion };
        _buffer.Pending.Add(send);
        if (cancellationToken.CanBeCanceled)
        {
            send.Cancellation = cancellationToken.UnsafeRegister((_, token) => Cancel(send, token), null);
        }

        return completion.Task;
    }

    private void Cancel(PendingSend send, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            // It may be on its way already; then it is finished (half a message can't be taken back, §5.4).
            if (!_buffer.Pending.TryRemove(send))
            {
                return;
            }

            _buffer.Pending.Release(send);
        }

        send.Completion?.TrySetCanceled(cancellationToken);
    }
}
