namespace Sockeye.Transports.Tls;

/// <summary>
/// Follows the records of one direction (RFC 8446 §5.1), so that what may be close_notify is read by itself: an
/// <see cref="System.Net.Security.SslStream"/> that reads it together with data returns the data, and the end in the next read only.
/// </summary>
internal struct TlsRecordEnds
{
    private const int HeaderLength = 5;
    private const int LengthIndex = 3;

    // RFC 8446 §5.2: a level, a description, the type and a tag. TLS 1.2 shows the type.
    private const int MaxEncryptedAlertLength = 2 + 1 + 16;

    private int _headerLength;
    private int _rest;
    private bool _mayBeAlert;

    /// <summary>How many of the next bytes to read together: all, unless the last record in them is whole and may be an alert.</summary>
    public readonly int LengthBeforeAlert(ReadOnlySpan<byte> next)
    {
        TlsRecordEnds ends = this;
        int start = 0;
        for (int position = 0; position < next.Length;)
        {
            start = ends._headerLength == 0 ? position : start;
            position += ends.Step(next[position..]);
        }

        return ends._headerLength == 0 && ends._mayBeAlert && start != 0 ? start : next.Length;
    }

    /// <summary>Notes bytes that were read.</summary>
    public void Add(ReadOnlySpan<byte> read)
    {
        while (!read.IsEmpty)
        {
            read = read[Step(read)..];
        }
    }

    private int Step(ReadOnlySpan<byte> next)
    {
        int length = 1;
        if (_headerLength < HeaderLength)
        {
            AddToHeader(next[0]);
        }
        else
        {
            length = Math.Min(_rest, next.Length);
            _rest -= length;
        }

        if (_headerLength == HeaderLength && _rest == 0)
        {
            _headerLength = 0;
        }

        return length;
    }

    private void AddToHeader(byte next)
    {
        if (_headerLength == 0)
        {
            _mayBeAlert = next == TlsRecord.Alert;
        }

        _rest = _headerLength < LengthIndex ? 0 : (_rest << 8) | next;
        _headerLength++;
        _mayBeAlert |= _headerLength == HeaderLength && _rest <= MaxEncryptedAlertLength;
    }
}
