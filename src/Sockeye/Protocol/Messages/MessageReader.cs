using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Sockeye.Protocol;

/// <summary>
/// Makes messages out of what arrives: parses frames, unmasks them in place, checks text, puts fragments together, and
/// lets control frames pass in between (RFC 6455 §5.4 to §5.6, §8.1).
/// </summary>
/// <remarks>
/// A frame that lies whole in the span it arrived in is answered as a view of that span: no copy, no allocation. Only
/// what is cut by the end of a span, or fragmented by the sender, is gathered in one pooled buffer. The first broken
/// rule is final. Not thread-safe; never throws for what a peer sends.
/// </remarks>
internal sealed class MessageReader
{
    // DEFLATE makes 1,032 bytes of one at the most: a fragment that is delivered inflated has under 17 MiB, however long the
    // message may be.
    private const int MaxCompressedPieceLength = 16 * 1024;

    private MessageReaderSettings _settings;
    private IMessageInflater? _inflater;

    // The message being assembled.
    private OpenMessage _open;
    private MessageText _text;
    private CompressedMessage _compressed;
    private AssemblyBuffer _message;

    // The frame whose payload is arriving; none when _inFrame is false. A partial control frame has a buffer of its
    // own, since it may interrupt a message.
    private bool _inFrame;
    private bool _fin;
    private Opcode _opcode;
    private uint _key;
    private long _payloadLength;
    private long _remaining;
    private AssemblyBuffer _control;

    private PartialHeader _header;
    private bool _ended;

    /// <summary>Makes the reader of a connection.</summary>
    /// <param name="settings">What it shares with those of other connections.</param>
    /// <param name="inflater">The connection's, if the rules of the settings allow RSV1 (RFC 7692 §6).</param>
    public MessageReader(MessageReaderSettings settings, IMessageInflater? inflater = null) => Reuse(settings, inflater);

    /// <summary>Whether nothing is open, held or over: it is as if new, and may serve another connection.</summary>
    public bool IsAtRest =>
        !_inFrame && !IsInsideMessage && !_ended && _header.Length == 0 && _message.Array is null && _control.Array is null;

    /// <summary>Goes over to another connection, at rest.</summary>
    [MemberNotNull(nameof(_settings))]
    public void Reuse(MessageReaderSettings settings, IMessageInflater? inflater = null)
    {
        _settings = settings;
        _inflater = inflater;
    }

    /// <summary>The rule that the peer broke, once <see cref="Read"/> has answered with a violation.</summary>
    public WebSocketProtocolError Error { get; private set; }

    /// <summary>The kind of the last message, or of the one being assembled.</summary>
    public WebSocketMessageKind MessageKind { get; private set; }

    /// <summary>Whether the last message's payload lies in a pooled buffer that <see cref="DetachMessage"/> gives away.</summary>
    public bool IsAssembled { get; private set; }

    /// <summary>Whether a message has begun to arrive and is not complete.</summary>
    public bool IsInsideMessage => _open.IsOpen;

    /// <summary>Whether a frame or a message has begun to arrive and is not complete.</summary>
    public bool IsWaiting => !_ended && (_inFrame || IsInsideMessage || _header.Length != 0);

    /// <summary>How many bytes of messages were taken in, ever: it grows with every byte of one, and with nothing else.</summary>
    public long TakenLength { get; private set; }

    /// <summary>Whether what was read last ends its message: always, unless fragments are delivered.</summary>
    public bool EndsMessage { get; private set; }

