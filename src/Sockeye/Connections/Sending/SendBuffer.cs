// Over 500 lines: the order of bytes and frames that wait, and everything that counts against their limit.
using Sockeye.Protocol;
using Sockeye.Telemetry;

namespace Sockeye.Connections.Sending;

/// <summary>
/// What a <see cref="SendQueue"/> has to send, in order: first bytes that are ready for the transport, then frames that
/// wait to become bytes; and how much of the limit they use. Not thread-safe.
/// </summary>
/// <remarks>
/// Knows neither who writes nor when. A frame is never split between two arrays, so that a control frame can go between
/// any two (RFC 6455 §5.4). 56 bytes.
/// </remarks>
internal struct SendBuffer(ConnectionSettings settings)
{
    /// <summary>A frame up to this length, in bytes, is copied: that costs less than handing over a second piece.</summary>
    public const int MaxCopiedLength = 2 * 1024;

    // The replies to one read usually fit; an ArrayPool keeps such arrays at hand per thread.
    private const int FirstLength = 16 * 1024;

    // Holds everything that is ever held back (SendState), so that it is written at once.
    private const int MaxLength = 64 * 1024;
    private const int Growth = 4;

    // For a broadcast that is gathered, in which very many connections may have one array each at the same time.
    private const int SmallLength = 1024;

    // Room for control frames that users send, beyond the limit for data.
    private const int ControlReserve = 4 * 1024;

    // The last bytes to send, in one rented array; those before them are in the backlog.
    private byte[]? _array;
    private int _length;
    private bool _isCongested;
    private bool _isTextOpen;
    private long _buffered;
    private long _written;
    private long _messageCount;

    // Exists only while something waits.
    private SendBacklog? _backlog;

    /// <summary>The pool of the arrays, the role that decides the form of frames, and the limit.</summary>
    public readonly ConnectionSettings Settings => settings;

    /// <summary>How many bytes, headers included, have been accepted and not yet been taken. Any thread.</summary>
    public readonly long Length => Volatile.Read(in _buffered);

    /// <summary>How many bytes the transport has taken, without the opening handshake. Any thread.</summary>
    public readonly long WrittenLength => Math.Max(Volatile.Read(in _written), 0);

    /// <summary>The number of messages accepted to the end, whose bytes are written or ready. Any thread.</summary>
    public readonly long MessageCount => Volatile.Read(in _messageCount);

    /// <summary>Whether the limit was reached and the buffer has not drained since. Any thread.</summary>
    public readonly bool IsCongested => Volatile.Read(in _isCongested);

    /// <summary>
    /// Whether a message may be added: while less than the limit is buffered, so that one of any length can be sent,
    /// and the limit is exceeded by one message at most.
    /// </summary>
    public readonly bool HasRoom => UsedLength < settings.MaxSendBufferLength;

    /// <summary>Whether the buffer is not congested, and at half of its limit or below.</summary>
    public readonly bool IsDrained => !_isCongested && IsAtMostHalf;

    /// <summary>Whether no bytes are ready.</summary>
    public readonly bool IsEmpty => _length == 0 && _backlog is not { Full.Count: > 0 };

    /// <summary>Whether anything waits: frames, or a transport that is blocked.</summary>
    public readonly bool HasBacklog => _backlog is not null;

    /// <summary>Whether there is room for a frame.</summary>
    public readonly bool HasRoomFor(in OutgoingFrame frame)
    {
        if (frame.IsControl)
        {
            // Messages with keys have room of their own, and go behind it.
            return UsedLength - (_backlog?.KeyedLength ?? 0) < (long)settings.MaxSendBufferLength + ControlReserve;
        }

        // What waits for the end of the open message, and is counted already, must not keep it from ending.
        return _backlog is not null && _backlog.ContinuesOpenMessage(frame.Writer) ? HasRoomBeside(_backlog) : HasRoom;
    }

    /// <summary>Whether any message with a key waits.</summary>
    public readonly bool HasKeyed => _backlog is { KeyedLength: not 0 };

    /// <summary>
    /// Whether there is room for a message with a key: while the others with keys use less than the limit, or in the place of one that is
    /// as long. What else is buffered does not count, so that it does not hold the newest values back.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="length">The length of the frame.</param>
    public readonly bool HasRoomFor(string key, int length)
    {
        if (_backlog is null || _backlog.KeyedLength < settings.MaxSendBufferLength)
        {
            return true;
        }

        return _backlog.Find(key) is { } waiting
            && (length <= waiting.Buffered
                || _backlog.KeyedLength - waiting.Buffered - WaitingFrame.EntryLength < settings.MaxSendBufferLength);
    }

