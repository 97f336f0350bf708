using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// A host and perhaps a port that a rule names: <c>example.com</c>, <c>example.com:8080</c>, <c>[::1]</c>, or
/// <c>*.example.com</c>, which is every host below it with one label or more, and not itself. Immutable.
/// </summary>
/// <remarks>Labels are compared whole, from the right, without regard to case: never a prefix, a suffix or a substring.</remarks>
internal sealed class HostPattern
{
    private readonly byte[] _authority;
    private readonly bool _isWildcard;

    private HostPattern(byte[] authority, bool isWildcard)
    {
        _authority = authority;
        _isWildcard = isWildcard;
    }

    /// <summary>Reads a pattern in ASCII; international names are written in their xn-- form.</summary>
    /// <returns>Whether it is one: a wildcard is the whole first label, and two labels or more are behind it.</returns>
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

        // Whoever may have every name below a public suffix may have every name there is.
        if (!Authority.TryParse(bytes, out Authority authority)
            || (isWildcard && (!authority.Host.Contains((byte)'.') || IsAddress(authority.Host))))
        {
            return false;
        }

        pattern = new HostPattern(bytes, isWildcard);
        return true;
    }

    /// <summary>Whether an authority is one that is named.</summary>
    /// <param name="asked">The authority.</param>
    /// <param name="isSecure">Whether a port that is not written is that of TLS.</param>
    /// <param name="anyPort">Whether a pattern without a port names every port.</param>
    public bool IsMatch(Authority asked, bool isSecure, bool anyPort)
    {
        // It was parsed before; what is kept of it is the bytes, since an authority lies over them.
        if (!Authority.TryParse(_authority, out Authority own)
            || (!(anyPort && !own.HasPort) && own.Port(isSecure) != asked.Port(isSecure)))
        {
            return false;
        }

        return _isWildcard ? IsBelow(asked.Host, own.Host) : Ascii.EqualsIgnoreCase(asked.Host, own.Host);
    }

    // What is before the dot is at least one label, and none of the labels is empty.
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

    // An IPv6 literal, or a last label of digits, as no name has (RFC 1123 §2.1).
    private static bool IsAddress(ReadOnlySpan<byte> host) =>
        host.StartsWith("["u8) || !host[(host.LastIndexOf((byte)'.') + 1)..].ContainsAnyExceptInRange((byte)'0', (byte)'9');
}
