namespace Sockeye;

/// <summary>What an attempt to connect was about when it failed, in the order of events.</summary>
/// <remarks>Stable across versions. Members are added at the end.</remarks>
public enum WebSocketHandshakePhase
{
    /// <summary>The address of the server, or of the proxy, was being looked up.</summary>
    NameResolution,

    /// <summary>The transport was being connected.</summary>
    Connect,

    /// <summary>A proxy was connected to, and asked for a tunnel (RFC 9110 §9.3.6, RFC 1928).</summary>
    Proxy,

    /// <summary>TLS was being set up with the server.</summary>
    Tls,

    /// <summary>The request was sent, and the head of the answer awaited (RFC 6455 §4.1).</summary>
    Response,

    /// <summary>The answer was there and is not one that opens a connection, or was not allowed to.</summary>
    Validation,

    /// <summary>The server sent the client elsewhere (RFC 9110 §15.4), where it does not go.</summary>
    Redirect,
}
