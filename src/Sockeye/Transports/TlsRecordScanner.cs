namespace Sockeye.Transports;

/// <summary>Follows the TLS records of one direction (RFC 8446 §5.1) and finds messages of the handshake and an unencrypted alert among them.</summary>
internal struct TlsRecordScanner
{
    private const int HeaderLength = 5;
    private const int LengthIndex = 3;

    // RFC 8446 §6: a level and a description. An encrypted alert is longer.
    private const int PlainAlertLength = 2;

    private byte _type;
    private ushort _length;
    private int _headerLength;
    private int _contentLength;

    /// <summary>Whether a message of the handshake has begun.</summary>
    public bool HasHandshake { get; set; }

    /// <summary>The description of the alert (RFC 8446 §6), or <see langword="null"/> if there was none.</summary>
    public byte? Alert { get; private set; }

    /// <summary>Scans the next bytes.</summary>
    public void Add(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty)
        {
            if (_headerLength < HeaderLength)
            {
                AddToHeader(piece[0]);
                piece = piece[1..];
                continue;
            }

            int count = Math.Min(_length - _contentLength, piece.Length);
            _contentLength += count;
            if (_contentLength == _length)
            {
                if (_type == TlsRecord.Alert && _length == PlainAlertLength)
                {
                    Alert = piece[count - 1];
                }

                _headerLength = 0;
                _contentLength = 0;
            }

            piece = piece[count..];
        }
    }

    private void AddToHeader(byte next)
    {
        _type = _headerLength == 0 ? next : _type;
        if (_headerLength >= LengthIndex)
        {
            _length = (ushort)((_length << 8) | next);
        }

        _headerLength++;
        HasHandshake |= _type == TlsRecord.Handshake;
        if (_headerLength == HeaderLength && _length == 0)
        {
            // The record is empty.
            _headerLength = 0;
        }
    }
}
