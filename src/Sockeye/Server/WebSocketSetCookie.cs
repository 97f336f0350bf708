using System.Globalization;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>A cookie that a server sets in its response to an opening handshake (RFC 6265 §4.1). Immutable.</summary>
public sealed record WebSocketSetCookie
{
    /// <summary>Creates a session cookie.</summary>
    /// <param name="name">The name, a token.</param>
    /// <param name="value">The value: visible ASCII without quotes, commas, semicolons and backslashes. Encode other characters.</param>
    /// <exception cref="ArgumentException">The name or the value has other characters.</exception>
    public WebSocketSetCookie(string name, string value)
    {
        Name = HeaderFieldRules.IsName(name)
            ? name
            : throw new ArgumentException("The name of a cookie must be a token (RFC 6265 §4.1.1).", nameof(name));
        Value = value.All(IsCookieOctet)
            ? value
            : throw new ArgumentException("The value of a cookie must be visible ASCII without \" , ; \\ (RFC 6265 §4.1.1).", nameof(value));
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The value.</summary>
    public string Value { get; }

    /// <summary>The path below which browsers return the cookie; <see langword="null"/>, the default, for that of the request.</summary>
    public string? Path
    {
        get;
        init => field = Attribute(value, nameof(Path));
    }

    /// <summary>
    /// The domain to which browsers return the cookie, including its subdomains; <see langword="null"/>, the default, for the host alone.
    /// </summary>
    public string? Domain
    {
        get;
        init => field = Attribute(value, nameof(Domain));
    }

    /// <summary>When the cookie expires; <see langword="null"/>, the default, for the end of the browser session.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>
    /// The lifetime, rounded up to whole seconds; it takes precedence over <see cref="Expires"/>. Zero deletes the cookie;
    /// <see langword="null"/>, the default, omits the attribute.
    /// </summary>
    public TimeSpan? MaxAge
    {
        get;
        init => field = value is null || value >= TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxAge), value, "Must not be negative.");
    }

    /// <summary>Whether browsers return the cookie over TLS only. The default is <see langword="false"/>.</summary>
    public bool Secure { get; init; }

    /// <summary>Whether the cookie is hidden from scripts. The default is <see langword="false"/>.</summary>
    public bool HttpOnly { get; init; }

    /// <summary>Whether browsers send the cookie with requests from other sites.</summary>
    public WebSocketSameSite SameSite { get; init; }

    /// <summary>The value of the Set-Cookie header.</summary>
    public override string ToString()
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        StringBuilder text = new StringBuilder(Name).Append('=').Append(Value);
        Append(text, "Path", Path);
        Append(text, "Domain", Domain);

        // RFC 6265 §4.1.1: sane-cookie-date is the date of HTTP.
        Append(text, "Expires", Expires?.ToString("R", invariant));
        Append(text, "Max-Age", MaxAge is { } age ? ((long)Math.Ceiling(age.TotalSeconds)).ToString(invariant) : null);
        Append(text, "SameSite", SameSite == WebSocketSameSite.Unspecified ? null : SameSite.ToString());
        return text.Append(Secure ? "; Secure" : "").Append(HttpOnly ? "; HttpOnly" : "").ToString();
    }

    private static void Append(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            text.Append("; ").Append(name).Append('=').Append(value);
        }
    }

    private static bool IsCookieOctet(char c) => c is > ' ' and <= '~' and not ('"' or ',' or ';' or '\\');

    // RFC 6265 §4.1.1: any character except controls and the semicolon.
    private static string? Attribute(string? value, string name) =>
        value is null || value.All(static c => c is >= ' ' and <= '~' and not ';')
            ? value
            : throw new ArgumentException("Must be ASCII without control characters and semicolons (RFC 6265 §4.1.1).", name);
}
