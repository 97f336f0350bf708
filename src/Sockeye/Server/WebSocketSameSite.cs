namespace Sockeye;

/// <summary>Which requests of other sites a browser sends a cookie with (RFC 6265bis §4.1.2.7).</summary>
public enum WebSocketSameSite
{
    /// <summary>What the browser does on its own; the attribute is left out.</summary>
    Unspecified = 0,

    /// <summary>None.</summary>
    Strict,

    /// <summary>Those with which the user goes to the site.</summary>
    Lax,

    /// <summary>All; browsers take it only of a cookie that is <see cref="WebSocketSetCookie.Secure"/>.</summary>
    None,
}
