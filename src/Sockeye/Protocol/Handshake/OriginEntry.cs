using System.Text;

namespace Sockeye.Protocol;

/// <summary>One entry in a server's list of origins. Immutable.</summary>
internal sealed class OriginEntry
{
    private static readonly string[] WebSchemes = ["http", "https", "ws", "wss"];

    private readonly byte[] _scheme;
    private readonly HostPattern? _host;
    private readonly bool _isAnyHost;
    private readonly byte[] _rest;

    private OriginEntry(byte[] scheme, HostPattern? host, bool isAnyHost, byte[] rest)
    {
        _scheme = scheme;
        _host = host;
        _isAnyHost = isAnyHost;
        _rest = rest;
    }

    /// <summary>Parses an entry of the list.</summary>
    /// <param name="text">
    /// A scheme and a host, with the port if it is not the scheme's default: <c>https://example.com</c>;
    /// <c>https://*.example.com</c> for every host below that one, but not that host itself; <c>file://</c> for a scheme without
    /// hosts; <c>chrome-extension://*</c> for every host of a scheme other than http and ws. A path may follow, which is compared
    /// exactly; a slash alone is ignored.
    /// </param>
    /// <param name="entry">The parsed entry.</param>
    /// <returns>Whether the text is a valid entry.</returns>
    public static bool TryParse(string text, out OriginEntry? entry)
    {
        entry = null;
        int schemeLength = text.IndexOf("://", StringComparison.Ordinal);
        if (schemeLength <= 0
            || !HttpCharacters.IsToken(text.AsSpan(0, schemeLength))
            || text[0] == '*'
            || text.AsSpan().ContainsAnyExceptInRange('!', '~')
            || text.Contains(','))
        {
            return false;
        }

        string scheme = text[..schemeLength];
        string behind = text[(schemeLength + "://".Length)..];
        int length = OriginParts.LengthOfAuthority(Encoding.ASCII.GetBytes(behind));
        string authority = behind[..length];
        string rest = behind[length..] == "/" ? "" : behind[length..];
        if (rest.Length > 0 && rest[0] != '/')
        {
            return false;
        }

        HostPattern? host = null;
        bool isAnyHost = authority == "*";
        if (isAnyHost || authority.Length == 0)
        {
            // Every host of the web is what the check must prevent, and a web origin without a host does not exist.
            if (WebSchemes.Contains(scheme, StringComparer.OrdinalIgnoreCase))
            {
                return false;
            }
        }
        else if (!HostPattern.TryParse(authority, out host))
        {
            return false;
        }

        entry = new OriginEntry(Encoding.ASCII.GetBytes(scheme), host, isAnyHost, Encoding.ASCII.GetBytes(rest));
        return true;
    }

    /// <summary>Whether the entry matches an origin.</summary>
    public bool IsMatch(OriginParts asked) =>
        Ascii.EqualsIgnoreCase(asked.Scheme, _scheme)
        && asked.Rest.SequenceEqual(_rest)
        && (_isAnyHost ? asked.HasAuthority
            : _host is null ? !asked.HasAuthority
            : asked.HasAuthority && _host.IsMatch(asked.Authority, asked.IsSecure, anyPort: false));
}
