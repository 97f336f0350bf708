using System.Text;

namespace Sockeye.Protocol;

/// <summary>What proxies say of the connection before them: X-Forwarded-For, and Forwarded (RFC 7239).</summary>
/// <remarks>
/// Anybody can write these headers. Who believes them must know who wrote which part: a proxy that writes the one kind passes
/// the other on as its client wrote it, so that only the one is to be read.
/// </remarks>
internal static class ForwardedHeaders
{
    /// <summary>
    /// The addresses from which each proxy says that it was asked, the first proxy's first; the last is what the proxy says
    /// that asked us. Each as text, without brackets and port; empty for what has not the shape of an address.
    /// </summary>
    /// <param name="headers">The request's.</param>
    /// <param name="isStandard">
    /// Whether Forwarded is read, or X-Forwarded-For: never both, since a proxy that writes one passes the other on as the client
    /// has sent it.
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

    /// <summary>Whether the last proxy says that it was asked over TLS; <see langword="null"/> if it does not say.</summary>
    /// <param name="headers">The request's.</param>
    /// <param name="isStandard">Whether Forwarded is read, or X-Forwarded-Proto.</param>
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

    // RFC 7239 §4: forwarded-pair = token "=" value. A comma or a semicolon in quotes stands in no address and no scheme,
    // so that what is cut there is no address either.
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

    // RFC 7239 §6: an address, an IPv6 one in brackets, perhaps with a port; "unknown" and names that hide one are none.
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

        // Not what some would also read as an address: a number, or one with fewer than four parts.
        bool isWhole = address.Contains((byte)':') || address.Count((byte)'.') == 3;
        return isWhole ? Encoding.Latin1.GetString(address) : "";
    }
}
