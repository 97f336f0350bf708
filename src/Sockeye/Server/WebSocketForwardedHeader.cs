namespace Sockeye;

/// <summary>In which header a proxy says who is behind it.</summary>
public enum WebSocketForwardedHeader
{
    /// <summary>X-Forwarded-For, and X-Forwarded-Proto for whether there is TLS: what most proxies write.</summary>
    XForwarded,

    /// <summary>Forwarded, for both (RFC 7239).</summary>
    Forwarded,
}
