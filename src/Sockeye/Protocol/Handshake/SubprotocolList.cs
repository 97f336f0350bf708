using System.Text;

namespace Sockeye.Protocol;

/// <summary>
/// The subprotocols in Sec-WebSocket-Protocol: tokens, in order of preference, all different (RFC 6455 §4.1).
/// </summary>
internal static class SubprotocolList
{
    /// <summary>The name of the header.</summary>
    public static ReadOnlySpan<byte> HeaderName => "Sec-WebSocket-Protocol"u8;

    /// <summary>Reads the list that all lines of the header make together (§11.3.4).</summary>
    /// <param name="headers">The header lines.</param>
    /// <param name="subprotocols">The names, in their order and their case; none if there is no such header.</param>
    /// <returns>
    /// Whether each element is a different token. Empty elements are skipped, but a header without any other element is
    /// invalid (RFC 9110 §5.6.1.2).
    /// </returns>
    public static bool TryParse(HeaderFields headers, out IReadOnlyList<string> subprotocols)
    {
        subprotocols = [];
        List<string>? names = null;
        HashSet<string>? seen = null;
        foreach (ReadOnlySpan<byte> value in headers.ValuesOf(HeaderName))
        {
            names ??= [];
            seen ??= new HashSet<string>(StringComparer.Ordinal);
            foreach (Range range in value.Split((byte)','))
            {
                ReadOnlySpan<byte> token = HttpCharacters.TrimWhiteSpace(value[range]);
                if (token.IsEmpty)
                {
                    continue;
                }

                if (!HttpCharacters.IsToken(token))
                {
                    return false;
                }

                string name = Encoding.ASCII.GetString(token);
                if (!seen.Add(name))
                {
                    return false;
                }

                names.Add(name);
            }
        }

        subprotocols = names ?? subprotocols;
        return names is not { Count: 0 };
    }

    /// <summary>Whether names can be offered: tokens, all different (§4.1).</summary>
    public static bool IsValid(IReadOnlyList<string> subprotocols) =>
        subprotocols.All(name => HttpCharacters.IsToken(name))
        && subprotocols.Distinct(StringComparer.Ordinal).Count() == subprotocols.Count;

    /// <summary>The value of the header that offers these names.</summary>
    public static string Format(IReadOnlyList<string> subprotocols) => string.Join(", ", subprotocols);

    /// <summary>The first of a server's subprotocols that the client offers: the server's preference decides.</summary>
    /// <returns>Its name, or <see langword="null"/> if they have none in common.</returns>
    public static string? Select(IReadOnlyList<string> ofServer, IReadOnlyList<string> ofClient)
    {
        if (ofClient.Count == 0)
        {
            return null;
        }

        foreach (string name in ofServer)
        {
            // §11.5: names are compared exactly, case included.
            if (ofClient.Contains(name, StringComparer.Ordinal))
            {
                return name;
            }
        }

        return null;
    }
}
