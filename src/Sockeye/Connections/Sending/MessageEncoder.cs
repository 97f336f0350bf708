using Sockeye.Compression;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections.Sending;

/// <summary>Compresses the messages of one connection: a frame with an encoder is made when it is its turn to be sent.</summary>
/// <remarks>
/// With context takeover a message refers to those before it, in the order of the wire (RFC 7692 §7.2.1), and what was
/// compressed must be sent, or the peer's window differs from then on. So a message takes its turn in the
/// <see cref="SendQueue"/> first, and cannot be taken back once it is compressed. Any thread may send; one compresses at
/// a time.
/// </remarks>
internal sealed class MessageEncoder(
    SendQueue queue, ConnectionSettings settings, MessageDeflater deflater, ISendQueueOwner owner) : Deadline, IFrameEncoder
{
    // Held while compressing, and not while waiting for a turn.
    private readonly Lock _gate = new();

    // All guarded by _gate.
    private bool _isMessageOpen;
    private bool _isScheduled;
    private bool _isReleased;
    private long _lastTick;

    private TimeSpan EncoderIdleTimeout => settings.Codecs!.Options.EncoderIdleTimeout;

    /// <inheritdoc/>
    public WebSocketSendResult TrySend(in OutgoingFrame message, ReadOnlySpan<byte> payload)
    {
        if (message.Prepared is { } prepared && !NeedsTurn(prepared, out OutgoingFrame made))
        {
            return queue.TrySend(made, made.Payload.Span);
        }

        // Refused, if there is no room, or the connection is closed. Otherwise it goes behind others, when its sender no longer waits to
        // compress it: uncompressed, which keeps it out of the window.
        return TryMake(message, payload, SendMode.TryTurn) ?? queue.TrySend(PlainOf(message), payload);
    }

    /// <inheritdoc/>
    public WebSocketSendResult SendOrDrop(in OutgoingFrame message, ReadOnlySpan<byte> payload, SendMode mode, string? key)
    {
        if (message.Prepared is { } prepared && !NeedsTurn(prepared, out OutgoingFrame made))
        {
            return queue.SendOrDrop(made, made.Payload.Span, mode, key);
        }

        // What may be dropped or replaced must be in no window, so a message that has to wait is sent uncompressed.
        SendMode turn = mode == SendMode.DropNewest ? SendMode.TryTurn : SendMode.TryTurnUnblocked;
        return TryMake(message, payload, turn) ?? queue.SendOrDrop(PlainOf(message), payload, mode, key);
    }

    /// <inheritdoc/>
    public ValueTask SendAsync(in OutgoingFrame frame, CancellationToken cancellationToken) =>
        frame.Prepared is { } prepared && !NeedsTurn(prepared, out OutgoingFrame made)
            ? queue.SendAsync(made, cancellationToken)
            : MakeAsync(frame, cancellationToken);

    /// <summary>Returns the encoder to its pool: the connection has ended.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _isReleased = true;
            deflater.Release();
        }

        settings.Wheel.Cancel(this);
    }

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => owner.OnFaulted(exception);

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        // Held while compressing: the encoder is not idle.
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
            deflater.Forget();
        }

        _gate.Exit();
    }

    // A message that was compressed once for many connections becomes part of the peer's window and not of ours, so with
    // context takeover our window must be cleared in the same turn.
    private bool NeedsTurn(WebSocketPreparedMessage message, out OutgoingFrame made)
    {
        made = message.FrameFor(deflater.Codecs);
        return made.IsCompressed && deflater.HasContextTakeover;
    }

    private static OutgoingFrame PlainOf(in OutgoingFrame message) => message.Prepared?.Plain ?? message with { Encoder = null };

    // Compresses and sends a whole message, if it need not wait. Otherwise returns null.
    private WebSocketSendResult? TryMake(in OutgoingFrame message, ReadOnlySpan<byte> payload, SendMode turn)
    {
        try
        {
            return !TryMake(message, writer: this, turn, payload) ? null
                : queue.IsBlocked ? WebSocketSendResult.Queued
                : WebSocketSendResult.Sent;
        }
        catch (WebSocketClosedException)
        {
            // The connection ended between the turn and the message.
            return WebSocketSendResult.Closed;
        }
    }

    private async ValueTask MakeAsync(OutgoingFrame frame, CancellationToken cancellationToken)
    {
        try
        {
            if (!cancellationToken.IsCancellationRequested
                && TryMake(frame, frame.Writer ?? this, SendMode.TryTurn, frame.Payload.Span))
            {
                return;
            }

            // The turn of a whole message needs an identity of its own: several may wait.
            object writer = frame.Writer ?? new object();
            await queue.SendAsync(frame.TurnOf(writer), cancellationToken).ConfigureAwait(false);
            TryMake(frame, writer, SendMode.InTurn, frame.Payload.Span);
        }
        finally
        {
            frame.Release(settings.Pool);
        }
    }

    // Compresses and sends, in the sender's turn. Returns whether the sender has the turn, or could take it in the given mode.
    private bool TryMake(in OutgoingFrame frame, object writer, SendMode turn, ReadOnlySpan<byte> payload)
    {
        bool hasTurn = turn == SendMode.InTurn;
        ArraySegment<byte> deflated;
        SendAdmission admission;
        OutgoingSegment segment;
        OutgoingFrame made;
        try
        {
            lock (_gate)
            {
                hasTurn = hasTurn || queue.TryTakeTurn(frame.TurnOf(writer), turn);
                if (!hasTurn)
                {
                    return false;
                }

                admission = AddMade(frame, payload, out made, out deflated, out segment);
            }
        }
        catch when (hasTurn)
        {
            // What has waited for the end of the turn.
            queue.Flush();
            throw;
        }

        // Outside the lock: other threads may compress meanwhile, and the callbacks of a write may do anything.
        queue.Write(admission, ref segment, made, PayloadOf(made, deflated, payload));
        Return(deflated);
        return true;
    }

    private SendAdmission AddMade(
        in OutgoingFrame frame, ReadOnlySpan<byte> payload,
        out OutgoingFrame made, out ArraySegment<byte> deflated, out OutgoingSegment segment)
    {
        deflated = default;
        try
        {
            made = frame.Prepared is { } prepared ? ClearWindow(prepared)
                : frame.Writer is not null ? DeflateFragment(frame, payload, out deflated)
                : DeflateMessage(frame, payload, out deflated);
            return queue.AddInTurn(made, PayloadOf(made, deflated, payload), out segment);
        }
        catch
        {
            // What was compressed and not sent is not in the peer's window. All of this before another thread compresses,
            // which may have the turn under the same identity.
            deflater.Release();
            queue.GiveUpTurn();
            Return(deflated);
            throw;
        }
    }

    private static ReadOnlySpan<byte> PayloadOf(
        in OutgoingFrame made, ArraySegment<byte> deflated, ReadOnlySpan<byte> payload) =>
        made.Shared is not null ? made.Payload.Span
        : deflated.Array is not null ? deflated
        : payload;

    private OutgoingFrame ClearWindow(WebSocketPreparedMessage message)
    {
        Begin().Forget();
        return message.FrameFor(deflater.Codecs);
    }

    private OutgoingFrame DeflateMessage(in OutgoingFrame frame, ReadOnlySpan<byte> payload, out ArraySegment<byte> deflated)
    {
        // §6: a message that does not become shorter is sent uncompressed.
        bool isShorter = Begin().TryDeflate(payload, settings.Pool, offset: 0, out deflated);
        NoteUse();
        return frame.Made(isShorter, isShorter ? payload.Length - deflated.Count : 0);
    }

    private OutgoingFrame DeflateFragment(in OutgoingFrame frame, ReadOnlySpan<byte> payload, out ArraySegment<byte> deflated)
    {
        deflated = Begin().DeflateFragment(payload, frame.Fin, settings.Pool, offset: 0);
        _isMessageOpen = !frame.Fin;
        NoteUse();

        // §6: only the first frame of a message has RSV1.
        return frame.Made(isCompressed: frame.Opcode != Opcode.Continuation, payload.Length - deflated.Count);
    }

    private MessageDeflater Begin() => _isReleased ? throw owner.CreateClosedException() : deflater;

    private void NoteUse()
    {
        if (settings.Memory.IsTight && !_isMessageOpen)
        {
            // Messages that refer to nothing before them are longer, and need no encoder in between.
            deflater.Forget();
            return;
        }

        _lastTick = settings.Wheel.RecentTick;
        if (!_isScheduled && deflater.HoldsCodec && EncoderIdleTimeout != Timeout.InfiniteTimeSpan)
        {
            _isScheduled = true;
            settings.Wheel.Schedule(this, EncoderIdleTimeout);
        }
    }

    private void Return(ArraySegment<byte> deflated)
    {
        if (deflated.Array is not null)
        {
            settings.Pool.Return(deflated.Array);
        }
    }
}
