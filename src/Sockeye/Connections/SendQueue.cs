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
    // Above this, copying a payload costs more than handing it to the transport from where it lies.
    private const int DirectWriteLength = 16 * 1024;

    // A callback that sends a lot need not hold all of it until it returns.
    private const int MaxCorkedLength = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Transport _transport;
    private readonly TransportWriter _writer;
    private readonly ISendQueueOwner _owner;
    private readonly ArrayPool<byte> _pool;
    private readonly bool _writesFromPlace;

    // All below under _gate.
    private OutgoingFrames _frames;
    private PendingSends _pending;
    private SendBudget _budget;
    private PongSlot _pong;
    private int _corkThread;
    private bool _isWriting;
    private Stage _stage;
    private Finish _finish;

    public SendQueue(Role role, Transport transport, ISendQueueOwner owner, int limit, ArrayPool<byte> pool)
    {
        _transport = transport;
        _owner = owner;
        _pool = pool;

        // A client's payload is masked on the way, into a copy (§5.3).
        _writesFromPlace = role == Role.Server;
        _frames = new OutgoingFrames(role, pool);
        _pending = new PendingSends(pool);
        _budget = new SendBudget(limit);
        _writer = new TransportWriter(transport, this, pool);
    }

    private enum Stage : byte
    {
        // Takes anything.
        Open,

        // A Close frame waits behind sends that wait for room: no new data.
        Closing,

        // The Close frame is in its place: nothing more goes behind it.
        CloseQueued,

        // The transport is gone.
        Terminated,
    }

    private enum Finish : byte
    {
        None,
        ShutdownOutput,
        Close,
    }

    /// <summary>How many bytes, headers included, have been accepted and not yet been taken by the transport.</summary>
    public long BufferedAmount => _budget.Buffered;

    /// <summary>Whether so much is buffered that nothing should be done that would add to it.</summary>
    public bool IsCongested => _budget.IsCongested;

    /// <summary>Holds back what this thread sends, until <see cref="Uncork"/>.</summary>
    public void Cork() => _corkThread = Environment.CurrentManagedThreadId;

    /// <summary>Writes what was held back.</summary>
    public void Uncork()
    {
        _corkThread = 0;

        // What this thread has corked it sees without the lock; what others add they write themselves.
        if (!_frames.IsEmpty)
        {
            bool write;
            lock (_gate)
            {
                write = TryBecomeWriter();
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
            if (_stage != Stage.Open)
            {
                throw _owner.CreateClosedException();
            }

            if (!_budget.HasRoom)
            {
                return WebSocketSendResult.Refused;
            }

            if (!_pending.IsTurnOf(opcode, writer: null))
            {
                AddCopy(opcode, payload);
                return WebSocketSendResult.Queued;
            }

            write = Accept(opcode, fin: true, payload, out direct);
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
            if (_stage != Stage.Open || cancellationToken.IsCancellationRequested)
            {
                Return(frame.Rented);
                return cancellationToken.IsCancellationRequested
                    ? ValueTask.FromCanceled(cancellationToken)
                    : ValueTask.FromException(_owner.CreateClosedException());
            }

            bool hasRoom = frame.Opcode >= Opcode.Close ? _budget.HasRoomForControl : _budget.HasRoom;
            if (!hasRoom || !_pending.IsTurnOf(frame.Opcode, frame.Writer))
            {
                return new ValueTask(AddWaiting(frame, cancellationToken));
            }

            _pending.NoteTurn(frame);
            write = Accept(frame.Opcode, frame.Fin, frame.Payload.Span, out direct);
            AdmitPending();
        }

        if (write)
        {
            _writer.Run(direct, frame.Payload.Span);
        }

        Return(frame.Rented);
        return default;
    }

    /// <summary>Sends the end of the opening handshake, before any frame.</summary>
    public void SendHandshake(ReadOnlySpan<byte> head)
    {
        bool write;
        lock (_gate)
        {
            _budget.Add(head.Length);
            _frames.AppendBytes(head);
            write = TryBecomeWriter();
        }

        RunIf(write);
    }

    /// <summary>Answers a ping. While the transport is blocked only the newest answer is kept (RFC 6455 §5.5.3).</summary>
    public void SendPong(ReadOnlySpan<byte> payload)
    {
        bool write = false;
        lock (_gate)
        {
            if (_stage >= Stage.CloseQueued)
            {
                return;
            }

            if (_isWriting && (_writer.IsBlocked || !_budget.HasRoom))
            {
                _pong.Put(payload);
            }
            else
            {
                write = Accept(Opcode.Pong, fin: true, payload, out _);
            }
        }

        RunIf(write);
    }

    /// <summary>Sends a ping, unless the connection is closing or there is no room.</summary>
    public void TrySendPing(ReadOnlySpan<byte> payload)
    {
        bool write;
        lock (_gate)
        {
            write = _stage == Stage.Open && _budget.HasRoomForControl && Accept(Opcode.Ping, fin: true, payload, out _);
        }

        RunIf(write);
    }

    /// <summary>Sends the Close frame, after which nothing goes.</summary>
    /// <param name="payload">Code and reason.</param>
    /// <param name="afterPending">Whether it goes behind the sends that wait for room; else they fail.</param>
    public void SendClose(ReadOnlySpan<byte> payload, bool afterPending)
    {
        bool write;
        lock (_gate)
        {
            if (_stage != Stage.Open)
            {
                return;
            }

            // A message that is open has no end in sight: a control frame may go inside it, and it is given up (§5.4).
            if (afterPending && !_pending.IsMessageOpen && !_pending.IsEmpty)
            {
                _stage = Stage.Closing;
                _pending.Add(new PendingSend(
                    new FrameToSend { Opcode = Opcode.Close, Fin = true, Payload = payload.ToArray() }));
                return;
            }

            write = AcceptClose(payload);
        }

        RunIf(write);
    }

    /// <summary>Sends the Close frame now if it still waits behind other sends, which then fail.</summary>
    public void ExpediteClose(ReadOnlySpan<byte> payload)
    {
        bool write;
        lock (_gate)
        {
            write = _stage == Stage.Closing && AcceptClose(payload);
        }

        RunIf(write);
    }

    /// <summary>Ends the transport's output once everything accepted has been written.</summary>
    /// <param name="close">Whether the transport is then let go of altogether.</param>
    public void FinishWhenEmpty(bool close)
    {
        bool write;
        lock (_gate)
        {
            _finish = close ? Finish.Close : (Finish)Math.Max((byte)_finish, (byte)Finish.ShutdownOutput);
            write = TryBecomeWriter();
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
            _stage = Stage.Terminated;
            _pending.FailAll(_owner.CreateClosedException);
            while (_frames.TryTake(out OutgoingSegment segment))
            {
                _pool.Return(segment.Array);
            }

            _budget.Clear();
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
        Finish finish = Finish.None;
        lock (_gate)
        {
            drained = NoteWritten(written);
            found = TryTakePong(out segment) || _frames.TryTake(out segment);
            _isWriting = found;
            if (!found)
            {
                finish = _finish;
                _finish = Finish.None;
            }
        }

        if (finish != Finish.None)
        {
            _transport.ShutdownOutput();
        }

        if (finish == Finish.Close)
        {
            _transport.Close();
        }

        if (drained)
        {
            _owner.OnSendBufferDrained();
        }

        return found;
    }

    /// <summary>For the writer: accounts for what it wrote of a segment whose rest is blocked.</summary>
    internal void NotePartlyWritten(long written)
    {
        bool drained;
        lock (_gate)
        {
            drained = NoteWritten(written);
        }

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

    private bool NoteWritten(long written)
    {
        if (_stage == Stage.Terminated)
        {
            return false;
        }

        bool drained = _budget.Subtract(written);
        AdmitPending();
        return drained;
    }

    private bool TryTakePong(out OutgoingSegment segment)
    {
        segment = default;
        if (!_pong.IsFull || _stage >= Stage.CloseQueued)
        {
            return false;
        }

        segment = _frames.Single(Opcode.Pong, fin: true, _pong.Take());
        _budget.Add(segment.Length);
        return true;
    }

    private bool AcceptClose(ReadOnlySpan<byte> payload)
    {
        _stage = Stage.CloseQueued;
        _pending.AbandonMessage();
        _budget.Subtract(_pending.FailAll(_owner.CreateClosedException));
        return Accept(Opcode.Close, fin: true, payload, out _);
    }

    // Adds a frame; answers whether the caller has become the writer.
    private bool Accept(Opcode opcode, bool fin, ReadOnlySpan<byte> payload, out OutgoingSegment direct)
    {
        direct = default;
        _budget.Add(_frames.FrameLength(payload.Length));
        if (payload.Length >= DirectWriteLength && _writesFromPlace && !_isWriting && !_frames.HasFullSegments)
        {
            // The header joins what is corked, and both leave the queue together with the payload: a frame that
            // another thread adds from now on comes behind it.
            _frames.AppendHeader(opcode, fin, payload.Length);
            _frames.TryTake(out direct);
            return _isWriting = true;
        }

        _frames.Append(opcode, fin, payload);
        bool isCorked = _corkThread == Environment.CurrentManagedThreadId && _frames.TailLength < MaxCorkedLength;
        return !isCorked && TryBecomeWriter();
    }

    private bool TryBecomeWriter()
    {
        bool becomes = !_isWriting;
        _isWriting = true;
        return becomes;
    }

    private void AdmitPending()
    {
        while (_pending.TryTake(_budget.HasRoom, out PendingSend send))
        {
            FrameToSend frame = send.Frame;
            _pending.NoteTurn(frame);
            if (send.Buffered == 0)
            {
                _budget.Add(_frames.FrameLength(frame.Payload.Length));
            }

            _frames.Append(frame.Opcode, frame.Fin, frame.Payload.Span);
            if (frame.Opcode == Opcode.Close)
            {
                _stage = Stage.CloseQueued;
            }

            _pending.Release(send);
            send.Completion?.TrySetResult();
        }
    }

    private void AddCopy(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        byte[] copy = _pool.Rent(payload.Length);
        payload.CopyTo(copy);
        long length = _frames.FrameLength(payload.Length);
        _budget.Add(length);
        _pending.Add(new PendingSend(
            new FrameToSend { Opcode = opcode, Fin = true, Payload = copy.AsMemory(0, payload.Length), Rented = copy })
        {
            Buffered = length,
        });
    }

    private Task AddWaiting(in FrameToSend frame, CancellationToken cancellationToken)
    {
        // Not run in place: what follows a send must not run under our lock, or on the writer's thread.
        var completion = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var send = new PendingSend(frame) { Completion = completion };
        _pending.Add(send);
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
            if (!_pending.TryRemove(send))
            {
                return;
            }

            _pending.Release(send);
        }

        send.Completion?.TrySetCanceled(cancellationToken);
    }

    private void Return(byte[]? rented)
    {
        if (rented is not null)
        {
            _pool.Return(rented);
        }
    }
}
