using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Sockeye.Protocol;

/// <summary>
/// Reads messages from received bytes: parses frames, unmasks them in place, validates text, assembles fragments, and returns the
/// control frames between them (RFC 6455 §5.4 to §5.6, §8.1).
/// </summary>
/// <remarks>
/// A frame that lies whole in the span it arrived in is returned as a view of that span, without a copy or an allocation. Only a
/// message that is split across spans or fragmented is assembled in a pooled buffer. The first violation is final. Not
/// thread-safe; never throws because of a peer's bytes.
/// </remarks>
internal sealed class MessageReader
{
    // DEFLATE expands one byte to at most 1,032. A fragment that is delivered inflated is therefore below 17 MiB, however long
    // the message is.
    private const int MaxCompressedPieceLength = 16 * 1024;

    private MessageReaderSettings _settings;
    private IMessageInflater? _inflater;

    // The message being assembled.
    private OpenMessage _open;
    private MessageText _text;
    private CompressedMessage _compressed;
    private AssemblyBuffer _message;

    // The frame whose payload is arriving, if _inFrame is true. A partial control frame has its own buffer, since it may
    // interrupt a message.
    private bool _inFrame;
    private bool _fin;
    private Opcode _opcode;
    private uint _key;
    private long _payloadLength;
    private long _remaining;
    private AssemblyBuffer _control;

    private PartialHeader _header;
    private bool _ended;

    /// <summary>Creates the reader of a connection.</summary>
    /// <param name="settings">The settings that it shares with other connections.</param>
    /// <param name="inflater">The inflater of the connection, if the settings allow RSV1 (RFC 7692 §6).</param>
    public MessageReader(MessageReaderSettings settings, IMessageInflater? inflater = null) => Reuse(settings, inflater);

    /// <summary>Whether the reader is in its initial state, so that it can serve another connection.</summary>
    public bool IsAtRest =>
        !_inFrame && !IsInsideMessage && !_ended && _header.Length == 0 && _message.Array is null && _control.Array is null;

    /// <summary>Assigns the reader, which must be in its initial state, to another connection.</summary>
    [MemberNotNull(nameof(_settings))]
    public void Reuse(MessageReaderSettings settings, IMessageInflater? inflater = null)
    {
        _settings = settings;
        _inflater = inflater;
    }

    /// <summary>The violated rule, after <see cref="Read"/> has returned a violation.</summary>
    public WebSocketProtocolError Error { get; private set; }

    /// <summary>The kind of the last message, or of the one being assembled.</summary>
    public WebSocketMessageKind MessageKind { get; private set; }

    /// <summary>
    /// Whether the last message's payload lies in a pooled buffer, which <see cref="DetachMessage"/> transfers.
    /// </summary>
    public bool IsAssembled { get; private set; }

    /// <summary>Whether a message is incomplete.</summary>
    public bool IsInsideMessage => _open.IsOpen;

    /// <summary>Whether a frame or a message is incomplete.</summary>
    public bool IsWaiting => !_ended && (_inFrame || IsInsideMessage || _header.Length != 0);

    /// <summary>The total number of message bytes read. It grows with every byte of a message, and with nothing else.</summary>
    public long TakenLength { get; private set; }

    /// <summary>
    /// Whether the last piece read ends its message; always <see langword="true"/> unless fragments are delivered.
    /// </summary>
    public bool EndsMessage { get; private set; }

    /// <summary>Whether the last piece read ends the frame that it arrived in.</summary>
    public bool EndsFrame { get; private set; }

    /// <summary>Reads up to the next message or control frame.</summary>
    /// <param name="source">
    /// The received bytes that have not been consumed. They are unmasked in place, and the returned payload may lie in them.
    /// </param>
    /// <param name="consumed">
    /// The number of bytes consumed: all of them if the result is <see cref="ReceivedKind.NeedMoreData"/>. Do not pass them
    /// again.
    /// </param>
    /// <param name="payload">
    /// The payload of the message or control frame, valid until the next call and for as long as <paramref name="source"/> is.
    /// </param>
    /// <returns>The kind of result. After a Close frame or a violation, all further bytes are consumed and ignored.</returns>
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

            // An empty frame needs no more bytes; any other does.
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

    /// <summary>Describes the rule that the last frame violated.</summary>
    /// <param name="error">The rule: <see cref="Error"/>, or one that the payload of a control frame violates.</param>
    /// <param name="position">The number of bytes of the stream that have been consumed.</param>
    public ProtocolViolation Describe(WebSocketProtocolError error, long position)
    {
        // While a header is incomplete, no byte of its frame's payload has been consumed.
        long payloadConsumed = _header.Length == 0 ? _payloadLength - _remaining : 0;
        bool isTooLong = error == WebSocketProtocolError.MessageTooLong;
        return new ProtocolViolation(error, _header.ToArray(error), position - _header.ConsumedLength - payloadConsumed)
        {
            MessageLength = isTooLong ? _open.Length : null,
            MaxMessageLength = isTooLong ? _settings.MaxMessageLength : null,
            IsCompressed = _open.IsCompressed,
        };
    }

    /// <summary>The pooled array that begins with the last message's payload, if it was assembled.</summary>
    public byte[]? AssembledArray => IsAssembled ? _message.Array : null;

    /// <summary>Transfers ownership of the last message's buffer, which avoids a copy.</summary>
    /// <returns>An array of the pool that begins with the payload; the caller returns it to the pool.</returns>
    public byte[] DetachMessage()
    {
        IsAssembled = false;
        return _message.Detach();
    }

    /// <summary>Returns the buffer of the last result to the pool; its payload is no longer valid.</summary>
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

    /// <summary>Returns all buffers to the pool. All further bytes are ignored.</summary>
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
        // A delivered message that was not detached ends here.
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
            // A control frame is shorter than any buffer that the settings disallow, so this succeeds.
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
                // RFC 6455 §5.5.1: nothing is processed after a Close frame.
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

        // If the whole message lies in this span, it is validated at once and returned as a view.
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
        EndsFrame = frameEnds;
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
