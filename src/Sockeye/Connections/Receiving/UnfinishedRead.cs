using Sockeye.Memory;
using Sockeye.Protocol;
using Sockeye.Telemetry;
using Sockeye.Transports;

namespace Sockeye.Connections.Receiving;

/// <summary>
/// What a connection holds while something it has received is incomplete: a frame that was cut by the end of a read, a message in
/// fragments, bytes that wait for the application.
/// </summary>
/// <remarks>Rented from the thread, which keeps a spare one.</remarks>
internal sealed class UnfinishedRead
{
    // More than what a fast peer sends before it hears of the end, which time bounds anyway.
    private const int MaxDiscardedLength = 16 * 1024 * 1024;

    [ThreadStatic]
    private static UnfinishedRead? Spare;

    private readonly MessageReader _reader;
    private IReadSideOwner _owner;

    // Received and not looked at, because the application has no room for what may be in it.
    private byte[]? _backlog;
    private int _backlogStart;
    private int _backlogEnd;
    private long _discardedLength;

    // Another number for each message, or other frame outside of messages, that was incomplete and has become whole.
    private int _wholeCount;

    // Whether the last bytes were kept because other connections wait for the thread, and not because the application has no room.
    private bool _yields;

    private UnfinishedRead(IReadSideOwner owner)
    {
        _owner = owner;
        _reader = new MessageReader(owner.Reader, owner.Inflater);
    }

    /// <summary>Returns the thread's spare one, or a new one.</summary>
    public static UnfinishedRead Rent(IReadSideOwner owner)
    {
        UnfinishedRead? spare = Spare;
        if (spare is null)
        {
            return new UnfinishedRead(owner);
        }

        Spare = null;
        spare._owner = owner;
        spare._reader.Reuse(owner.Reader, owner.Inflater);
        return spare;
    }

    /// <summary>Returns this to the thread, if nothing is incomplete any more.</summary>
    public bool TryReturn()
    {
        if (!_reader.IsAtRest || _backlog is not null || _discardedLength != 0)
        {
            return false;
        }

        Spare = this;
        return true;
    }

    /// <summary>Takes in what has arrived.</summary>
    public ReadVerdict Read(Span<byte> bytes)
    {
        ReadVerdict verdict = Take(bytes);
        EndTurn();
        return verdict;
    }

    /// <summary>Goes on with what was left when reading paused.</summary>
    public ReadVerdict Resume()
    {
        ReadVerdict verdict = ReadBacklog();
        EndTurn();
        return verdict;
    }

    /// <summary>Returns all memory: nothing more is read.</summary>
    public void Release()
    {
        _reader.Release();
        ReleaseBacklog();
    }

    private ReadVerdict VerdictOnKept => _yields ? ReadVerdict.Yield : ReadVerdict.Pause;

    private ReadVerdict Take(Span<byte> bytes)
    {
        if (_owner.IsInputOver)
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
        if (_reader.IsWaiting && !_owner.IsInputOver)
        {
            _owner.OnMessageOpen(_reader.TakenLength, _wholeCount);
        }
        else
        {
            _owner.OnMessageWhole();
        }
    }

    private ReadVerdict ReadBacklog()
    {
        if (_backlog is null)
        {
            return ReadVerdict.Continue;
        }

        if (_owner.IsInputOver)
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

    /// <summary>Keeps bytes that must not be looked at yet.</summary>
    public void Keep(ReadOnlySpan<byte> bytes)
    {
        _backlog = _owner.Pool.Rent(bytes.Length);
        bytes.CopyTo(_backlog);
        _backlogStart = 0;
        _backlogEnd = bytes.Length;
    }

    // Returns how many bytes were taken in: fewer than given if the application has no room, or others wait for the thread.
    private int Process(Span<byte> bytes)
    {
        TimeSlice? slice = _owner.Slice;
        int consumed = 0;
        _yields = false;

        // Only in front of something: what says that it pauses must not read on.
        while (consumed < bytes.Length && !_owner.Receiver.TryPauseReading())
        {
            if (slice is not null && !_owner.Receiver.TakesAll && !slice.TryGoOn())
            {
                _yields = true;
                break;
            }

            ReceivedKind received = _reader.Read(bytes[consumed..], out int taken, out Span<byte> payload);
            consumed += taken;
            bool goesOn = received != ReceivedKind.NeedMoreData && Dispatch(received, payload, bytes[consumed..]);
            _wholeCount += received != ReceivedKind.NeedMoreData && !_reader.IsInsideMessage ? 1 : 0;
            _reader.ReleaseDelivered();
            if (!goesOn)
            {
                return bytes.Length;
            }

            if (_reader.IsAtRest)
            {
                int whole = ReadSide.TakeWholeMessages(_owner, bytes[consumed..]);
                _wholeCount += whole != 0 ? 1 : 0;
                consumed += whole;
            }
        }

        return consumed;
    }

    // Returns whether to read on. The unread bytes are those after what was received, up to the last that has arrived.
    private bool Dispatch(ReceivedKind received, Span<byte> payload, ReadOnlySpan<byte> unread)
    {
        switch (received)
        {
            case ReceivedKind.Message:
                byte[]? lender = _reader.AssembledArray;
                if (_reader.EndsMessage)
                {
                    if (_owner.FailIf(_owner.Rates?.NoteMessage()))
                    {
                        return false;
                    }

                    _owner.Receiver.NoteMessage();
                }

                if (Instruments.CountsMessages)
                {
                    _owner.OnReceiveMeasured(_reader.MessageKind, payload.Length, _reader.EndsMessage);
                }

                bool hasNext = !_owner.Reader.DeliverFragments && ReadAhead.HasMessage(unread, _owner.Reader.Rules);
                bool isTaken = _owner.Receiver.Deliver(payload, lender, _reader.MessageKind, _reader.EndsMessage, hasNext, _reader.EndsFrame);
                if (isTaken && lender is not null)
                {
                    _reader.DetachMessage();
                    _owner.OnMessageDetached(lender.Length);
                }
                else
                {
                    PoisonedMemory.Poison(payload);
                }

                break;

            case ReceivedKind.Ping:
                _owner.OnPing(payload);
                PoisonedMemory.Poison(payload);
                break;

            case ReceivedKind.Pong:
                _owner.OnPong(payload);
                PoisonedMemory.Poison(payload);
                break;

            case ReceivedKind.Close:
                WebSocketProtocolError error = ClosePayload.TryRead(payload, out CloseStatus status);
                if (error == WebSocketProtocolError.None)
                {
                    _owner.OnClose(status);
                }
                else
                {
                    OnViolation(error, unread.Length);
                }

                return false;

            case ReceivedKind.Violation:
                OnViolation(_reader.Error, unread.Length);
                return false;
        }

        // The handler may have failed or aborted the connection: then the rest is ignored.
        return !_owner.IsInputOver;
    }

    private void OnViolation(WebSocketProtocolError error, int unreadLength) =>
        _owner.OnViolation(_reader.Describe(error, _owner.ReceivedLength - unreadLength));

    // What arrives on a failed connection is read and dropped, so that no reset destroys its Close frame; not without end.
    private void Discard(int length)
    {
        _discardedLength += length;
        if (_discardedLength > MaxDiscardedLength)
        {
            _owner.OnTooMuchDiscarded();
        }
    }

    private void ReleaseBacklog()
    {
        if (_backlog is not null)
        {
            _owner.Pool.Return(_backlog);
            _backlog = null;
        }
    }
}
