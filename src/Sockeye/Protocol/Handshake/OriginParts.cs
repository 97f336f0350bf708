using System.Text;

namespace Sockeye.Protocol;

/// <summary>The parts of an Origin header: a scheme, an authority, and a rest that browsers never send (RFC 6454 §6.2).</summary>
internal readonly ref struct OriginParts
{
    private OriginParts(ReadOnlySpan<byte> scheme, bool hasAuthority, Authority authority, ReadOnlySpan<byte> rest)
    {
        Scheme = scheme;
        HasAuthority = hasAuthority;
        Authority = authority;
        Rest = rest;
    }

    /// <summary>The scheme, compared without regard to case.</summary>
    public ReadOnlySpan<byte> Scheme { get; }

    /// <summary>Whether there is an authority; <c>file://</c> has none.</summary>
    public bool HasAuthority { get; }

    /// <summary>The host and port.</summary>
    public Authority Authority { get; }

    /// <summary>The text after the authority; empty if that is a single slash.</summary>
    public ReadOnlySpan<byte> Rest { get; }

    /// <summary>Whether the default port is that of TLS.</summary>
    public bool IsSecure => Ascii.EqualsIgnoreCase(Scheme, "https"u8) || Ascii.EqualsIgnoreCase(Scheme, "wss"u8);

    /// <summary>Parses an origin.</summary>
    /// <returns>Whether it consists of a scheme, <c>://</c>, and either no authority or a valid one.</returns>
    public static bool TryParse(ReadOnlySpan<byte> origin, out OriginParts parts)
    {
        parts = default;
        int schemeLength = origin.IndexOf("://"u8);
        if (schemeLength <= 0 || !HttpCharacters.IsToken(origin[..schemeLength]))
        {
            return false;
        }

        ReadOnlySpan<byte> text = origin[(schemeLength + "://"u8.Length)..];
        int authorityLength = LengthOfAuthority(text);
        Authority authority = default;
        if (authorityLength > 0 && !Authority.TryParse(text[..authorityLength], out authority))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = text[authorityLength..];
        rest = rest.SequenceEqual("/"u8) ? default : rest;
        parts = new OriginParts(origin[..schemeLength], authorityLength > 0, authority, rest);
        return true;
    }

    /// <summary>Returns the length of the authority at the start of a text (RFC 3986 §3.2).</summary>
    public static int LengthOfAuthority(ReadOnlySpan<byte> text)
    {
        int length = text.IndexOfAny((byte)'/', (byte)'?', (byte)'#');
        return length < 0 ? text.Length : length;
    }

    /// <summary>Whether this is the origin of the server's own host. ws counts as http, and wss as https.</summary>
    public bool IsOf(Authority host, bool isSecure) =>
        HasAuthority
        && Rest.IsEmpty
        && (isSecure
            ? IsSecure
            : Ascii.EqualsIgnoreCase(Scheme, "http"u8) || Ascii.EqualsIgnoreCase(Scheme, "ws"u8))
        && Authority.IsSame(host, isSecure);
}
