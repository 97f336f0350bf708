using System.Buffers;

namespace Sockeye.Protocol;

/// <summary>Finds the end of an HTTP/1.1 head that arrives in pieces, and validates every byte once (RFC 9112 §2, §5).</summary>
/// <remarks>
/// Stricter than RFC 9112 §2.2 requires, because requests are smuggled where two readers interpret a head differently: lines must
/// end with CRLF, and folded lines and white space before a colon are rejected.
/// </remarks>
internal struct HeadReader
{
    // RFC 8446 §5.1: the first byte of a ClientHello. In HTTP it would be a control character.
    private const byte TlsHandshake = 22;

    private readonly HeadLimits _limits;
    private State _state;
    private HttpError _error;
    private int _position;    // how many bytes of the head have been looked at
    private int _lineStart;   // where the line begins that _position is in
    private int _headerCount;

    /// <summary>Creates a reader at the first byte of a head.</summary>
    public HeadReader(HeadLimits limits)
    {
        _limits = limits;
    }

    private enum State : byte
    {
        StartLine,
        StartLineEnd,
        LineStart,
        Name,
        Value,
        LineEnd,
        HeadEnd,
        Done,
        Failed,
    }

    /// <summary>Reads the bytes that have arrived since the last call.</summary>
    /// <param name="received">
    /// All bytes since the first byte of the head, including those of earlier calls. Only the new ones are examined, so the work
    /// is linear however the bytes are split.
    /// </param>
    /// <param name="headLength">
    /// The length of the head in bytes, including its empty line, when the result is <see cref="OperationStatus.Done"/>.
    /// </param>
    /// <param name="error">The violation, when the result is <see cref="OperationStatus.InvalidData"/>.</param>
    /// <returns>
    /// <see cref="OperationStatus.Done"/>; <see cref="OperationStatus.NeedMoreData"/>; or
    /// <see cref="OperationStatus.InvalidData"/>, which every later call repeats.
    /// </returns>
    public OperationStatus Read(ReadOnlySpan<byte> received, out int headLength, out HttpError error)
    {
        while (_state < State.Done && _position < received.Length)
        {
            Advance(received);
        }

        headLength = _state == State.Done ? _position : 0;
        error = _error;
        return _state switch
        {
            State.Done => OperationStatus.Done,
            State.Failed => OperationStatus.InvalidData,
            _ => OperationStatus.NeedMoreData,
        };
    }

    // Examines one or more bytes, and either moves past them or fails.
    private void Advance(ReadOnlySpan<byte> received)
    {
        if (_position >= _limits.MaxLength)
        {
            Fail(HttpError.HeadTooLong);
            return;
        }

        switch (_state)
        {
            case State.StartLine:
                ReadText(received, _limits.MaxStartLineLength, HttpError.StartLineTooLong, State.StartLineEnd);
                break;
            case State.LineStart:
                ReadLineStart(received[_position]);
                break;
            case State.Name:
                ReadName(received);
                break;
            case State.Value:
                ReadText(received, _limits.MaxHeaderLineLength, HttpError.HeaderLineTooLong, State.LineEnd);
                break;
            default:
                ReadLineFeed(received[_position]);
                break;
        }
    }

    private void ReadLineStart(byte value)
    {
        if (value == HttpCharacters.CarriageReturn)
        {
            _position++;
            _state = State.HeadEnd;
        }
        else if (value is (byte)' ' or (byte)'\t')
        {
            // RFC 9112 §5.2: a server "MUST either reject the message" or replace the fold. We reject.
            Fail(HttpError.ObsoleteLineFolding);
        }
        else if (_headerCount == _limits.MaxHeaderCount)
        {
            // Counts lines, not names: in CVE-2026-65624, repeated names bypassed a limit.
            Fail(HttpError.TooManyHeaders);
        }
        else
        {
            _headerCount++;
            _state = State.Name;
        }
    }

    private void ReadName(ReadOnlySpan<byte> received)
    {
        ReadOnlySpan<byte> rest = Allowed(received, _limits.MaxHeaderLineLength);
        int length = rest.IndexOfAnyExcept(HttpCharacters.TokenBytes);
        if (length < 0)
        {
            MoveOrFail(received, rest.Length, HttpError.HeaderLineTooLong);
            return;
        }

        // RFC 9112 §5.1: "No whitespace is allowed between the field name and colon".
        if (rest[length] != (byte)':' || _position + length == _lineStart)
        {
            Fail(rest[length] == HttpCharacters.LineFeed
                ? HttpError.InvalidLineTerminator
                : HttpError.InvalidHeaderName);
            return;
        }

        _position += length + 1;
        _state = State.Value;
    }

    // Reads the start line or a value: anything except control characters, up to a carriage return.
    private void ReadText(ReadOnlySpan<byte> received, int maxLineLength, HttpError tooLong, State next)
    {
        ReadOnlySpan<byte> rest = Allowed(received, maxLineLength);
        int length = rest.IndexOfAny(HttpCharacters.ControlBytes);
        if (length < 0)
        {
            MoveOrFail(received, rest.Length, tooLong);
            return;
        }

        byte value = rest[length];
        if (value != HttpCharacters.CarriageReturn)
        {
            Fail(value == HttpCharacters.LineFeed ? HttpError.InvalidLineTerminator
                : _position + length == 0 && value == TlsHandshake ? HttpError.UnexpectedTls
                : HttpError.InvalidCharacter);
            return;
        }

        // RFC 9112 §2.2 tells servers to skip empty lines before a request, because old clients end a body with one. No request
        // precedes an opening handshake.
        if (length == 0 && _position == 0)
        {
            Fail(HttpError.MalformedStartLine);
            return;
        }

        _position += length + 1;
        _state = next;
    }

    private void ReadLineFeed(byte value)
    {
        if (value != HttpCharacters.LineFeed)
        {
            Fail(HttpError.InvalidLineTerminator);
            return;
        }

        _position++;
        _lineStart = _position;
        _state = _state == State.HeadEnd ? State.Done : State.LineStart;
    }

    // Returns the new bytes that the limits of the line and the head allow. The limit of the line leaves room for the carriage
    // return, so that a line of exactly the maximum length passes.
    private readonly ReadOnlySpan<byte> Allowed(ReadOnlySpan<byte> received, int maxLineLength)
    {
        int end = (int)Math.Min((long)_lineStart + maxLineLength + 1, _limits.MaxLength);
        return received[_position..Math.Min(end, received.Length)];
    }

    private void MoveOrFail(ReadOnlySpan<byte> received, int length, HttpError tooLong)
    {
        _position += length;

        // If the limit of the line was reached, rather than that of the head or the end of the input, the line is too long by one
        // byte already. Advance checks the limit of the head.
        int maxLineLength = tooLong == HttpError.StartLineTooLong
            ? _limits.MaxStartLineLength
            : _limits.MaxHeaderLineLength;
        if (_position - _lineStart > maxLineLength)
        {
            Fail(tooLong);
        }
    }

    private void Fail(HttpError error)
    {
        _error = error;
        _state = State.Failed;
    }
}
