namespace Sockeye;

/// <summary>The rules of the opening handshake, and the limits and policies of this end, that a peer can violate.</summary>
/// <remarks>
/// Stable across versions: switch on these values, not on messages. New members are added at the end. Where a server responds
/// with an HTTP status, the member names it.
/// </remarks>
public enum WebSocketHandshakeError
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>The request line or status line exceeds this end's limit (RFC 9112 §3). Status 414.</summary>
    StartLineTooLong,

    /// <summary>A header line exceeds this end's limit (RFC 6585 §5). Status 431.</summary>
    HeaderLineTooLong,

    /// <summary>The head exceeds this end's limit (RFC 6585 §5). Status 431.</summary>
    HeadTooLong,

    /// <summary>The number of header lines exceeds this end's limit (RFC 6585 §5). Status 431.</summary>
    TooManyHeaders,

    /// <summary>A line does not end with CR and LF (RFC 9112 §2.2). Status 400.</summary>
    InvalidLineTerminator,

    /// <summary>The start line or a header contains a control character (RFC 9110 §5.5). Status 400.</summary>
    InvalidCharacter,

    /// <summary>A header line is folded: it begins with white space (RFC 9112 §5.2). Status 400.</summary>
    ObsoleteLineFolding,

    /// <summary>A header name is not a token directly followed by a colon (RFC 9112 §5.1). Status 400.</summary>
    InvalidHeaderName,

    /// <summary>The request line or status line does not follow its grammar (RFC 9112 §3, §4). Status 400.</summary>
    MalformedStartLine,

    /// <summary>The HTTP version is neither 1.1 nor a later 1.x (RFC 6455 §4.1). Status 505.</summary>
    UnsupportedHttpVersion,

    /// <summary>The method is not GET (RFC 6455 §4.2.1). Status 405.</summary>
    MethodNotGet,

    /// <summary>
    /// The request target is neither a path nor a URI of http, https, ws or wss, or its path has dot segments or a NUL
    /// (RFC 6455 §4.2.1). Status 400.
    /// </summary>
    InvalidTarget,

    /// <summary>
    /// The request target names a host other than the Host header. Not reported: the target's authority replaces that header (RFC
    /// 9112 §3.2.2). Status 400.
    /// </summary>
    TargetHostMismatch,

    /// <summary>The request has no Host header (RFC 6455 §4.2.1). Status 400.</summary>
    MissingHost,

    /// <summary>The request has several Host headers (RFC 9112 §3.2). Status 400.</summary>
    RepeatedHost,

    /// <summary>The Host header is not a host with an optional port (RFC 9112 §3.2). Status 400.</summary>
    InvalidHost,

    /// <summary>A Content-Length is repeated or is not a number (RFC 9112 §6.3). Status 400.</summary>
    InvalidContentLength,

    /// <summary>The request declares a body, which must not precede the frames (RFC 9112 §6). Status 400.</summary>
    UnexpectedBody,

    /// <summary>
    /// There is no Upgrade header (RFC 6455 §4.2.1, §4.1). Status 426: this was a plain HTTP request.
    /// </summary>
    MissingUpgrade,

    /// <summary>The Upgrade header does not contain <c>websocket</c> (RFC 6455 §4.2.1, §4.1). Status 400.</summary>
    InvalidUpgrade,

    /// <summary>The Connection header does not contain <c>Upgrade</c> (RFC 6455 §4.2.1, §4.1). Status 400.</summary>
    InvalidConnection,

    /// <summary>There is no Sec-WebSocket-Version header (RFC 6455 §4.2.1). Status 426.</summary>
    MissingVersion,

    /// <summary>The server does not support the requested WebSocket version (RFC 6455 §4.2.2). Status 426.</summary>
    UnsupportedVersion,

    /// <summary>The request contains several versions instead of one (RFC 6455 §11.3.5). Status 400.</summary>
    RepeatedVersion,

    /// <summary>There is no Sec-WebSocket-Key header (RFC 6455 §4.2.1). Status 400.</summary>
    MissingKey,

    /// <summary>The request has several Sec-WebSocket-Key headers (RFC 6455 §11.3.1). Status 400.</summary>
    RepeatedKey,

    /// <summary>The Sec-WebSocket-Key is not 16 bytes in base64 (RFC 6455 §4.2.1). Status 400.</summary>
    InvalidKey,

    /// <summary>
    /// Sec-WebSocket-Protocol is not a list of different tokens, or, in a response, not a single token (RFC 6455 §4.1). Status
    /// 400.
    /// </summary>
    InvalidSubprotocols,

    /// <summary>Sec-WebSocket-Extensions does not follow its grammar (RFC 6455 §9.1). Status 400.</summary>
    InvalidExtensions,

    /// <summary>A header whose name starts with Sec- is not ASCII (RFC 9110 §5.5). Status 400.</summary>
    InvalidHeaderValue,

    /// <summary>There are several origins, or the origin is not valid (RFC 6455 §4.2.1, RFC 6454 §7). Status 400.</summary>
    InvalidOrigin,

    /// <summary>The origin of the web page that opened the connection is not allowed (RFC 6455 §10.2). Status 403.</summary>
    OriginNotAllowed,

    /// <summary>
    /// The server requires a subprotocol, and the client offers none that it supports (RFC 6455 §4.2.2). Status 400.
    /// </summary>
    NoCommonSubprotocol,

    /// <summary>The opening handshake timed out (RFC 9110 §15.5.9). Status 408.</summary>
    TimedOut,

    /// <summary>The server is stopping and accepts no more connections (RFC 6455 §4.2.2). Status 503.</summary>
    ServerUnavailable,

    /// <summary>The status of the server's response is not 101 (RFC 6455 §4.1).</summary>
    UnexpectedStatusCode,

    /// <summary>The response has no Sec-WebSocket-Accept header (RFC 6455 §4.1).</summary>
    MissingAccept,

    /// <summary>The response has several Sec-WebSocket-Accept headers (RFC 6455 §11.3.3).</summary>
    RepeatedAccept,

    /// <summary>The Sec-WebSocket-Accept does not match the key that was sent (RFC 6455 §4.1).</summary>
    InvalidAccept,

    /// <summary>The server chose a subprotocol that was not offered, or in different spelling (RFC 6455 §4.1).</summary>
    UnrequestedSubprotocol,

    /// <summary>The server chose several subprotocols (RFC 6455 §11.3.4).</summary>
    RepeatedSubprotocol,

    /// <summary>Subprotocols were offered and the server chose none. RFC 6455 §4.1 allows that; browsers reject it.</summary>
    MissingSubprotocol,

    /// <summary>The server uses an extension that was not offered (RFC 6455 §4.1).</summary>
    UnrequestedExtension,

    /// <summary>The server names an extension twice (RFC 6455 §9.1).</summary>
    RepeatedExtension,

    /// <summary>The peer closed the transport before the opening handshake was complete (RFC 6455 §4.1).</summary>
    ConnectionLost,

    /// <summary>The server, or the proxy, could not be reached: its name cannot be resolved, or it does not accept connections.</summary>
    NotReachable,

    /// <summary>TLS failed: the server's certificate is not trusted, or there is no common version.</summary>
    TlsFailed,

    /// <summary>The server's response is not valid for the HTTP version of the request (RFC 9112 §4, RFC 9113 §8).</summary>
    MalformedResponse,

    /// <summary>The server's extension parameters do not match the client's offer (RFC 7692 §5.1).</summary>
    InvalidExtensionParameters,

    /// <summary>The server has no endpoint at this path (RFC 9110 §15.5.5). Status 404.</summary>
    UnknownPath,

    /// <summary>The server does not serve the host that the Host header names (RFC 9110 §15.5.20). Status 421.</summary>
    HostNotAllowed,

    /// <summary>The server's limit for connections is reached (RFC 9110 §15.6.4). Status 503.</summary>
    TooManyConnections,

    /// <summary>The server's limit for connections from one address is reached (RFC 6585 §4). Status 429.</summary>
    TooManyConnectionsFromAddress,

    /// <summary>The server's application threw an exception while it decided (RFC 9110 §15.6.1). Status 500.</summary>
    ApplicationFailed,

    /// <summary>The server's application rejected the request, with a status of its choice (RFC 6455 §4.2.2).</summary>
    RejectedByApplication,

    /// <summary>The proxy was reached, and did not open a tunnel (RFC 9110 §9.3.6, RFC 1928).</summary>
    ProxyFailed,

    /// <summary>The redirect target is not a valid WebSocket URL (RFC 9110 §10.2.2).</summary>
    InvalidRedirect,

    /// <summary>The server redirects from wss to ws, which would expose what TLS protects (RFC 6455 §10.6).</summary>
    InsecureRedirect,

    /// <summary>The number of redirects exceeds this end's limit (RFC 9110 §15.4).</summary>
    TooManyRedirects,

    /// <summary>The client uses HTTP/2 only, and the server does not support it, or not for WebSocket (RFC 8441 §3).</summary>
    ExtendedConnectNotOffered,

    /// <summary>The number of interim responses exceeds this end's limit (RFC 9110 §15.2).</summary>
    TooManyInterimResponses,

    /// <summary>The server's memory limit for connections is reached (RFC 9110 §15.6.4). Status 503.</summary>
    MemoryExhausted,

    /// <summary>
    /// The peer uses TLS where this end expects plain HTTP: a wss client connected to a port for ws, or a ws client to a port for
    /// wss (RFC 6455 §3). Status 400.
    /// </summary>
    UnexpectedTls,
}
