using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// Validates headers before they are sent, so that neither a mistake of this end nor injected input reaches the wire (RFC 9110
/// §5.1, §5.5).
/// </summary>
internal static class HeaderFieldRules
{
    // The names that the opening handshake writes itself, or that would change how the message is delimited.
    private static readonly string[] ReservedNames =
        ["Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "Trailer", "TE", "Host"];

    private const string ReservedPrefix = "Sec-WebSocket-";

    /// <summary>Whether a text is a valid header name.</summary>
    public static bool IsName(ReadOnlySpan<char> name) => HttpCharacters.IsToken(name);

    /// <summary>
    /// Whether a text is a valid header value or reason phrase: Latin-1 without control characters other than tabs.
    /// </summary>
    public static bool IsValue(ReadOnlySpan<char> value) =>
        !value.ContainsAny(HttpCharacters.ControlChars) && !value.ContainsAnyExceptInRange('\0', '\u00FF');

    /// <summary>Whether a text is a valid value of Host: a host with an optional port (RFC 9112 §3.2).</summary>
    public static bool IsHost(string value) =>
        Ascii.IsValid(value) && Authority.TryParse(Encoding.ASCII.GetBytes(value), out _);

    /// <summary>Whether a name is reserved for the opening handshake.</summary>
    public static bool IsReserved(string name) =>
        name.StartsWith(ReservedPrefix, StringComparison.OrdinalIgnoreCase)
        || ReservedNames.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Validates the headers that an application adds to a handshake.</summary>
    /// <returns>The first fault, or <see cref="HandshakeFault.None"/>.</returns>
    public static HandshakeFault Check(IEnumerable<KeyValuePair<string, string>> headers)
    {
        foreach ((string name, string value) in headers)
        {
            HandshakeFault fault =
                !IsName(name) ? HandshakeFault.InvalidHeaderName
                : IsReserved(name) ? HandshakeFault.ReservedHeaderName
                : !IsValue(value) ? HandshakeFault.InvalidHeaderValue
                : HandshakeFault.None;
            if (fault != HandshakeFault.None)
            {
                return fault;
            }
        }

        return HandshakeFault.None;
    }
}
