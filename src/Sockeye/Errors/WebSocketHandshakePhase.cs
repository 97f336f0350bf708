namespace Sockeye;

/// <summary>The phases of an attempt to connect, in their order.</summary>
/// <remarks>Stable across versions. Members are added at the end.</remarks>
public enum WebSocketHandshakePhase
{
    /// <summary>The address of the server, or of the proxy, was being looked up.</summary>
    NameResolution,

    /// <summary>The transport was being connected.</summary>
    Connect,

    /// <summary>A proxy was connected, and a tunnel was requested (RFC 9110 §9.3.6, RFC 1928).</summary>
    Proxy,

    /// <summary>TLS was being set up with the server.</summary>
    Tls,

    /// <summary>The request was sent, and the head of the response was awaited (RFC 6455 §4.1).</summary>
    Response,

    /// <summary>The response arrived, and was rejected.</summary>
    Validation,

    /// <summary>The server redirected the client (RFC 9110 §15.4) to an address that is not allowed.</summary>
    Redirect,
}
