using Sockeye.Compression;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections.Sending;

/// <summary>Compresses the messages of one connection, each when its turn to be sent has come (RFC 7692 §7.2.1).</summary>
/// <remarks>
/// With context takeover a message is made from those before it, in the order of the wire; and what was compressed must be
/// sent, or the peer's window is another one from then on. So a message has its turn first, and cannot be taken back once it
/// is compressed. Any thread; one compresses at a time.
/// </remarks>
internal sealed class CompressedSends : Deadline
{
    private readonly ConnectionCore _core;
    private readonly SendQueue _queue;
    private readonly SendTurns _turns;
    private readonly MessageDeflater _deflater;

    // Who compresses. Whoever waits for a turn does not hold it.
    private readonly Lock _gate = new();

    // Under _gate.
    private bool _isMessageOpen;
    private bool _isScheduled;
    private bool _isReleased;
    private long _lastTick;

    /// <summary>Makes the compressing half of a connection.</summary>
    public CompressedSends(ConnectionCore core, MessageDeflater deflater)
    {
        _core = core;
        _queue = core.Sends;
        _turns = new SendTurns(core.Sends, core.Transport, core);
        _deflater = deflater;
    }

    private ConnectionSettings Settings => _core.Settings;

    private TimeSpan EncoderIdleTimeout => Settings.Codecs!.Options.EncoderIdleTimeout;

    /// <summary>Sends a whole message, or refuses it; waits for nobody, except for another thread that is compressing.</summary>
    /// <exception cref="WebSocketClosedException">Nothing can be sent any more.</exception>
    public WebSocketSendResult TrySend(Opcode opcode, ReadOnlySpan<byte> payload)
    {
        FrameToSend message = new() { Kind = opcode, Payload = default, Writer = this };
        if (!TrySend(message, isFragment: false, hasTurn: false, payload))
        {
            // Refused, if there is no room; else it goes behind others, when nobody is there to compress it: as it is.
            return _queue.TrySend(opcode, payload);
        }

        return _queue.IsBlocked ? WebSocketSendResult.Queued : WebSocketSendResult.Sent;
    }

    /// <summary>Sends a message that was prepared for many connections, or refuses it; waits for nobody either.</summary>
    /// <exception cref="WebSocketClosedException">Nothing can be sent any more.</exception>
    public WebSocketSendResult TrySend(WebSocketPreparedMessage message)
    {
        PreparedFrame frame = message.FrameFor(_deflater.Codecs);
        bool needsTurn = NeedsTurn(frame);
        if (!needsTurn || !TrySendNow(FrameToSend.Of(frame)))
        {
            // Uncompressed it is in nobody's window: so it can wait.
            return new PreparedSends(_core).TrySend(needsTurn ? message.Plain : frame);
        }

        return _queue.IsBlocked ? WebSocketSendResult.Queued : WebSocketSendResult.Sent;
    }

    /// <summary>Sends a message that was prepared for many connections once there is room for it, and the turn has come.</summary>
    /// <returns>As for other messages.</returns>
    public ValueTask SendAsync(WebSocketPreparedMessage message, CancellationToken cancellationToken)
    {
        PreparedFrame frame = message.FrameFor(_deflater.Codecs);
        return NeedsTurn(frame)
            ? SendAsync(FrameToSend.Of(frame), cancellationToken)
            : _queue.SendAsync(FrameToSend.Of(frame), cancellationToken);
    }

    /// <summary>Sends a whole message once there is room for it, and the turn has come.</summary>
    /// <returns>A task that completes when the message is in the send buffer or beyond.</returns>
    public ValueTask SendAsync(in FrameToSend message, CancellationToken cancellationToken)
    {
        bool isCanceled = cancellationToken.IsCancellationRequested;
        bool mustWait = false;
        Exception? error = null;
        try
        {
            mustWait = !isCanceled && !TrySendNow(message);
        }
        catch (Exception exception)
        {
            error = exception;
        }

        if (mustWait)
        {
            return new ValueTask(WaitAndSendAsync(message, cancellationToken));
        }

        message.Release(Settings.Pool);

        // The end of the connection before the token, which was likely cancelled because of that.
        return error is not null ? ValueTask.FromException(error)
            : !isCanceled ? default
            : _core.State != WebSocketConnectionState.Open ? ValueTask.FromException(_core.CreateClosedException())
            : ValueTask.FromCanceled(cancellationToken);
    }

    /// <summary>Sends a fragment of a message that is compressed.</summary>
    /// <param name="fragment">The fragment, with its writer.</param>
    /// <param name="cancellationToken">Gives up the wait for the turn.</param>
    public async ValueTask SendFragmentAsync(FrameToSend fragment, CancellationToken cancellationToken)
    {
        await _turns.TakeAsync(fragment, cancellationToken).ConfigureAwait(false);
        TrySend(fragment, isFragment: true, hasTurn: true, fragment.Payload.Span);
    }

