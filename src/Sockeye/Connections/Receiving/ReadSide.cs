using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// The read side of a connection: bytes from the transport to the message reader, what it finds to whom it concerns.
/// Only ever on the transport's I/O thread.
/// </summary>
/// <remarks>
/// A connection has one only while something is incomplete: a frame that was cut by the end of a read, a message in
/// fragments, bytes that wait for the application. Whole messages need none, and one that has done its work is the
/// thread's for the next connection.
/// </remarks>
internal sealed class ReadSide
{
    // More than what a fast peer sends before it hears of the end, which time bounds anyway.
    private const int MaxDiscardedLength = 16 * 1024 * 1024;

    [ThreadStatic]
    private static ReadSide? Spare;

    private readonly MessageReader _reader;
    private ConnectionCore _core;

    // Received and not looked at, because the application has no room for what may be in it.
    private byte[]? _backlog;
    private int _backlogStart;
    private int _backlogEnd;
    private long _discardedLength;

    // Whether the last bytes were kept because it is the turn of others, and not because the application has no room.
    private bool _yields;

    private ReadSide(ConnectionCore core)
    {
        _core = core;
        _reader = new MessageReader(core.Reader, core.Compression?.Inflater);
    }

    /// <summary>Takes in what has arrived.</summary>
    /// <param name="core">The connection.</param>
    /// <param name="reads">What it has of this kind.</param>
    /// <param name="bytes">What has arrived.</param>
    public static ReadVerdict OnReceived(ConnectionCore core, ref ReadSide? reads, Span<byte> bytes)
    {
        int consumed = reads is null && !core.IsInputOver ? TakeWholeMessages(core, bytes) : 0;
        if (consumed == bytes.Length)
        {
            return ReadVerdict.Continue;
        }

        reads ??= Borrow(core);
        ReadVerdict verdict = reads.Read(bytes[consumed..]);
        reads.EndTurn();
        ReturnIfAtRest(ref reads);
        return verdict;
    }

    /// <summary>Goes on with what was left when reading paused.</summary>
    public static ReadVerdict OnReadingResumed(ref ReadSide? reads)
    {
        if (reads is null)
        {
            return ReadVerdict.Continue;
        }

        ReadVerdict verdict = reads.ReadBacklog();
        reads.EndTurn();
        ReturnIfAtRest(ref reads);
        return verdict;
    }

