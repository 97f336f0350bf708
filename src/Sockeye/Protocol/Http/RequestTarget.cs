using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// What a request asks for: a path with an optional query, and in absolute form a scheme and an authority before them
/// (RFC 9112 §3.2).
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

    /// <summary>The authority of a target in absolute form, not yet checked; empty for origin form.</summary>
    public ReadOnlySpan<byte> Authority { get; }

    /// <summary>Whether the scheme of a target in absolute form is <c>https</c> or <c>wss</c>.</summary>
    public bool IsSecure { get; }

    /// <summary>
    /// The path as it was sent, not decoded, except that several slashes at its start are one here. It begins with exactly
    /// one slash.
    /// </summary>
    public ReadOnlySpan<byte> Path { get; }

    /// <summary>The query without its question mark, not decoded; empty if there is none.</summary>
    public ReadOnlySpan<byte> Query { get; }

    /// <summary>
    /// Reads a target in origin form or absolute form: the forms that an opening handshake may have (RFC 6455 §4.2.1).
    /// </summary>
    /// <param name="target">Visible ASCII, as <see cref="RequestHead.Target"/> is.</param>
    /// <param name="result">The parts of a valid target.</param>
    /// <returns>
    /// Whether the target is valid. In the path, a segment of one or two dots and a NUL are rejected, because other readers
    /// of the path resolve the dots and end it at the NUL; so is a fragment, which is never sent (RFC 9110 §7.1).
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

        // §3.2.1: "If the target URI's path component is empty, the client MUST send "/"" in origin-form; an absolute
        // one may leave it out.
        path = path.IsEmpty ? "/"u8 : path;

        // A path that begins with "//" is an authority wherever it is read as a relative reference (RFC 3986 §4.2): in a
        // Location header, for example. So that it never gets there, and so that "//admin" is the same route as "/admin".
        int slashes = path.IndexOfAnyExcept((byte)'/');
        path = path[((slashes < 0 ? path.Length : slashes) - 1)..];
        if (HasNul(path) || HasDotSegment(path))
        {
            return false;
        }

        result = new RequestTarget(authority, isSecure, path, query);
        return true;
    }

    // RFC 9112 §3.2.2. RFC 6455 §4.2.1 names http and https; RFC 6455 §3 defines ws and wss as the schemes of the same
    // resources, and clients that write their address into the request line send them.
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

    // RFC 3986 §6.2.2.3: a client removes these before it sends. %2E is a dot too; and once the path is decoded, what was
    // %2F ends a segment like any slash, and on some systems a backslash does.
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

    // How many bytes stand for a character where a text begins: none if it is another.
    private static int LengthOf(ReadOnlySpan<byte> text, byte character, ReadOnlySpan<byte> encoded) =>
        text[0] == character ? 1 : StartsWithIgnoreCase(text, encoded) ? encoded.Length : 0;
}
