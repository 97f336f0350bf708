namespace Sockeye;

/// <summary>Whether a browser sends a cookie with requests from other sites (RFC 6265bis §4.1.2.7).</summary>
public enum WebSocketSameSite
{
    /// <summary>The browser's default: the attribute is omitted.</summary>
    Unspecified = 0,

    /// <summary>With none.</summary>
    Strict,

    /// <summary>Only when the user navigates to the site.</summary>
    Lax,

    /// <summary>With all. Browsers require <see cref="WebSocketSetCookie.Secure"/> for it.</summary>
    None,
}
