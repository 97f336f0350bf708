namespace Sockeye;

/// <summary>Whether a client uses HTTP/2 (RFC 8441) instead of HTTP/1.1.</summary>
public enum WebSocketHttp2Policy
{
    /// <summary>Uses HTTP/1.1 only.</summary>
    Never,

    /// <summary>
    /// Uses HTTP/2 if the server selects it in TLS (RFC 7301) and offers it for WebSocket; otherwise HTTP/1.1. Without TLS a
    /// server cannot select a protocol, so the client uses HTTP/1.1.
    /// </summary>
    /// <remarks>If a server supports HTTP/2, but not for WebSocket, the client connects a second time.</remarks>
    WhenOffered,

    /// <summary>
    /// Uses HTTP/2 only, also without TLS, where the client relies on the server to support it (RFC 9113 §3.3). If the server
    /// does not offer it for WebSocket, connecting fails with <see cref="WebSocketHandshakeError.ExtendedConnectNotOffered"/>.
    /// </summary>
    Only,
}