    /// <summary>Reads on, as far as the next message or control frame.</summary>
    /// <param name="source">
    /// What arrived and has not been consumed. It is unmasked in place, and a payload that is answered may lie in it.
    /// </param>
    /// <param name="consumed">
    /// How many bytes were taken in: all of them, if the result is <see cref="ReceivedKind.NeedMoreData"/>. Do not give
    /// them again.
    /// </param>
    /// <param name="payload">
    /// The payload of the message or control frame, valid until the next call, and as long as
    /// <paramref name="source"/> is.
    /// </param>
    /// <returns>What was found. After a Close frame or a violation, all that comes is consumed and ignored.</returns>
    public ReceivedKind Read(Span<byte> source, out int consumed, out Span<byte> payload)
    {
        payload = default;
        consumed = 0;
        if (_ended)
        {
            consumed = source.Length;
            return ReceivedKind.NeedMoreData;
        }

        while (true)
        {
            if (!_inFrame)
            {
                OperationStatus status = _header.Read(
                    source[consumed..], _settings.Rules, out FrameHeader header, out int taken, out WebSocketProtocolError error);
                consumed += taken;
                Error = error;
                if (status == OperationStatus.NeedMoreData)
                {
                    Error = _open.CheckSequence(_header.Opcode);
                    return Error == WebSocketProtocolError.None ? ReceivedKind.NeedMoreData : Fail(Error);
                }

                if (status == OperationStatus.InvalidData || !TryBeginFrame(header))
                {
                    return Fail(Error);
                }
            }

            // Nothing in, nothing to do: an empty frame needs no more bytes, any other does.
            if (consumed == source.Length && _remaining != 0)
            {
                return ReceivedKind.NeedMoreData;
            }

            int length = (int)Math.Min(_remaining, source.Length - consumed);
            if (_settings.DeliverFragments && _open.IsCompressed)
            {
                length = Math.Min(length, MaxCompressedPieceLength);
            }

            Span<byte> piece = source.Slice(consumed, length);
            consumed += length;
            if (_key != 0)
            {
                Masking.Apply(piece, _key);
            }

            ReceivedKind received = _opcode >= Opcode.Close
                ? TakeControl(piece, out payload)
                : TakeData(piece, out payload);
            if (received != ReceivedKind.NeedMoreData)
            {
                return received;
            }
        }
    }

    /// <summary>Describes the rule that the frame read last has broken.</summary>
    /// <param name="error">The rule: <see cref="Error"/>, or the one that the payload of a control frame breaks.</param>
    /// <param name="position">How many bytes of the stream have been consumed.</param>
    public ProtocolViolation Describe(WebSocketProtocolError error, long position)
    {
        // While a header is incomplete, nothing of its frame's payload has been consumed.
        long payloadConsumed = _header.Length == 0 ? _payloadLength - _remaining : 0;
        bool isTooLong = error == WebSocketProtocolError.MessageTooLong;
        return new ProtocolViolation(error, _header.ToArray(error), position - _header.ConsumedLength - payloadConsumed)
        {
            MessageLength = isTooLong ? _open.Length : null,
            MaxMessageLength = isTooLong ? _settings.MaxMessageLength : null,
            IsCompressed = _open.IsCompressed,
        };
    }

    /// <summary>The pooled array that the last message's payload lies at the beginning of, if it was assembled.</summary>
    public byte[]? AssembledArray => IsAssembled ? _message.Array : null;

    /// <summary>Gives away the buffer of the message just read, instead of a copy.</summary>
    /// <returns>An array of the pool that begins with the payload; the caller returns it to the pool.</returns>
    public byte[] DetachMessage()
    {
        IsAssembled = false;
        return _message.Detach();
    }

    /// <summary>Returns the buffer of what was just read, whose payload is then not valid any more, to the pool.</summary>
    public void ReleaseDelivered()
    {
        if (IsAssembled)
        {
            IsAssembled = false;
            _message.Release(_settings.Pool);
        }

        if (!_inFrame)
        {
            _control.Release(_settings.Pool);
        }
    }

    /// <summary>Returns all buffers to the pool. Whatever comes afterwards is ignored.</summary>
    public void Release()
    {
        _ended = true;
        IsAssembled = false;
        _message.Release(_settings.Pool);
        _compressed.Release(_settings.Pool);
        _control.Release(_settings.Pool);
    }

