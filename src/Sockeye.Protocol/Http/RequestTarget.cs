using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// What a request asks for: a path and perhaps a query, perhaps with the authority before (RFC 9112 §3.2).
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

    /// <summary>The authority of an absolute-form target, not yet checked; empty for origin-form.</summary>
    public ReadOnlySpan<byte> Authority { get; }

    /// <summary>Whether the scheme of an absolute-form target is <c>https</c>.</summary>
    public bool IsSecure { get; }

    /// <summary>The path as it was sent, from its slash; not decoded.</summary>
    public ReadOnlySpan<byte> Path { get; }

    /// <summary>What stands behind the question mark, not decoded; empty if there is nothing.</summary>
    public ReadOnlySpan<byte> Query { get; }

    /// <summary>
    /// Reads a target in origin-form or absolute-form: what an opening handshake may have (RFC 6455 §4.2.1).
    /// </summary>
    /// <param name="target">Visible ASCII, as <see cref="RequestHead.Target"/> is.</param>
    /// <param name="result">Its parts, if the target is one.</param>
    /// <returns>
    /// Whether it is one and harmless: a fragment, a segment that is one or two dots, a NUL, and an authority where the
    /// path should begin are refused, since what is behind us might read them in another way.
    /// </returns>
    public static bool TryParse(ReadOnlySpan<byte> target, out RequestTarget result)
    {
        result = default;
        ReadOnlySpan<byte> authority = default;
        bool isSecure = false;
        if (target.Contains((byte)'#') || HasNul(target))
        {
            return false;
        }

        if (!target.StartsWith("/"u8))
        {
            // §3.2.2. RFC 6455 §4.2.1: "an absolute HTTP/HTTPS URI". A ws scheme has no place in HTTP.
            isSecure = StartsWithIgnoreCase(target, "https://"u8);
            if (!isSecure && !StartsWithIgnoreCase(target, "http://"u8))
            {
                return false;
            }

            target = target[(isSecure ? "https://"u8 : "http://"u8).Length..];
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
        if (path.StartsWith("//"u8) || HasDotSegment(path))
        {
            return false;
        }

        result = new RequestTarget(authority, isSecure, path, query);
        return true;
    }

    private static bool StartsWithIgnoreCase(ReadOnlySpan<byte> text, ReadOnlySpan<byte> prefix) =>
        text.Length >= prefix.Length && Ascii.EqualsIgnoreCase(text[..prefix.Length], prefix);

    private static bool HasNul(ReadOnlySpan<byte> target) => target.IndexOf("%00"u8) >= 0;

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
