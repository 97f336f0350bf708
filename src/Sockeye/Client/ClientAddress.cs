namespace Sockeye.Client;

/// <summary>The address of a server, as a client is given it (RFC 6455 §3).</summary>
internal static class ClientAddress
{
    /// <summary>Reads an address.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static Uri Parse(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Uri.TryCreate(address, UriKind.Absolute, out Uri? parsed)
            ? parsed
            : throw new ArgumentException($"'{address}' is not an absolute URI.", nameof(address));
    }

    /// <summary>
    /// The address that an HTTP client is given for it: with a scheme of ws or wss, which makes it ask a proxy for a
    /// tunnel (§4.1) instead of for the page.
    /// </summary>
    /// <exception cref="ArgumentException">It cannot be the address of a WebSocket server.</exception>
    public static Uri ToWebSocket(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri)
        {
            throw new ArgumentException($"'{address}' is not an absolute URI.", nameof(address));
        }

        string scheme = address.Scheme switch
        {
            "ws" or "http" => Uri.UriSchemeWs,
            "wss" or "https" => Uri.UriSchemeWss,
            _ => throw new ArgumentException(
                $"The scheme '{address.Scheme}' is not ws, wss, http or https.", nameof(address)),
        };

        // §3: "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used".
        if (address.OriginalString.Contains('#', StringComparison.Ordinal))
        {
            throw new ArgumentException("The address of a WebSocket server has no fragment.", nameof(address));
        }

        // Sending it would need a decision that nobody has taken; leaving it out silently would be worse.
        if (address.UserInfo.Length != 0)
        {
            throw new ArgumentException(
                "The address has user information; set an Authorization header instead.", nameof(address));
        }

        if (address.Host.Length == 0)
        {
            throw new ArgumentException("The address has no host.", nameof(address));
        }

        return new UriBuilder(address) { Scheme = scheme, Port = address.Port }.Uri;
    }
}
