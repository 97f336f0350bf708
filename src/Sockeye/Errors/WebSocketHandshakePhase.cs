namespace Sockeye;

/// <summary>The phases of an attempt to connect, in order.</summary>
/// <remarks>Stable across versions. Members are added at the end.</remarks>
public enum WebSocketHandshakePhase
{
    /// <summary>The name of the server, or of the proxy, was being resolved.</summary>
    NameResolution,

    /// <summary>The transport was being connected.</summary>
    Connect,

    /// <summary>The proxy was connected, and a tunnel was requested (RFC 9110 §9.3.6, RFC 1928).</summary>
    Proxy,

    /// <summary>The TLS handshake with the server was in progress.</summary>
    Tls,

    /// <summary>The request was sent, and the client was waiting for the head of the response (RFC 6455 §4.1).</summary>
    Response,

    /// <summary>The response arrived and was rejected.</summary>
    Validation,

    /// <summary>The server redirected the client (RFC 9110 §15.4) to an address that is not allowed.</summary>
    Redirect,
}
