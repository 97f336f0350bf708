using System.Globalization;
using System.Text;
using Sockeye.Protocol;

namespace Sockeye;

/// <summary>A cookie that a server sets in its answer to an opening handshake (RFC 6265 §4.1).</summary>
/// <remarks>Never changes once made; what could not stand in the header is refused when it is set.</remarks>
public sealed record WebSocketSetCookie
{
    /// <summary>Makes a cookie of the session.</summary>
    /// <param name="name">Its name, a token.</param>
    /// <param name="value">
    /// Its value: visible ASCII without quotes, commas, semicolons and backslashes. Encode what is more than that.
    /// </param>
    /// <exception cref="ArgumentException">The name or the value has other characters in it.</exception>
    public WebSocketSetCookie(string name, string value)
    {
        Name = HeaderFieldRules.IsName(name)
            ? name
            : throw new ArgumentException("A cookie's name is a token (RFC 6265 §4.1.1).", nameof(name));
        Value = value.All(IsCookieOctet)
            ? value
            : throw new ArgumentException("A cookie's value is visible ASCII without \" , ; \\ (RFC 6265 §4.1.1).", nameof(value));
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The value.</summary>
    public string Value { get; }

    /// <summary>The path below which it is sent back; <see langword="null"/>, the default, for that of the request.</summary>
    public string? Path
    {
        get;
        init => field = Attribute(value, nameof(Path));
    }

    /// <summary>The domain, with all below, to which it is sent back; <see langword="null"/>, the default, for the host alone.</summary>
    public string? Domain
    {
        get;
        init => field = Attribute(value, nameof(Domain));
    }

    /// <summary>When it ends; <see langword="null"/>, the default, when the browser does.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>
    /// How long it lives, rounded up to whole seconds, which goes before <see cref="Expires"/>; zero deletes it;
    /// <see langword="null"/>, the default, leaves it out.
    /// </summary>
    public TimeSpan? MaxAge
    {
        get;
        init => field = value is null || value >= TimeSpan.Zero
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxAge), value, "Must not be negative.");
    }

    /// <summary>Whether it is sent back over TLS only. The default is <see langword="false"/>.</summary>
    public bool Secure { get; init; }

    /// <summary>Whether it is kept from the page's scripts. The default is <see langword="false"/>.</summary>
    public bool HttpOnly { get; init; }

    /// <summary>Which requests of other sites it is sent with.</summary>
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