    /// <summary>Whether a frame need not wait for others.</summary>
    public readonly bool IsTurnOf(in OutgoingFrame frame) =>
        _backlog is null || _backlog.IsTurnOf(frame.Opcode, frame.Writer);

    /// <summary>Counts a frame that its sender is about to append, or to write from where it is.</summary>
    public void Count(long length)
    {
        Volatile.Write(ref _buffered, _buffered + length);
        if (UsedLength >= settings.MaxSendBufferLength)
        {
            Volatile.Write(ref _isCongested, true);
        }
    }

    /// <summary>Counts a frame that is about to become bytes, and with the last frame its message.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="payloadLength">The length of its payload.</param>
    /// <param name="owner">The connection, which counts for the metrics.</param>
    public void NoteFrame(in OutgoingFrame frame, int payloadLength, ISendQueueOwner owner)
    {
        if (frame.IsControl)
        {
            return;
        }

        if (frame.Fin)
        {
            Volatile.Write(ref _messageCount, _messageCount + 1);
        }

        if (Instruments.CountsMessages || frame.SavedLength != 0)
        {
            Measure(frame, payloadLength, owner);
        }
    }

    /// <summary>Excludes the opening handshake, which is about to be written, from <see cref="WrittenLength"/>.</summary>
    public void ExcludeHandshake(int length) => Volatile.Write(ref _written, -length);

    /// <summary>Accounts for bytes that the transport has taken.</summary>
    /// <returns>Whether that has ended a congestion.</returns>
    public bool NoteWritten(long length)
    {
        Volatile.Write(ref _written, _written + length);
        return Uncount(length);
    }

    /// <summary>Accounts for bytes that the transport has taken, or that were dropped.</summary>
    /// <returns>Whether that has ended a congestion.</returns>
    public bool Uncount(long length)
    {
        Volatile.Write(ref _buffered, _buffered - length);

        // At half the limit, so that a peer just fast enough does not make us pause and resume at every frame.
        bool drained = _isCongested && IsAtMostHalf;
        if (drained)
        {
            Volatile.Write(ref _isCongested, false);
        }

        return drained;
    }

    /// <summary>Adds the bytes of a frame. Those of a shared frame are not copied, unless they are few.</summary>
    public void Append(in OutgoingFrame frame, ReadOnlySpan<byte> payload)
    {
        // Few bytes cost less as a copy than as a segment of their own.
        if (frame.SharedBy(settings.FrameForm) is not { Length: > MaxCopiedLength } shared)
        {
            AppendCopy(frame, payload, isOneOfMany: frame.Shared is not null);
            return;
        }

        EndSegment();
        NeedBacklog().Full.Enqueue(OutgoingSegment.OfShared(shared));
    }

    /// <summary>Adds a copy of the bytes of a frame, so that it is written together with those before it.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="payload">Its payload.</param>
    /// <param name="isOneOfMany">Whether many connections are about to send something short.</param>
    public void AppendCopy(in OutgoingFrame frame, ReadOnlySpan<byte> payload, bool isOneOfMany)
    {
        int length = frame.LengthWith(payload.Length, settings.FrameForm);
        if (_array is null || _array.Length - _length < length)
        {
            Reserve(length, isOneOfMany);
        }

        _length += frame.Write(_array.AsSpan(_length), settings.FrameForm, payload);
    }

    /// <summary>
    /// Takes all bytes that are ready, with the header of a server's frame at the end. The transport is given the payload
    /// from where it is.
    /// </summary>
    /// <returns><see langword="false"/> if they are not one segment: nothing has changed then.</returns>
    public bool TryTakeWithHeader(in OutgoingFrame frame, int payloadLength, out OutgoingSegment segment)
    {
        if (_backlog is { Full.Count: > 0 } || (_array is not null && _array.Length - _length < FrameHeader.MaxLength))
        {
            segment = default;
            return false;
        }

        _array ??= settings.Pool.Rent(SmallLength);
        _length += frame.WriteHeader(_array.AsSpan(_length), maskingKey: null, payloadLength);
        return TryTakeSegment(out segment);
    }

    /// <summary>Keeps a frame whose sender does not wait.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="payload">Its payload, of which a copy is made. Of pongs only the newest waits.</param>
    public void Enqueue(in OutgoingFrame frame, ReadOnlySpan<byte> payload)
    {
        if (frame.Opcode == Opcode.Pong)
        {
            NeedBacklog().PutPong(payload);
            return;
        }

        Enqueue(frame.Opcode == Opcode.Close
            ? WaitingFrame.OfClose(payload)
            : WaitingFrame.OfCopy(frame, payload, settings));
    }

