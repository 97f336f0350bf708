using System.Text;

namespace Sockeye.Protocol;

/// <summary>Parses and formats Sec-WebSocket-Protocol: tokens in order of preference, all different (RFC 6455 §4.1).</summary>
internal static class SubprotocolList
{
    /// <summary>The name of the header, Sec-WebSocket-Protocol.</summary>
    public static ReadOnlySpan<byte> HeaderName => "Sec-WebSocket-Protocol"u8;

    /// <summary>Parses the list that all lines of the header form together (RFC 6455 §11.3.4).</summary>
    /// <param name="headers">The header lines.</param>
    /// <param name="subprotocols">The names in their order and case; empty if there is no such header.</param>
    /// <returns>
    /// Whether all elements are different tokens. Empty elements are skipped, but a header without any other element is invalid
    /// (RFC 9110 §5.6.1.2).
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

    /// <summary>Whether names can be offered: tokens, all different (RFC 6455 §4.1).</summary>
    public static bool IsValid(IReadOnlyList<string> subprotocols) =>
        subprotocols.All(name => HttpCharacters.IsToken(name))
        && subprotocols.Distinct(StringComparer.Ordinal).Count() == subprotocols.Count;

    /// <summary>Formats the header value that offers these names.</summary>
    public static string Format(IReadOnlyList<string> subprotocols) => string.Join(", ", subprotocols);

    /// <summary>Returns the first of a server's subprotocols that the client offers: the server's preference decides.</summary>
    /// <returns>The name, or <see langword="null"/> if there is none in common.</returns>
    public static string? Select(IReadOnlyList<string> ofServer, IReadOnlyList<string> ofClient)
    {
        if (ofClient.Count == 0)
        {
            return null;
        }

        foreach (string name in ofServer)
        {
            // RFC 6455 §11.5: names are compared exactly, including case.
            if (ofClient.Contains(name, StringComparer.Ordinal))
            {
                return name;
            }
        }

        return null;
    }
}