    /// <summary>Takes bytes that were received before the connection was there, while reading is paused.</summary>
    public static void Preload(ConnectionCore core, ref ReadSide? reads, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            reads ??= Borrow(core);
            reads.Keep(bytes);
        }
    }

    /// <summary>Returns all memory: nothing more is read.</summary>
    public void Release()
    {
        _reader.Release();
        ReleaseBacklog();
    }

    private static ReadSide Borrow(ConnectionCore core)
    {
        ReadSide? spare = Spare;
        if (spare is null)
        {
            return new ReadSide(core);
        }

        Spare = null;
        spare._core = core;
        spare._reader.Reuse(core.Reader, core.Compression?.Inflater);
        return spare;
    }

    private static void ReturnIfAtRest(ref ReadSide? reads)
    {
        if (reads!._reader.IsAtRest && reads._backlog is null && reads._discardedLength == 0)
        {
            Spare = reads;
            reads = null;
        }
    }

    // Takes messages, each in one frame, from the beginning of what has arrived, and answers how many bytes that were.
    // What the rest begins with is something else, or may not be taken now.
    private static int TakeWholeMessages(ConnectionCore core, Span<byte> bytes)
    {
        Receiver receiver = core.Receiver;
        MessageReaderSettings settings = core.Reader;
        TimeSlice? slice = core.Transport.Slice;
        int consumed = 0;
        while (consumed < bytes.Length && !receiver.IsFull && (slice is null || slice.TryGoOn()))
        {
            int length = WholeMessage.Read(
                bytes[consumed..], settings, out WebSocketMessageKind kind, out Span<byte> payload);
            consumed += length;
            if (length == 0)
            {
                break;
            }

            if (kind == WebSocketMessageKind.Text && !Utf8Validator.IsValid(payload))
            {
                core.OnViolation(new ProtocolViolation(
                    WebSocketProtocolError.InvalidUtf8,
                    bytes.Slice(consumed - length, length - payload.Length).ToArray(),
                    core.ReceivedLength - (bytes.Length - consumed) - length));
            }
            else
            {
                receiver.Deliver(payload, lender: null, kind, endOfMessage: true);
            }

            // The rest is not for the application any more.
            if (core.IsInputOver)
            {
                return bytes.Length;
            }
        }

        return consumed;
    }

    private ReadVerdict VerdictOnKept => _yields ? ReadVerdict.Yield : ReadVerdict.Pause;

    private ReadVerdict Read(Span<byte> bytes)
    {
        if (_core.IsInputOver)
        {
            Discard(bytes.Length);
            return ReadVerdict.Continue;
        }

        int consumed = Process(bytes);
        if (consumed == bytes.Length)
        {
            return ReadVerdict.Continue;
        }

        // This counts against the memory budget, but never fails the connection: it is less than one read, and reads are short while
        // the budget is used up (ITransportSink.IsShortOfMemory).
        Keep(bytes[consumed..]);
        return VerdictOnKept;
    }

    private void EndTurn()
    {
        if (_reader.IsWaiting && !_core.IsInputOver)
        {
            _core.NeedDeadlines().NoteMessageOpen(_reader.TakenLength);
        }
        else
        {
            _core.Deadlines?.NoteMessageWhole();
        }
    }

    private ReadVerdict ReadBacklog()
    {
        if (_backlog is null)
        {
            return ReadVerdict.Continue;
        }

        if (_core.IsInputOver)
        {
            Discard(_backlogEnd - _backlogStart);
            ReleaseBacklog();
            return ReadVerdict.Continue;
        }

        _backlogStart += Process(_backlog.AsSpan(_backlogStart, _backlogEnd - _backlogStart));
        if (_backlogStart < _backlogEnd)
        {
            return VerdictOnKept;
        }

        ReleaseBacklog();
        return ReadVerdict.Continue;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        _backlog = _core.Settings.Pool.Rent(bytes.Length);
        bytes.CopyTo(_backlog);
        _backlogStart = 0;
        _backlogEnd = bytes.Length;
    }

    // Answers how many bytes were taken in; fewer than given if the application has no room, or it is the turn of others.
    private int Process(Span<byte> bytes)
    {
        TimeSlice? slice = _core.Transport.Slice;
        int consumed = 0;
        _yields = false;

        // Only in front of something: what says that it pauses must not read on.
        while (consumed < bytes.Length && !_core.Receiver.TryPauseReading())
        {
            if (slice is not null && !_core.Receiver.TakesAll && !slice.TryGoOn())
            {
                _yields = true;
                break;
            }

            ReceivedKind received = _reader.Read(bytes[consumed..], out int taken, out Span<byte> payload);
            consumed += taken;
            bool goesOn = received != ReceivedKind.NeedMoreData && Dispatch(received, payload, bytes.Length - consumed);
            _reader.ReleaseDelivered();
            if (!goesOn)
            {
                return bytes.Length;
            }

            if (_reader.IsAtRest)
            {
                consumed += TakeWholeMessages(_core, bytes[consumed..]);
            }
        }

        return consumed;
    }

    // Returns whether to read on. The unread bytes are those after what was received, up to the last that has arrived.
    private bool Dispatch(ReceivedKind received, Span<byte> payload, int unreadLength)
    {
        switch (received)
        {
            case ReceivedKind.Message:
                byte[]? lender = _reader.AssembledArray;
                bool isTaken = _core.Receiver.Deliver(payload, lender, _reader.MessageKind, _reader.EndsMessage);
                if (isTaken && lender is not null)
                {
                    _reader.DetachMessage();
                }

                break;

            case ReceivedKind.Ping:
                _core.OnPing(payload);
                break;

            case ReceivedKind.Pong:
                _core.OnPong(payload);
                break;

            case ReceivedKind.Close:
                WebSocketProtocolError error = ClosePayload.TryRead(payload, out CloseStatus status);
                if (error == WebSocketProtocolError.None)
                {
                    _core.OnClose(status);
                }
                else
                {
                    OnViolation(error, unreadLength);
                }

                return false;

            case ReceivedKind.Violation:
                OnViolation(_reader.Error, unreadLength);
                return false;
        }

        // The handler may have failed or aborted the connection: then the rest is ignored.
        return !_core.IsInputOver;
    }

    private void OnViolation(WebSocketProtocolError error, int unreadLength) =>
        _core.OnViolation(_reader.Describe(error, _core.ReceivedLength - unreadLength));

    // What comes on a failed connection is read and dropped, so that no reset destroys its Close frame; not without end.
    private void Discard(int length)
    {
        _discardedLength += length;
        if (_discardedLength > MaxDiscardedLength)
        {
            _core.Closing.TooMuchDiscarded();
        }
    }

    private void ReleaseBacklog()
    {
        if (_backlog is not null)
        {
            _core.Settings.Pool.Return(_backlog);
            _backlog = null;
        }
    }
}