    private bool TryBeginFrame(in FrameHeader header)
    {
        // What was delivered, and nobody detached, is over now.
        ReleaseDelivered();
        _payloadLength = header.PayloadLength;
        _remaining = header.PayloadLength;

        if (header.Opcode < Opcode.Close)
        {
            Error = _open.BeginFrame(header, _settings.MaxMessageLength);
            if (Error != WebSocketProtocolError.None)
            {
                return false;
            }

            MessageKind = (WebSocketMessageKind)_open.Opcode;
        }

        _inFrame = true;
        _opcode = header.Opcode;
        _fin = header.Fin;
        _key = header.MaskingKey;
        return true;
    }

    private ReceivedKind TakeControl(Span<byte> piece, out Span<byte> payload)
    {
        payload = default;
        _remaining -= piece.Length;
        bool whole = _remaining == 0;
        if (!whole || _control.Length != 0)
        {
            // Shorter than anything that is not there.
            _control.TryAppend(_settings, piece, _remaining);
        }

        if (!whole)
        {
            _key = Masking.Rotate(_key, piece.Length);
            return ReceivedKind.NeedMoreData;
        }

        payload = _control.Length != 0 ? _control.Bytes : piece;
        _inFrame = false;
        switch (_opcode)
        {
            case Opcode.Ping:
                return ReceivedKind.Ping;
            case Opcode.Pong:
                return ReceivedKind.Pong;
            default:
                // §5.5.1: after a Close frame nothing more is processed.
                _ended = true;
                return ReceivedKind.Close;
        }
    }

    private ReceivedKind TakeData(Span<byte> piece, out Span<byte> payload)
    {
        payload = default;
        _remaining -= piece.Length;
        TakenLength += piece.Length;
        bool frameEnds = _remaining == 0;
        bool messageEnds = frameEnds && _fin;

        // The whole message is in this span: check it in one go, and answer with a view.
        bool isWhole = messageEnds && piece.Length == _open.Length;
        bool isText = _open.Opcode == Opcode.Text;
        WebSocketProtocolError error = WebSocketProtocolError.None;
        if (_open.IsCompressed)
        {
            error = _compressed.Append(_inflater!, _settings, piece, isText, messageEnds);
        }
        else if (isText && !_text.TryAppend(piece, isWhole, messageEnds))
        {
            error = WebSocketProtocolError.InvalidUtf8;
        }

        if (error != WebSocketProtocolError.None)
        {
            return Fail(error);
        }

        if (frameEnds)
        {
            _inFrame = false;
        }
        else
        {
            _key = Masking.Rotate(_key, piece.Length);
        }

        EndsMessage = messageEnds;
        if (_open.IsCompressed)
        {
            bool isDelivered = messageEnds || (_settings.DeliverFragments && _compressed.Length != 0);
            if (!isDelivered)
            {
                return ReceivedKind.NeedMoreData;
            }

            _compressed.MoveTo(ref _message, _settings.Pool, messageEnds);
            payload = _message.Bytes;
            IsAssembled = _message.Array is not null;
        }
        else if (_settings.DeliverFragments)
        {
            if (piece.IsEmpty && !messageEnds)
            {
                return ReceivedKind.NeedMoreData;
            }

            payload = piece;
        }
        else if (isWhole)
        {
            payload = piece;
        }
        else
        {
            if (!piece.IsEmpty && !_message.TryAppend(_settings, piece, _remaining))
            {
                return Fail(WebSocketProtocolError.MemoryExhausted);
            }

            if (!messageEnds)
            {
                return ReceivedKind.NeedMoreData;
            }

            payload = _message.Bytes;
            IsAssembled = _message.Length != 0;
        }

        if (messageEnds)
        {
            _open = default;
        }

        return ReceivedKind.Message;
    }

    private ReceivedKind Fail(WebSocketProtocolError error)
    {
        Release();
        Error = error;
        return ReceivedKind.Violation;
    }
}
