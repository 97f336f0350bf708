using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// Which web pages may open a connection (RFC 6455 §10.2): those of this server's own origin, and those of the origins
/// listed. Exact after canonicalisation, never by prefix or suffix; a wildcard is for whole labels. Immutable.
/// </summary>
internal sealed class OriginCheck
{
    private readonly Entry[] _allowed;
    private readonly bool _allowsNull;

    private OriginCheck(Entry[] allowed, bool allowsNull)
    {
        _allowed = allowed;
        _allowsNull = allowsNull;
    }

    /// <summary>Allows the same origin only.</summary>
    public static OriginCheck SameOrigin { get; } = new([], allowsNull: false);

    private static ReadOnlySpan<byte> Null => "null"u8;

    /// <summary>Takes a list of origins to allow beside the same one.</summary>
    /// <param name="origins">
    /// A scheme and a host, with a port if it is not the scheme's own: <c>https://example.com</c>. Or <c>null</c>,
    /// which is what sandboxed pages and local files send. <c>https://*.example.com</c> is every host below that one, with one
    /// label or more, and not itself.
    /// </param>
    /// <param name="check">The check, if each is an origin.</param>
    /// <param name="invalid">The first that is none.</param>
    /// <returns>Whether each is an origin in ASCII: international names are written in their xn-- form.</returns>
    public static bool TryCreate(IEnumerable<string> origins, out OriginCheck check, out string? invalid)
    {
        check = SameOrigin;
        invalid = null;
        bool allowsNull = false;
        List<Entry> allowed = [];
        foreach (string origin in origins)
        {
            if (origin == "null")
            {
                allowsNull = true;
            }
            else if (Entry.TryParse(origin, out Entry entry))
            {
                allowed.Add(entry);
            }
            else
            {
                invalid = origin;
                return false;
            }
        }

        check = new OriginCheck([.. allowed], allowsNull);
        return true;
    }

    /// <summary>
    /// Whether a header's value could be an origin at all: one word of visible ASCII, and no list of two.
    /// </summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> origin) =>
        !origin.IsEmpty && !origin.ContainsAnyExceptInRange((byte)'!', (byte)'~') && !origin.Contains((byte)',');

    /// <summary>Whether pages of an origin may connect.</summary>
    /// <param name="origin">The Origin header's value.</param>
    /// <param name="host">The Host header's value.</param>
    /// <param name="isSecure">Whether the connection is over TLS, so that the same origin is an https one.</param>
    public bool IsAllowed(ReadOnlySpan<byte> origin, ReadOnlySpan<byte> host, bool isSecure)
    {
        if (origin.SequenceEqual(Null))
        {
            return _allowsNull;
        }

        if (!Parts.TryParse(origin, out Parts asked))
        {
            return false;
        }

        if (Authority.TryParse(host, out Authority own) && asked.IsSame(isSecure ? "https"u8 : "http"u8, own))
        {
            return true;
        }

        foreach (Entry entry in _allowed)
        {
            if (Ascii.EqualsIgnoreCase(asked.Scheme, entry.Scheme)
                && entry.Host.IsMatch(asked.Authority, asked.IsSecure, anyPort: false))
            {
                return true;
            }
        }

        return false;
    }

    private readonly record struct Entry(byte[] Scheme, HostPattern Host)
    {
        public static bool TryParse(string origin, out Entry entry)
        {
            entry = default;
            int length = origin.IndexOf("://", StringComparison.Ordinal);
            if (length <= 0 || !HttpCharacters.IsToken(origin.AsSpan(0, length)) || origin[0] == '*'
                || !HostPattern.TryParse(origin.AsSpan(length + "://".Length), out HostPattern? host))
            {
                return false;
            }

            entry = new Entry(Encoding.ASCII.GetBytes(origin[..length]), host!);
            return true;
        }
    }

    // RFC 6454 §4: scheme, host and port, and nothing behind them.
    private readonly ref struct Parts
    {
        private Parts(ReadOnlySpan<byte> scheme, Authority authority)
        {
            Scheme = scheme;
            Authority = authority;
        }

        public ReadOnlySpan<byte> Scheme { get; }

        public Authority Authority { get; }

        public bool IsSecure => Ascii.EqualsIgnoreCase(Scheme, "https"u8);

        public static bool TryParse(ReadOnlySpan<byte> origin, out Parts parts)
        {
            parts = default;
            int schemeLength = origin.IndexOf("://"u8);
            if (schemeLength <= 0
                || !HttpCharacters.IsToken(origin[..schemeLength])
                || !Authority.TryParse(origin[(schemeLength + "://"u8.Length)..], out Authority authority))
            {
                return false;
            }

            parts = new Parts(origin[..schemeLength], authority);
            return true;
        }

        public bool IsSame(ReadOnlySpan<byte> scheme, Authority authority) =>
            Ascii.EqualsIgnoreCase(Scheme, scheme)
            && Authority.IsSame(authority, IsSecure);
    }
}
