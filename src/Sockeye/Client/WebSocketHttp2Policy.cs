namespace Sockeye;

/// <summary>Whether a client asks by HTTP/2 (RFC 8441) in place of HTTP/1.1.</summary>
public enum WebSocketHttp2Policy
{
    /// <summary>By HTTP/1.1 alone.</summary>
    Never,

    /// <summary>
    /// By HTTP/2 if the server chooses it in TLS (RFC 7301) and offers it for WebSocket; else by HTTP/1.1. Without TLS a
    /// server cannot choose, so that it is HTTP/1.1.
    /// </summary>
    /// <remarks>A server that has HTTP/2, but not for WebSocket, is connected to a second time.</remarks>
    WhenOffered,

    /// <summary>
    /// By HTTP/2 alone, without TLS too: the server is then known to speak it (RFC 9113 §3.3). One that does not offer it
    /// fails with <see cref="WebSocketHandshakeError.ExtendedConnectNotOffered"/>.
    /// </summary>
    Only,
}
