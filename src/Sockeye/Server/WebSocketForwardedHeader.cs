namespace Sockeye;

/// <summary>The header in which a proxy names its client.</summary>
public enum WebSocketForwardedHeader
{
    /// <summary>X-Forwarded-For for the address, and X-Forwarded-Proto for the scheme: most proxies write these.</summary>
    XForwarded,

    /// <summary>Forwarded, for both (RFC 7239).</summary>
    Forwarded,
}