    /// <summary>Keeps a message that may be dropped or replaced until the transport is ready for it.</summary>
    /// <param name="frame">The message.</param>
    /// <param name="payload">Its payload, of which a copy is made.</param>
    /// <param name="key">
    /// It replaces the one that waits under this key, in its place; <see langword="null"/> if it may be dropped instead.
    /// </param>
    /// <param name="drained">Whether a shorter message in the place of a longer one has ended a congestion.</param>
    /// <returns>Whether it has replaced another.</returns>
    public bool EnqueueReplaceable(in OutgoingFrame frame, ReadOnlySpan<byte> payload, string? key, out bool drained)
    {
        if (key is null || _backlog?.Find(key) is not { } waiting)
        {
            Enqueue(WaitingFrame.OfCopy(frame, payload, settings, isReplaceable: true, key));
            drained = false;
            return false;
        }

        int before = waiting.Buffered;
        _backlog.Replace(waiting, frame, payload, settings);
        drained = Uncount(before);
        Count(waiting.Buffered);
        drained &= !_isCongested;
        return true;
    }

    /// <summary>Drops the messages that have waited longest and may be dropped, until there is room.</summary>
    /// <param name="drained">Whether that has ended a congestion.</param>
    /// <returns>The number of messages that were dropped.</returns>
    public int DropOldest(out bool drained)
    {
        int count = 0;
        drained = false;
        while (!HasRoom && _backlog?.RemoveOldest() is { } oldest)
        {
            drained |= Uncount(oldest.Buffered);
            oldest.Release(settings.Pool);
            count++;
        }

        return count;
    }

    /// <summary>Drops the message that waits under a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="drained">Whether that has ended a congestion.</param>
    /// <returns>Whether any waited.</returns>
    public bool TryDrop(string key, out bool drained)
    {
        drained = false;
        if (_backlog?.Find(key) is not { } waiting || !_backlog.TryRemove(waiting))
        {
            return false;
        }

        drained = Uncount(waiting.Buffered);
        waiting.Release(settings.Pool);
        ReleaseBacklog();
        return true;
    }

    /// <summary>Keeps a frame whose sender waits.</summary>
    public WaitingFrame EnqueueSender(in OutgoingFrame frame)
    {
        WaitingFrame waiting = WaitingFrame.OfSender(frame);
        NeedBacklog().Add(waiting);
        return waiting;
    }

    /// <summary>Removes a frame whose sender waits, and which is not counted yet.</summary>
    /// <returns>Whether it was still waiting.</returns>
    public bool TryRemove(WaitingFrame waiting)
    {
        bool isRemoved = _backlog is not null && _backlog.TryRemove(waiting);
        if (isRemoved)
        {
            waiting.Release(settings.Pool);
            ReleaseBacklog();
        }

        return isRemoved;
    }

    /// <summary>Gives the turn to a sender, until it ends its message.</summary>
    public void TakeTurn(object writer) => NeedBacklog().TakeTurn(writer);

    /// <summary>Notes that a frame of a writer goes out: one that does not end its message keeps the turn.</summary>
    public void NoteTurn(in OutgoingFrame frame)
    {
        if (!frame.Fin || _backlog is not null)
        {
            NeedBacklog().NoteTurn(frame);
        }
    }

    /// <summary>Ends a turn in which nothing was sent.</summary>
    public readonly void EndTurn() => _backlog?.EndTurn();

    /// <summary>Encodes the waiting frames whose turn has come.</summary>
    /// <param name="isClosing">Whether a Close frame is among them.</param>
    /// <param name="isReady">Whether the bytes are written next; only then are replaceable frames encoded, a few at a time.</param>
    /// <param name="owner">Creates the exception for the senders of frames that can no longer be sent.</param>
    /// <returns>Whether the Close frame was the last of them.</returns>
    public bool AcceptWaiting(bool isClosing, bool isReady, ISendQueueOwner owner)
    {
        bool isCloseAccepted = false;

        // What is counted already and waits behind the first must not use the room that the first waits for.
        while (_backlog is { } backlog
            && backlog.TryTake(
                HasRoomBeside(backlog),
                takesReplaceable: isReady && _length < FirstLength && backlog.Full.Count == 0,
                out WaitingFrame waiting))
        {
            OutgoingFrame frame = waiting.Frame;
            if (isClosing && !frame.Fin)
            {
                // Its writer can send no more: a message that cannot end would keep the Close frame back.
                waiting.Fail(owner, settings.Pool);
                continue;
            }

            if (frame.IsTurn)
            {
                backlog.TakeTurn(frame.Writer!);
            }
            else
            {
                NoteFrame(frame, frame.Payload.Length, owner);
                AppendWaiting(waiting, backlog);
                isCloseAccepted |= frame.Opcode == Opcode.Close;
            }

            waiting.Complete(settings.Pool);
        }

        // At the end of a turn nothing may wait any more, although what was sent in it may be held back for a while.
        ReleaseBacklog();
        return isCloseAccepted;
    }