    /// <summary>Gives the encoder back: the connection has ended.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _isReleased = true;
            _deflater.Release();
        }

        Settings.Wheel.Cancel(this);
    }

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => _core.OnFaulted(exception);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        // Whoever holds it compresses: the encoder is not idle.
        if (!_gate.TryEnter())
        {
            wheel.Schedule(this, EncoderIdleTimeout);
            return;
        }

        TimeSpan left = EncoderIdleTimeout - ((wheel.RecentTick - _lastTick) * DeadlineWheel.Tick);
        _isScheduled = !_isReleased && (left > TimeSpan.Zero || _isMessageOpen);
        if (_isScheduled)
        {
            wheel.Schedule(this, left > TimeSpan.Zero ? left : EncoderIdleTimeout);
        }
        else
        {
            _deflater.Forget();
        }

        _gate.Exit();
    }

    // A frame that was compressed elsewhere will be in the peer's window, and not in ours.
    private bool NeedsTurn(PreparedFrame frame) => frame.Kind.IsCompressed && _deflater.HasContextTakeover;

    private bool TrySendNow(in FrameToSend message) =>
        TrySend(message.By(this), isFragment: false, hasTurn: false, message.Payload.Span);

    private async Task WaitAndSendAsync(FrameToSend message, CancellationToken cancellationToken)
    {
        try
        {
            // One that nobody else has: several may wait.
            FrameToSend frame = message.By(new object());
            await _turns.TakeAsync(frame, cancellationToken).ConfigureAwait(false);
            TrySend(frame, isFragment: false, hasTurn: true, message.Payload.Span);
        }
        finally
        {
            message.Release(Settings.Pool);
        }
    }

    // Compresses and sends, in the sender's turn; answers whether it has that, or could take it.
    private bool TrySend(in FrameToSend frame, bool isFragment, bool hasTurn, ReadOnlySpan<byte> payload)
    {
        ArraySegment<byte> deflated;
        WriteDuty duty;
        OutgoingSegment segment;
        FrameKind kind;
        try
        {
            lock (_gate)
            {
                hasTurn = hasTurn || _turns.TryTake(frame);
                if (!hasTurn)
                {
                    return false;
                }

                duty = Accept(frame, isFragment, payload, out kind, out deflated, out segment);
            }
        }
        catch when (hasTurn)
        {
            // What has waited for the end of the turn.
            _queue.Flush();
            throw;
        }

        // Outside the lock: other threads may compress meanwhile, and who hears of progress may do anything.
        _queue.Writer.Fulfil(duty, segment, kind, deflated.Array is null ? payload : deflated);
        Return(deflated);
        return true;
    }

    private WriteDuty Accept(
        in FrameToSend frame, bool isFragment, ReadOnlySpan<byte> payload,
        out FrameKind kind, out ArraySegment<byte> deflated, out OutgoingSegment segment)
    {
        deflated = default;
        try
        {
            kind = frame.Prepared is not null ? Forget(frame.Kind)
                : isFragment ? DeflateFragment(frame.Kind, payload, out deflated)
                : DeflateMessage(frame.Kind, payload, out deflated);
            return _turns.Accept(
                kind, deflated.Array is null ? payload : deflated, frame.Writer!, frame.Prepared, out segment);
        }
        catch
        {
            // What was compressed and not sent is not in the peer's window. All of it before anybody else compresses, who
            // may have the turn in the same name.
            _deflater.Release();
            _turns.GiveUp();
            Return(deflated);
            throw;
        }
    }

    private FrameKind Forget(FrameKind kind)
    {
        Begin().Forget();
        return kind;
    }

    private FrameKind DeflateMessage(FrameKind kind, ReadOnlySpan<byte> payload, out ArraySegment<byte> deflated)
    {
        // §6: what does not become shorter is sent as it is.
        bool isShorter = Begin().TryDeflate(payload, Settings.Pool, offset: 0, out deflated);
        NoteUse();
        return kind with { IsCompressed = isShorter };
    }

    private FrameKind DeflateFragment(FrameKind kind, ReadOnlySpan<byte> payload, out ArraySegment<byte> deflated)
    {
        deflated = Begin().DeflateFragment(payload, kind.Fin, Settings.Pool, offset: 0);
        _isMessageOpen = !kind.Fin;
        NoteUse();

        // §6: RSV1 is on the first frame of a message alone.
        return kind with { IsCompressed = kind.Opcode != Opcode.Continuation };
    }

    private MessageDeflater Begin() => _isReleased ? throw _core.CreateClosedException() : _deflater;

    private void NoteUse()
    {
        if (Settings.Memory.IsTight && !_isMessageOpen)
        {
            // Messages that refer to nothing before them are longer, and need no encoder in between.
            _deflater.Forget();
            return;
        }

        _lastTick = Settings.Wheel.RecentTick;
        if (!_isScheduled && _deflater.HoldsCodec && EncoderIdleTimeout != Timeout.InfiniteTimeSpan)
        {
            _isScheduled = true;
            Settings.Wheel.Schedule(this, EncoderIdleTimeout);
        }
    }

    private void Return(ArraySegment<byte> deflated)
    {
        if (deflated.Array is not null)
        {
            Settings.Pool.Return(deflated.Array);
        }
    }
}
