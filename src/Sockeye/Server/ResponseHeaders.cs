using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>Checks what an application adds to the response of an opening handshake, when it is set.</summary>
internal static class ResponseHeaders
{
    /// <summary>Checks the headers that are added to an acceptance.</summary>
    /// <exception cref="ArgumentException">The handshake writes one itself.</exception>
    public static WebSocketHeaders Check(WebSocketHeaders value, string name)
    {
        ArgumentNullException.ThrowIfNull(value, name);
        value.CheckToSend(name);
        foreach ((string header, string _) in value)
        {
            if (HeaderFieldRules.IsReserved(header))
            {
                throw new ArgumentException($"The opening handshake writes the header {header} itself.", name);
            }
        }

        return value;
    }

    /// <summary>Checks the headers that are added to a rejection or a plain response.</summary>
    /// <exception cref="ArgumentException">The handshake writes one itself, or one has a property of its own.</exception>
    public static WebSocketHeaders CheckRejection(WebSocketHeaders value, string name) => Check(value, name).Contains("Content-Type")
        ? throw new ArgumentException("The property ContentType sets the header Content-Type.", name)
        : value;

    /// <summary>Copies and checks cookies.</summary>
    /// <exception cref="ArgumentException">A cookie is set twice (RFC 6265 §4.1.1), or is <see langword="null"/>.</exception>
    public static IReadOnlyList<WebSocketSetCookie> Check(IReadOnlyList<WebSocketSetCookie> value, string name)
    {
        IReadOnlyList<WebSocketSetCookie> copy = OptionChecks.CopyOf(value, name);
        return copy.DistinctBy(cookie => (cookie.Name, cookie.Path, cookie.Domain)).Count() == copy.Count
            ? copy
            : throw new ArgumentException("A cookie is set twice (RFC 6265 §4.1.1).", name);
    }

    /// <summary>Checks text for a line of the head.</summary>
    public static string? CheckText(string? text, string name) => HeaderFieldRules.IsValue(text)
        ? text
        : throw new ArgumentException("The value has a control character or a character that is not Latin-1 (RFC 9110 §5.5).", name);

    /// <summary>All headers that are added to an acceptance, with those of its cookies.</summary>
    public static WebSocketHeaders Of(WebSocketUpgradeAcceptance acceptance) =>
        acceptance.Cookies.Count == 0
            ? acceptance.Headers
            : [.. acceptance.Headers, .. acceptance.Cookies.Select(cookie => KeyValuePair.Create("Set-Cookie", cookie.ToString()))];
}
