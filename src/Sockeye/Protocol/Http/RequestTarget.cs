using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// The target of a request: a path with an optional query, preceded by a scheme and an authority in absolute form (RFC 9112
/// §3.2).
/// </summary>
internal readonly ref struct RequestTarget
{
    private RequestTarget(
        ReadOnlySpan<byte> authority, bool isSecure, ReadOnlySpan<byte> path, ReadOnlySpan<byte> query)
    {
        Authority = authority;
        IsSecure = isSecure;
        Path = path;
        Query = query;
    }

    /// <summary>The authority of a target in absolute form, not validated; empty for origin form.</summary>
    public ReadOnlySpan<byte> Authority { get; }

    /// <summary>Whether the scheme of a target in absolute form is <c>https</c> or <c>wss</c>.</summary>
    public bool IsSecure { get; }

    /// <summary>
    /// The path as it was sent, not decoded, except that it begins with exactly one slash: further slashes at its start are
    /// removed.
    /// </summary>
    public ReadOnlySpan<byte> Path { get; }

    /// <summary>The query without its question mark, not decoded; empty if there is none.</summary>
    public ReadOnlySpan<byte> Query { get; }

    /// <summary>
    /// Parses a target in origin form or absolute form, the forms that an opening handshake may use (RFC 6455 §4.2.1).
    /// </summary>
    /// <param name="target">The target, in visible ASCII as <see cref="RequestHead.Target"/> is.</param>
    /// <param name="result">The parts of a valid target.</param>
    /// <returns>
    /// Whether the target is valid. Segments of one or two dots and NULs in the path are rejected, because other parsers resolve
    /// the dots and end the path at a NUL. So is a fragment, which must not be sent (RFC 9110 §7.1).
    /// </returns>
    public static bool TryParse(ReadOnlySpan<byte> target, out RequestTarget result)
    {
        result = default;
        ReadOnlySpan<byte> authority = default;
        bool isSecure = false;
        if (target.Contains((byte)'#'))
        {
            return false;
        }

        if (!target.StartsWith("/"u8))
        {
            if (!TrySkipScheme(ref target, out isSecure))
            {
                return false;
            }

            int authorityLength = target.IndexOfAny((byte)'/', (byte)'?');
            authorityLength = authorityLength < 0 ? target.Length : authorityLength;
            authority = target[..authorityLength];
            target = target[authorityLength..];
            if (authority.IsEmpty)
            {
                return false;
            }
        }

        int question = target.IndexOf((byte)'?');
        ReadOnlySpan<byte> path = question < 0 ? target : target[..question];
        ReadOnlySpan<byte> query = question < 0 ? default : target[(question + 1)..];

        // RFC 9112 §3.2.1: "If the target URI's path component is empty, the client MUST send "/"" in origin-form. The absolute
        // form may omit it.
        path = path.IsEmpty ? "/"u8 : path;

        // As a relative reference, for example in a Location header, a path that begins with "//" is an authority (RFC 3986
        // §4.2). Removing the slashes prevents that, and makes "//admin" the same route as "/admin".
        int slashes = path.IndexOfAnyExcept((byte)'/');
        path = path[((slashes < 0 ? path.Length : slashes) - 1)..];
        if (HasNul(path) || HasDotSegment(path))
        {
            return false;
        }

        result = new RequestTarget(authority, isSecure, path, query);
        return true;
    }

    // RFC 9112 §3.2.2. RFC 6455 §4.2.1 names http and https. RFC 6455 §3 defines ws and wss as the schemes of the same resources,
    // and clients that put their URL into the request line send them.
    private static bool TrySkipScheme(ref ReadOnlySpan<byte> target, out bool isSecure)
    {
        isSecure = TrySkip(ref target, "https://"u8) || TrySkip(ref target, "wss://"u8);
        return isSecure || TrySkip(ref target, "http://"u8) || TrySkip(ref target, "ws://"u8);
    }

    private static bool TrySkip(ref ReadOnlySpan<byte> text, ReadOnlySpan<byte> prefix)
    {
        bool isThere = StartsWithIgnoreCase(text, prefix);
        text = isThere ? text[prefix.Length..] : text;
        return isThere;
    }

    private static bool StartsWithIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> prefix) =>
        text.Length >= prefix.Length && Ascii.EqualsIgnoreCase(text[..prefix.Length], prefix);

    private static bool HasNul(ReadOnlySpan<byte> path) => path.IndexOf("%00"u8) >= 0;

    // RFC 3986 §6.2.2.3: clients remove dot segments before they send. %2E is a dot too. Once the path is decoded, %2F ends a
    // segment like any slash, and so does a backslash on some systems.
    private static bool HasDotSegment(ReadOnlySpan<byte> path)
    {
        if (!path.ContainsAny((byte)'.', (byte)'%'))
        {
            return false;
        }

        int dots = 0;
        bool isName = false;
        while (!path.IsEmpty)
        {
            int end = LengthOf(path, (byte)'/', "%2F"u8) + LengthOf(path, (byte)'\\', "%5C"u8);
            int dot = LengthOf(path, (byte)'.', "%2E"u8);
            if (end == 0)
            {
                dots += dot == 0 ? 0 : 1;
                isName |= dot == 0;
            }
            else if (IsDots())
            {
                return true;
            }
            else
            {
                dots = 0;
                isName = false;
            }

            path = path[Math.Max(1, end + dot)..];
        }

        return IsDots();

        bool IsDots() => !isName && dots is 1 or 2;
    }

    // Returns the length of a character, plain or percent-encoded, at the start of a text; 0 if the text starts with another one.
    private static int LengthOf(ReadOnlySpan<byte> text, byte character, ReadOnlySpan<byte> encoded) =>
        text[0] == character ? 1 : StartsWithIgnoreCase(text, encoded) ? encoded.Length : 0;
}