    /// <summary>Fails the frames that wait.</summary>
    /// <returns>Whether that has ended a congestion.</returns>
    public bool FailWaiting(ISendQueueOwner owner) =>
        _backlog is not null && Uncount(_backlog.FailAll(owner, settings.Pool));

    /// <summary>Drops the pong that waits.</summary>
    public readonly void DropPong() => _backlog?.DropPong();

    /// <summary>Takes the bytes that go next; the caller returns the array.</summary>
    public bool TryTakeNext(out OutgoingSegment segment)
    {
        if (_backlog is null)
        {
            return TryTakeSegment(out segment);
        }

        if (_backlog.HasPong)
        {
            // It goes before everything that waits.
            segment = OutgoingSegment.OfFrame(Opcode.Pong, _backlog.TakePong(), settings);
            Count(segment.Length);
            return true;
        }

        bool found = _backlog.Full.TryDequeue(out segment) || TryTakeSegment(out segment);
        ReleaseBacklog();
        return found;
    }

    /// <summary>Keeps what the transport is writing by itself, and what goes after it.</summary>
    public void KeepBlocked(in OutgoingSegment rest) => NeedBacklog().Blocked = rest;

    /// <summary>Takes back what was kept.</summary>
    public readonly OutgoingSegment TakeBlocked()
    {
        OutgoingSegment rest = _backlog!.Blocked;
        _backlog.Blocked = default;
        return rest;
    }

    /// <summary>Drops everything, also what the transport was writing by itself.</summary>
    public void Clear(ISendQueueOwner owner)
    {
        if (_backlog is not null)
        {
            TakeBlocked().Release(settings.Pool);
        }

        FailWaiting(owner);
        DropPong();
        while (TryTakeNext(out OutgoingSegment segment))
        {
            segment.Release(settings.Pool);
        }

        ReleaseBacklog();
        Volatile.Write(ref _buffered, 0);
        Volatile.Write(ref _isCongested, false);
    }

    // What counts against the limit.
    private readonly long UsedLength => _backlog is null ? _buffered : _buffered + _backlog.Overhead;

    private readonly bool IsAtMostHalf => UsedLength <= settings.MaxSendBufferLength / 2;

    private readonly bool HasRoomBeside(SendBacklog backlog) => _buffered - backlog.Buffered < settings.MaxSendBufferLength;

    private void AppendWaiting(WaitingFrame waiting, SendBacklog backlog)
    {
        OutgoingFrame frame = waiting.Frame;
        if (frame.Writer is not null)
        {
            backlog.NoteTurn(frame);
        }

        if (waiting.Buffered == 0)
        {
            Count(frame.LengthWith(frame.Payload.Length, settings.FrameForm));
        }

        Append(frame, frame.Payload.Span);
    }

    // Makes room for a frame: the array grows in a few steps, up to a limit; then another one follows it.
    private void Reserve(int length, bool isOneOfMany)
    {
        if (_array is { } array)
        {
            int needed = _length + length;
            if (needed <= MaxLength)
            {
                _array = settings.Pool.Rent(Math.Clamp(Growth * array.Length, needed, MaxLength));
                array.AsSpan(0, _length).CopyTo(_array);
                settings.Pool.Return(array);
                return;
            }

            EndSegment();
        }

        _array = settings.Pool.Rent(Math.Max(length, isOneOfMany ? SmallLength : FirstLength));
    }

    private void EndSegment()
    {
        if (TryTakeSegment(out OutgoingSegment full))
        {
            NeedBacklog().Full.Enqueue(full);
        }
    }

    private bool TryTakeSegment(out OutgoingSegment segment)
    {
        if (_length == 0)
        {
            segment = default;
            return false;
        }

        segment = new OutgoingSegment(_array, 0, _length);
        _array = null;
        _length = 0;
        return true;
    }

    private void Enqueue(WaitingFrame waiting)
    {
        NeedBacklog().Add(waiting);
        Count(waiting.Buffered);
    }

    private SendBacklog NeedBacklog() => _backlog ??= SendBacklog.Take();

    private void ReleaseBacklog()
    {
        if (_backlog is { IsEmpty: true })
        {
            SendBacklog.Return(_backlog);
            _backlog = null;
        }
    }

    private void Measure(in OutgoingFrame frame, int payloadLength, ISendQueueOwner owner)
    {
        if (frame.IsRaw)
        {
            return;
        }

        // Only the first frame of a message names its kind (RFC 6455 §5.4), and no other message is between its frames.
        if (frame.Opcode != Opcode.Continuation)
        {
            _isTextOpen = frame.Opcode == Opcode.Text;
        }

        owner.OnFrameMeasured(_isTextOpen, payloadLength, frame.SavedLength, frame.Fin);
    }
}
