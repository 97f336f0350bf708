using System.Buffers;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// The read side of a connection: bytes from the transport to the message reader, what it finds to whom it concerns.
/// Only ever on the transport's I/O thread.
/// </summary>
internal sealed class ReadSide
{
    // More than what a fast peer sends before it hears of the end, which time bounds anyway.
    private const int MaxDiscardedLength = 16 * 1024 * 1024;

    private readonly ConnectionCore _core;
    private readonly MessageReader _reader;
    private readonly Receiver _receiver;
    private readonly SendQueue _sends;
    private readonly ClosingSequence _closing;
    private readonly ArrayPool<byte> _pool;

    // Received and not looked at, because the application has no room for what may be in it.
    private byte[]? _backlog;
    private int _backlogStart;
    private int _backlogEnd;
    private long _discardedLength;

    public ReadSide(
        ConnectionCore core, MessageReaderSettings settings, Receiver receiver, SendQueue sends,
        ClosingSequence closing)
    {
        _core = core;
        _reader = new MessageReader(settings);
        _receiver = receiver;
        _sends = sends;
        _closing = closing;
        _pool = settings.Pool;
    }

    /// <summary>Takes in what has arrived. All replies made on the way go out together at the end.</summary>
    public ReadVerdict OnReceived(Span<byte> bytes)
    {
        if (_closing.IsFailed)
        {
            Discard(bytes.Length);
            return ReadVerdict.Continue;
        }

        _sends.Cork();
        int consumed = Process(bytes);
        _sends.Uncork();
        if (consumed == bytes.Length)
        {
            return ReadVerdict.Continue;
        }

        Keep(bytes[consumed..]);
        return ReadVerdict.Pause;
    }

    /// <summary>Takes bytes that were received before the connection was there, while reading is paused.</summary>
    public void GiveBack(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            Keep(bytes);
        }
    }

    /// <summary>Goes on with what was left when reading paused.</summary>
    public ReadVerdict OnReadingResumed()
    {
        if (_backlog is null)
        {
            return ReadVerdict.Continue;
        }

        if (_closing.IsFailed)
        {
            Discard(_backlogEnd - _backlogStart);
            ReleaseBacklog();
            return ReadVerdict.Continue;
        }

        _sends.Cork();
        _backlogStart += Process(_backlog.AsSpan(_backlogStart, _backlogEnd - _backlogStart));
        _sends.Uncork();
        if (_backlogStart < _backlogEnd)
        {
            return ReadVerdict.Pause;
        }

        ReleaseBacklog();
        return ReadVerdict.Continue;
    }

    /// <summary>Returns all memory: nothing more is read.</summary>
    public void Release()
    {
        _reader.Release();
        ReleaseBacklog();
    }

    // Answers how many bytes were taken in; fewer than given if the application has no room.
    private int Process(Span<byte> bytes)
    {
        int consumed = 0;
        while (true)
        {
            // Only in front of something: what says that it pauses must not read on.
            if (consumed < bytes.Length && _receiver.TryPauseReading())
            {
                break;
            }

            ReceivedKind received = _reader.Read(bytes[consumed..], out int taken, out Span<byte> payload);
            consumed += taken;
            if (received == ReceivedKind.NeedMoreData || !Dispatch(received, payload))
            {
                consumed = bytes.Length;
                break;
            }
        }

        _reader.ReleaseDelivered();
        return consumed;
    }

    // Answers whether to read on.
    private bool Dispatch(ReceivedKind received, Span<byte> payload)
    {
        switch (received)
        {
            case ReceivedKind.Message:
                byte[]? lender = _reader.AssembledArray;
                if (_receiver.Deliver(payload, lender, _reader.MessageKind, _reader.EndsMessage) && lender is not null)
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
                ProtocolError error = ClosePayload.TryRead(payload, out CloseStatus status);
                if (error == ProtocolError.None)
                {
                    AnswerClose(status);
                }
                else
                {
                    _core.OnViolation(error);
                }

                return false;

            case ReceivedKind.Violation:
                _core.OnViolation(_reader.Error);
                return false;
        }

        // A handler may have failed or aborted the connection: then the rest is not for it any more.
        return !_closing.IsFailed;
    }

    private void AnswerClose(CloseStatus status)
    {
        if (_closing.Receive(status) || _receiver.TryNoteClose())
        {
            _closing.Reply();
        }
        else
        {
            _closing.DelayReply();
        }
    }

    // What comes on a failed connection is read and dropped, so that no reset destroys its Close frame; not without end.
    private void Discard(int length)
    {
        _discardedLength += length;
        if (_discardedLength > MaxDiscardedLength)
        {
            _closing.EndLinger();
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        _backlog = _pool.Rent(bytes.Length);
        bytes.CopyTo(_backlog);
        _backlogStart = 0;
        _backlogEnd = bytes.Length;
    }

    private void ReleaseBacklog()
    {
        if (_backlog is not null)
        {
            _pool.Return(_backlog);
            _backlog = null;
        }
    }
}
