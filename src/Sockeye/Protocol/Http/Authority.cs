using System.Buffers;
using System.Text;

namespace Sockeye.Protocol;

/// <summary>A host with an optional port, from a Host header, a target or an origin (RFC 3986 §3.2).</summary>
internal readonly ref struct Authority
{
    /// <summary>The default port of <c>http</c> and <c>ws</c> (RFC 9110 §4.2.1).</summary>
    public const int HttpPort = 80;

    /// <summary>The default port of <c>https</c> and <c>wss</c> (RFC 9110 §4.2.2).</summary>
    public const int HttpsPort = 443;

    private const int MaxPortDigits = 5;

    // RFC 3986 §3.2.2: the characters of reg-name without the comma, since two Host headers that a proxy joined are not one host.
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create(
        "-._~%!$&'()*+;=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // The characters inside the brackets of an IPv6 literal; zone identifiers are not sent (RFC 9844).
    private static readonly SearchValues<byte> LiteralBytes = SearchValues.Create(":.0123456789ABCDEFabcdef"u8);

    private readonly int _port;

    private Authority(ReadOnlySpan<byte> host, int port)
    {
        Host = host;
        _port = port;
    }

    /// <summary>The host, with the brackets of an IPv6 literal. Compared without regard to case.</summary>
    public ReadOnlySpan<byte> Host { get; }

    /// <summary>Parses a host with an optional port. User information is rejected, since it must not be sent.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Authority authority)
    {
        authority = default;
        int hostLength = text.StartsWith("["u8) ? text.IndexOf((byte)']') + 1 : text.IndexOf((byte)':');
        hostLength = hostLength < 0 ? text.Length : hostLength;

        ReadOnlySpan<byte> host = text[..hostLength];
        ReadOnlySpan<byte> rest = text[hostLength..];
        if (!IsHost(host) || !TryParsePort(rest, out int port))
        {
            return false;
        }

        authority = new Authority(host, port);
        return true;
    }

    /// <summary>Whether a port is given.</summary>
    public bool HasPort => _port >= 0;

    /// <summary>Returns the port, or the default port of the scheme if none is given.</summary>
    public int Port(bool isSecure) => _port >= 0 ? _port : isSecure ? HttpsPort : HttpPort;

    /// <summary>Whether two authorities are the same under one scheme.</summary>
    public bool IsSame(Authority other, bool isSecure) =>
        Port(isSecure) == other.Port(isSecure) && Ascii.EqualsIgnoreCase(Host, other.Host);

    private static bool IsHost(ReadOnlySpan<byte> host) => host.StartsWith("["u8)
        ? host.Length > "[]"u8.Length && !host[1..^1].ContainsAnyExcept(LiteralBytes)
        : !host.IsEmpty && !host.ContainsAnyExcept(NameBytes);

    // RFC 3986 §3.2.3: port = *DIGIT, so that a colon without digits means the default port.
    private static bool TryParsePort(ReadOnlySpan<byte> text, out int port)
    {
        port = -1;
        if (text.IsEmpty)
        {
            return true;
        }

        ReadOnlySpan<byte> digits = text[1..];
        if (text[0] != (byte)':' || digits.Length > MaxPortDigits)
        {
            return false;
        }

        int value = 0;
        foreach (byte digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        port = digits.IsEmpty ? -1 : value;
        return port <= ushort.MaxValue && port != 0;
    }
}
