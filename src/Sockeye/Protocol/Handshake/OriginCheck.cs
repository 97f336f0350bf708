namespace Sockeye.Protocol;

/// <summary>
/// Which web pages may open a connection (RFC 6455 §10.2): those of this server's own origin, and those of the origins
/// listed. Exact after canonicalisation, never by prefix or suffix; a wildcard is for whole labels. Immutable.
/// </summary>
/// <remarks>
/// Browsers send a scheme, a host and a port (RFC 6454 §6.2). Devices and libraries send more than that: the scheme ws, a
/// slash behind the host, a whole path. Web pages cannot, so that accepting such an origin lets in no page: a slash alone
/// is ignored, ws stands for http in the server's own origin, and a path counts if the list has it.
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

    /// <summary>Allows the same origin only.</summary>
    public static OriginCheck SameOrigin { get; } = new([], allowsNull: false);

    private static ReadOnlySpan<byte> Null => "null"u8;

    /// <summary>Takes a list of origins to allow beside the same one.</summary>
    /// <param name="origins">
    /// <c>null</c>, which sandboxed pages and local files send; or what <see cref="OriginEntry.TryParse"/> reads.
    /// </param>
    /// <param name="check">The check, if each is an origin.</param>
    /// <param name="invalid">The first that is not an origin.</param>
    /// <returns>Whether each is an origin in ASCII: international names are written in their xn-- form.</returns>
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
