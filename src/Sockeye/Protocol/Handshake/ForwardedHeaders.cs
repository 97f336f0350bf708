using System.Text;

namespace Sockeye.Protocol;

/// <summary>Parses what proxies report about the connection before them: X-Forwarded-For, and Forwarded (RFC 7239).</summary>
/// <remarks>
/// Any client can send these headers, so that the caller must know which proxy wrote which part. A proxy that writes one kind
/// passes the other on as its client sent it, so only one kind may be read.
/// </remarks>
internal static class ForwardedHeaders
{
    /// <summary>
    /// Returns the address that each proxy was contacted from, in the order of the proxies; the last one is reported by the proxy
    /// that connected to us. Each is text without brackets and port, or empty if it does not have the form of an address.
    /// </summary>
    /// <param name="headers">The headers of the request.</param>
    /// <param name="isStandard">
    /// Whether to read Forwarded instead of X-Forwarded-For. Never both: a proxy that writes one passes the other on as the
    /// client sent it.
    /// </param>
    public static IReadOnlyList<string> Addresses(HeaderFields headers, bool isStandard)
    {
        List<string> addresses = [];
        if (isStandard)
        {
            foreach (ReadOnlySpan<byte> value in headers.ValuesOf("Forwarded"u8))
            {
                foreach (Range range in value.Split((byte)','))
                {
                    addresses.Add(ParseNode(Parameter(value[range], "for"u8)));
                }
            }

            return addresses;
        }

        foreach (ReadOnlySpan<byte> value in headers.ValuesOf("X-Forwarded-For"u8))
        {
            foreach (Range range in value.Split((byte)','))
            {
                addresses.Add(ParseNode(HttpCharacters.TrimWhiteSpace(value[range])));
            }
        }

        return addresses;
    }

    /// <summary>
    /// Whether the last proxy reports that it was contacted over TLS; <see langword="null"/> if it reports nothing.
    /// </summary>
    /// <param name="headers">The headers of the request.</param>
    /// <param name="isStandard">Whether to read Forwarded instead of X-Forwarded-Proto.</param>
    public static bool? IsSecure(HeaderFields headers, bool isStandard)
    {
        ReadOnlySpan<byte> scheme = default;
        foreach (ReadOnlySpan<byte> value in headers.ValuesOf(isStandard ? "Forwarded"u8 : "X-Forwarded-Proto"u8))
        {
            ReadOnlySpan<byte> last = HttpCharacters.TrimWhiteSpace(value[(value.LastIndexOf((byte)',') + 1)..]);
            scheme = isStandard ? Parameter(last, "proto"u8) : last;
        }

        return Ascii.EqualsIgnoreCase(scheme, "https"u8) || Ascii.EqualsIgnoreCase(scheme, "wss"u8) ? true
            : Ascii.EqualsIgnoreCase(scheme, "http"u8) || Ascii.EqualsIgnoreCase(scheme, "ws"u8) ? false
            : null;
    }

    // RFC 7239 §4: forwarded-pair = token "=" value. No address and no scheme contains a quoted comma or semicolon, so that a
    // value split at one is not taken for an address.
    private static ReadOnlySpan<byte> Parameter(ReadOnlySpan<byte> element, ReadOnlySpan<byte> name)
    {
        foreach (Range range in element.Split((byte)';'))
        {
            ReadOnlySpan<byte> pair = HttpCharacters.TrimWhiteSpace(element[range]);
            int equals = pair.IndexOf((byte)'=');
            if (equals > 0 && Ascii.EqualsIgnoreCase(pair[..equals], name))
            {
                ReadOnlySpan<byte> value = pair[(equals + 1)..];
                return value is [(byte)'"', .. var inner, (byte)'"'] ? inner : value;
            }
        }

        return default;
    }

    // RFC 7239 §6: an address, in brackets for IPv6, with an optional port. "unknown" and obfuscated names are not addresses.
    private static string ParseNode(ReadOnlySpan<byte> node)
    {
        ReadOnlySpan<byte> address = node;
        if (node.StartsWith("["u8))
        {
            int end = node.IndexOf((byte)']');
            address = end < 0 ? default : node[1..end];
        }
        else if (node.Count((byte)':') == 1)
        {
            address = node[..node.IndexOf((byte)':')];
        }

        // Excludes what some parsers also read as an address: a number, or fewer than four parts.
        bool isWhole = address.Contains((byte)':') || address.Count((byte)'.') == 3;
        return isWhole ? Encoding.Latin1.GetString(address) : "";
    }
}
