using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>What an application may add to the answer of an opening handshake; checked where it is set.</summary>
internal static class ResponseHeaders
{
    /// <summary>Copies and checks headers of a 101.</summary>
    /// <exception cref="ArgumentException">One cannot be sent, or is the handshake's own.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Check(IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);

        // A copy: what has been checked stays as it is.
        KeyValuePair<string, string>[] checkedHeaders = [.. headers];
        foreach (KeyValuePair<string, string> header in checkedHeaders)
        {
            HandshakeFault fault = HeaderFieldRules.Check([header]);
            if (fault != HandshakeFault.None)
            {
                throw new ArgumentException(Describe(fault, header.Key), nameof(headers));
            }
        }

        return checkedHeaders;
    }

    /// <summary>Copies and checks headers of a refusal.</summary>
    /// <exception cref="ArgumentException">One cannot be sent, or has a property of its own.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> CheckRejection(
        IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        IReadOnlyList<KeyValuePair<string, string>> checkedHeaders = Check(headers);
        return checkedHeaders.Any(header => header.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            ? throw new ArgumentException("Content-Type has a property of its own.", nameof(headers))
            : checkedHeaders;
    }

    /// <summary>Copies and checks cookies.</summary>
    /// <exception cref="ArgumentException">RFC 6265 §4.1.1: one is there twice.</exception>
    public static IReadOnlyList<WebSocketSetCookie> Check(IReadOnlyList<WebSocketSetCookie> cookies)
    {
        ArgumentNullException.ThrowIfNull(cookies);
        WebSocketSetCookie[] copy = [.. cookies];
        return copy.DistinctBy(cookie => (cookie.Name, cookie.Path, cookie.Domain)).Count() == copy.Length
            ? copy
            : throw new ArgumentException("A cookie is set twice (RFC 6265 §4.1.1).", nameof(cookies));
    }

    /// <summary>Checks text that stands in a line of the head.</summary>
    public static string? CheckText(string? text, string name) => HeaderFieldRules.IsValue(text)
        ? text
        : throw new ArgumentException("Control characters and what is not Latin-1 have no place in a head.", name);

    /// <summary>All that is added to a 101.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(WebSocketUpgradeAcceptance acceptance) =>
        acceptance.Cookies.Count == 0
            ? acceptance.Headers
            : [.. acceptance.Headers, .. acceptance.Cookies.Select(cookie => KeyValuePair.Create("Set-Cookie", cookie.ToString()))];

    private static string Describe(HandshakeFault fault, string name) => fault switch
    {
        HandshakeFault.InvalidHeaderName => "A header's name is no token (RFC 9110 §5.1).",
        HandshakeFault.ReservedHeaderName => $"The opening handshake writes the header {name} itself.",
        _ => $"The value of the header {name} has control characters in it or is not Latin-1 (RFC 9110 §5.5).",
    };
}
