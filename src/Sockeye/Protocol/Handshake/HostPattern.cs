using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// A pattern for a host with an optional port: <c>example.com</c>, <c>example.com:8080</c>, <c>[::1]</c>, or
/// <c>*.example.com</c>, which matches every host with one or more labels before that one, but not the host itself. Immutable.
/// </summary>
/// <remarks>
/// Labels are compared as a whole, from the right, without regard to case: never as a prefix, a suffix or a substring.
/// </remarks>
internal sealed class HostPattern
{
    private readonly byte[] _authority;
    private readonly bool _isWildcard;

    private HostPattern(byte[] authority, bool isWildcard)
    {
        _authority = authority;
        _isWildcard = isWildcard;
    }

    /// <summary>Parses a pattern in ASCII; international names must be in their xn-- form.</summary>
    /// <returns>
    /// Whether the pattern is valid: a wildcard must be the whole first label, followed by at least two labels.
    /// </returns>
    public static bool TryParse(ReadOnlySpan<char> text, out HostPattern? pattern)
    {
        pattern = null;
        bool isWildcard = text.StartsWith("*.");
        ReadOnlySpan<char> rest = isWildcard ? text["*.".Length..] : text;
        if (!Ascii.IsValid(rest) || rest.Contains('*'))
        {
            return false;
        }

        byte[] bytes = Encoding.ASCII.GetBytes(rest.ToString());

        // A wildcard right below a top-level domain would match hosts of everyone.
        if (!Authority.TryParse(bytes, out Authority authority)
            || (isWildcard && (!authority.Host.Contains((byte)'.') || IsAddress(authority.Host))))
        {
            return false;
        }

        pattern = new HostPattern(bytes, isWildcard);
        return true;
    }

    /// <summary>Whether the pattern matches an authority.</summary>
    /// <param name="asked">The authority.</param>
    /// <param name="isSecure">Whether the default port is that of TLS.</param>
    /// <param name="anyPort">Whether a pattern without a port matches every port.</param>
    public bool IsMatch(Authority asked, bool isSecure, bool anyPort)
    {
        // Parsed before; only the bytes are stored, because an Authority is a view of them.
        if (!Authority.TryParse(_authority, out Authority own)
            || (!(anyPort && !own.HasPort) && own.Port(isSecure) != asked.Port(isSecure)))
        {
            return false;
        }

        return _isWildcard ? IsBelow(asked.Host, own.Host) : Ascii.EqualsIgnoreCase(asked.Host, own.Host);
    }

    // At least one label precedes the dot, and none of the labels is empty.
    private static bool IsBelow(ReadOnlySpan<byte> host, ReadOnlySpan<byte> parent)
    {
        int length = host.Length - parent.Length - 1;
        return length > 0
            && host[length] == (byte)'.'
            && Ascii.EqualsIgnoreCase(host[(length + 1)..], parent)
            && host[0] != (byte)'.'
            && host[length - 1] != (byte)'.'
            && host.IndexOf(".."u8) < 0;
    }

    // An IPv6 literal, or a last label of digits, which no host name has (RFC 1123 §2.1).
    private static bool IsAddress(ReadOnlySpan<byte> host) =>
        host.StartsWith("["u8) || !host[(host.LastIndexOf((byte)'.') + 1)..].ContainsAnyExceptInRange((byte)'0', (byte)'9');
}
