using System.Text;

namespace Sockeye.Transports;

/// <summary>How the peer began TLS, and how both ends spoke during the handshake: explains a failed one.</summary>
internal sealed class TlsOpening
{
    private const byte MajorVersion = 3;

    private const int MaxKeptLength = 48;
    private const int MinMethodLength = 3;

    private readonly byte[] _first = new byte[MaxKeptLength];
    private int _firstLength;
    private TlsRecordScanner _received;
    private TlsRecordScanner _sent;

    /// <summary>How long another protocol than TLS may take for its first word, by which it is recognized.</summary>
    public static TimeSpan MaxFirstWordTime { get; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether the peer has sent anything.</summary>
    public bool HasReceived => _firstLength != 0;

    /// <summary>Whether the bytes received so far could be the start of HTTP, and more are needed to decide.</summary>
    public bool MayBecomeHttp => HasReceived && _firstLength < MaxKeptLength
        && !_first.AsSpan(0, _firstLength).ContainsAnyExceptInRange((byte)'A', (byte)'Z');

    /// <summary>Whether the peer's first bytes are not TLS.</summary>
    public bool IsNotTls =>
        HasReceived && (!TlsRecord.CanBeginWith(_first[0]) || (_firstLength > 1 && _first[1] != MajorVersion));

    /// <summary>Whether the peer's first bytes are an HTTP request or response.</summary>
    public bool IsHttp
    {
        get
        {
            ReadOnlySpan<byte> first = _first.AsSpan(0, _firstLength);
            int method = first.IndexOfAnyExceptInRange((byte)'A', (byte)'Z');
            return first.StartsWith("HTTP/"u8) || (method >= MinMethodLength && first[method] == ' ');
        }
    }

    /// <summary>The start of what the peer sent, limited to what may be shown: the first line, without a query.</summary>
    public string FirstText
    {
        get
        {
            string text = Encoding.Latin1.GetString(_first, 0, _firstLength);
            int end = text.AsSpan().IndexOfAny('\r', '\n', '?');
            return end < 0 ? text : text[..end];
        }
    }

    /// <summary>The alert that the peer sent unencrypted (RFC 8446 §6), if any.</summary>
    public byte? AlertReceived => _received.Alert;

    /// <summary>The alert that this end sent unencrypted, if any.</summary>
    public byte? AlertSent => _sent.Alert;

    /// <summary>Whether the peer has sent a message of the handshake since this was last set to <see langword="false"/>.</summary>
    public bool HasHandshake
    {
        get => _received.HasHandshake;
        set => _received.HasHandshake = value;
    }

    /// <summary>Whether the peer has ended its direction.</summary>
    public bool HasEnded { get; set; }

    /// <summary>The error of the transport, if any.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Adds what the peer has sent.</summary>
    public void AddReceived(ReadOnlySpan<byte> piece)
    {
        ReadOnlySpan<byte> kept = piece[..Math.Min(piece.Length, MaxKeptLength - _firstLength)];
        kept.CopyTo(_first.AsSpan(_firstLength));
        _firstLength += kept.Length;
        _received.Add(piece);
    }

    /// <summary>Adds what this end has sent.</summary>
    public void AddSent(ReadOnlySpan<byte> piece) => _sent.Add(piece);
}
