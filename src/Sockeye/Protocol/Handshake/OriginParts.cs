using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// The parts of an Origin header: a scheme, an authority, and what a browser never sends behind it (RFC 6454 §6.2).
/// </summary>
internal readonly ref struct OriginParts
{
    private OriginParts(ReadOnlySpan<byte> scheme, bool hasAuthority, Authority authority, ReadOnlySpan<byte> rest)
    {
        Scheme = scheme;
        HasAuthority = hasAuthority;
        Authority = authority;
        Rest = rest;
    }

    /// <summary>The scheme. Compares without regard to case.</summary>
    public ReadOnlySpan<byte> Scheme { get; }

    /// <summary>Whether there is an authority: <c>file://</c> has none.</summary>
    public bool HasAuthority { get; }

    /// <summary>Host and port.</summary>
    public Authority Authority { get; }

    /// <summary>What follows the authority; empty if that is a single slash.</summary>
    public ReadOnlySpan<byte> Rest { get; }

    /// <summary>Whether a port that is not written is that of TLS.</summary>
    public bool IsSecure => Ascii.EqualsIgnoreCase(Scheme, "https"u8) || Ascii.EqualsIgnoreCase(Scheme, "wss"u8);

    /// <summary>Reads an origin.</summary>
    /// <returns>Whether it has a scheme, <c>://</c>, and either no authority or a valid one.</returns>
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

    /// <summary>How long the authority is with which a text begins (RFC 3986 §3.2).</summary>
    public static int LengthOfAuthority(ReadOnlySpan<byte> text)
    {
        int length = text.IndexOfAny((byte)'/', (byte)'?', (byte)'#');
        return length < 0 ? text.Length : length;
    }

    /// <summary>Whether this is the origin of a server's own host: with ws for http, or wss for https.</summary>
    public bool IsOf(Authority host, bool isSecure) =>
        HasAuthority
        && Rest.IsEmpty
        && (isSecure
            ? IsSecure
            : Ascii.EqualsIgnoreCase(Scheme, "http"u8) || Ascii.EqualsIgnoreCase(Scheme, "ws"u8))
        && Authority.IsSame(host, isSecure);
}
