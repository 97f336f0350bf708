using System.Text;

namespace Sockeye.Protocol;

/// <summary>One of the origins that a server lists. Immutable.</summary>
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

    /// <summary>Reads an entry of the list.</summary>
    /// <param name="text">
    /// A scheme and a host, with a port if it is not the scheme's own: <c>https://example.com</c>;
    /// <c>https://*.example.com</c>, every host below that one, and not itself; <c>file://</c>, a scheme without hosts;
    /// <c>chrome-extension://*</c>, every host of a scheme that is not of the web. A path may follow, which is compared
    /// exactly; a slash alone counts for nothing.
    /// </param>
    /// <param name="entry">What it means.</param>
    /// <returns>Whether it is one.</returns>
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
            // Every host of the web is what the check is there to prevent; and none has no meaning there.
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

    /// <summary>Whether it names an origin.</summary>
    public bool IsMatch(OriginParts asked) =>
        Ascii.EqualsIgnoreCase(asked.Scheme, _scheme)
        && asked.Rest.SequenceEqual(_rest)
        && (_isAnyHost ? asked.HasAuthority
            : _host is null ? !asked.HasAuthority
            : asked.HasAuthority && _host.IsMatch(asked.Authority, asked.IsSecure, anyPort: false));
}
