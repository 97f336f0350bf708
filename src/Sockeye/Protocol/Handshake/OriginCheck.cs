namespace Sockeye.Protocol;

/// <summary>
/// Decides which web pages may open a connection (RFC 6455 §10.2): those of this server's own origin, and those of listed
/// origins. Exact after canonicalisation, never by prefix or suffix; a wildcard stands for whole labels. Immutable.
/// </summary>
/// <remarks>
/// Browsers send a scheme, a host and a port (RFC 6454 §6.2). Devices and libraries may send more: the scheme ws, a slash after
/// the host, or a whole path. Web pages cannot, so that accepting such an origin admits no page. A slash alone is ignored, ws
/// counts as http in the server's own origin, and a path is accepted if it is listed.
/// </remarks>
internal sealed class OriginCheck
{
    private readonly OriginEntry[] _allowed;
    private readonly bool _allowsNull;

    private OriginCheck(OriginEntry[] allowed, bool allowsNull)
    {
        _allowed = allowed;
        _allowsNull = allowsNull;
    }

    /// <summary>Allows only the server's own origin.</summary>
    public static OriginCheck SameOrigin { get; } = new([], allowsNull: false);

    private static ReadOnlySpan<byte> Null => "null"u8;

    /// <summary>Creates a check that allows the listed origins and the server's own.</summary>
    /// <param name="origins">
    /// The origins: <c>null</c>, which sandboxed pages and local files send, or anything that <see cref="OriginEntry.TryParse"/>
    /// accepts.
    /// </param>
    /// <param name="check">The check, if all origins are valid.</param>
    /// <param name="invalid">The first invalid origin.</param>
    /// <returns>Whether all origins are valid ASCII; international names must be in their xn-- form.</returns>
    public static bool TryCreate(IEnumerable<string> origins, out OriginCheck check, out string? invalid)
    {
        check = SameOrigin;
        invalid = null;
        bool allowsNull = false;
        List<OriginEntry> allowed = [];
        foreach (string origin in origins)
        {
            if (origin == "null")
            {
                allowsNull = true;
            }
            else if (OriginEntry.TryParse(origin, out OriginEntry? entry))
            {
                allowed.Add(entry!);
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

    /// <summary>Whether a header value can be an origin: one word of visible ASCII, not a list.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> origin) =>
        !origin.IsEmpty && !origin.ContainsAnyExceptInRange((byte)'!', (byte)'~') && !origin.Contains((byte)',');

    /// <summary>Whether pages of an origin may connect.</summary>
    /// <param name="origin">The Origin header's value.</param>
    /// <param name="host">The Host header's value.</param>
    /// <param name="isSecure">Whether the connection uses TLS, so that the server's own origin is an https one.</param>
    public bool IsAllowed(ReadOnlySpan<byte> origin, ReadOnlySpan<byte> host, bool isSecure)
    {
        if (origin.SequenceEqual(Null))
        {
            return _allowsNull;
        }

        if (!OriginParts.TryParse(origin, out OriginParts asked))
        {
            return false;
        }

        if (Authority.TryParse(host, out Authority own) && asked.IsOf(own, isSecure))
        {
            return true;
        }

        foreach (OriginEntry entry in _allowed)
        {
            if (entry.IsMatch(asked))
            {
                return true;
            }
        }

        return false;
    }
}
