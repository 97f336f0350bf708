namespace Sockeye;

/// <summary>
/// A rule of the opening handshake, or a limit or policy of this end, that a peer can break: one member each.
/// </summary>
/// <remarks>
/// Stable across versions: switch on these, not on messages. Members are added at the end. Where a server answers
/// with an HTTP status, it is named.
/// </remarks>
public enum WebSocketHandshakeError
{
    /// <summary>No rule is broken.</summary>
    None = 0,

    /// <summary>The request line or status line is longer than this end's limit (RFC 9112 §3). Status 414.</summary>
    StartLineTooLong,

    /// <summary>A header line is longer than this end's limit (RFC 6585 §5). Status 431.</summary>
    HeaderLineTooLong,

    /// <summary>The head is longer than this end's limit (RFC 6585 §5). Status 431.</summary>
    HeadTooLong,

    /// <summary>There are more header lines than this end's limit (RFC 6585 §5). Status 431.</summary>
    TooManyHeaders,

    /// <summary>A line does not end with CR and LF (RFC 9112 §2.2). Status 400.</summary>
    InvalidLineTerminator,

    /// <summary>There is a control character in the start line or in a header (RFC 9110 §5.5). Status 400.</summary>
    InvalidCharacter,

    /// <summary>A header line is folded: it begins with white space (RFC 9112 §5.2). Status 400.</summary>
    ObsoleteLineFolding,

    /// <summary>A header name is not a token directly followed by a colon (RFC 9112 §5.1). Status 400.</summary>
    InvalidHeaderName,

    /// <summary>The request line or status line does not follow its grammar (RFC 9112 §3, §4). Status 400.</summary>
    MalformedStartLine,

    /// <summary>The version of HTTP is not 1.1 (RFC 6455 §4.1). Status 505.</summary>
    UnsupportedHttpVersion,

    /// <summary>The method is not GET (RFC 6455 §4.2.1). Status 405.</summary>
    MethodNotGet,

    /// <summary>
    /// The request target is neither a path nor a URI of http, https, ws or wss, or its path has dot segments or a NUL
    /// (RFC 6455 §4.2.1). Status 400.
    /// </summary>
    InvalidTarget,

    /// <summary>
    /// The request target names another host than the Host header. Not reported: the target's authority replaces that header
    /// (RFC 9112 §3.2.2). Status 400.
    /// </summary>
    TargetHostMismatch,

    /// <summary>The request has no Host header (RFC 6455 §4.2.1). Status 400.</summary>
    MissingHost,

    /// <summary>The request has several Host headers (RFC 9112 §3.2). Status 400.</summary>
    RepeatedHost,

    /// <summary>The Host header is no host with an optional port (RFC 9112 §3.2). Status 400.</summary>
    InvalidHost,

    /// <summary>A Content-Length is repeated or is no number (RFC 9112 §6.3). Status 400.</summary>
    InvalidContentLength,

    /// <summary>
    /// The request announces a body: there is no room for one before the frames (RFC 9112 §6). Status 400.
    /// </summary>
    UnexpectedBody,

    /// <summary>
    /// There is no Upgrade header (RFC 6455 §4.2.1, §4.1). Status 426: this was a plain HTTP request.
    /// </summary>
    MissingUpgrade,

    /// <summary>The Upgrade header does not say <c>websocket</c> (RFC 6455 §4.2.1, §4.1). Status 400.</summary>
    InvalidUpgrade,

    /// <summary>The Connection header does not say <c>Upgrade</c> (RFC 6455 §4.2.1, §4.1). Status 400.</summary>
    InvalidConnection,

    /// <summary>There is no Sec-WebSocket-Version header (RFC 6455 §4.2.1). Status 426.</summary>
    MissingVersion,

    /// <summary>
    /// The version of the WebSocket protocol is not one of this server's (RFC 6455 §4.2.2). Status 426.
    /// </summary>
    UnsupportedVersion,

    /// <summary>The request has several versions where one must stand (RFC 6455 §11.3.5). Status 400.</summary>
    RepeatedVersion,

    /// <summary>There is no Sec-WebSocket-Key header (RFC 6455 §4.2.1). Status 400.</summary>
    MissingKey,

    /// <summary>The request has several Sec-WebSocket-Key headers (RFC 6455 §11.3.1). Status 400.</summary>
    RepeatedKey,

    /// <summary>The Sec-WebSocket-Key is not 16 bytes in base64 (RFC 6455 §4.2.1). Status 400.</summary>
    InvalidKey,

    /// <summary>
    /// Sec-WebSocket-Protocol is not a list of different tokens, or in a response not one token (RFC 6455 §4.1).
    /// Status 400.
    /// </summary>
    InvalidSubprotocols,

    /// <summary>Sec-WebSocket-Extensions does not follow its grammar (RFC 6455 §9.1). Status 400.</summary>
    InvalidExtensions,

    /// <summary>A header whose name begins with Sec- is not ASCII (RFC 9110 §5.5). Status 400.</summary>
    InvalidHeaderValue,

    /// <summary>
    /// There are several origins, or what stands there is not one (RFC 6455 §4.2.1, RFC 6454 §7). Status 400.
    /// </summary>
    InvalidOrigin,

    /// <summary>
    /// The web page that opened the connection is of an origin not allowed (RFC 6455 §10.2). Status 403.
    /// </summary>
    OriginNotAllowed,

    /// <summary>
    /// The server requires a subprotocol and the client offers none of its (RFC 6455 §4.2.2). Status 400.
    /// </summary>
    NoCommonSubprotocol,

    /// <summary>The opening handshake was not finished in time (RFC 9110 §15.5.9). Status 408.</summary>
    TimedOut,

    /// <summary>The server is going away and takes no more connections (RFC 6455 §4.2.2). Status 503.</summary>
    ServerUnavailable,

    /// <summary>The server's answer is another status than 101 (RFC 6455 §4.1).</summary>
    UnexpectedStatusCode,

    /// <summary>The response has no Sec-WebSocket-Accept header (RFC 6455 §4.1).</summary>
    MissingAccept,

    /// <summary>The response has several Sec-WebSocket-Accept headers (RFC 6455 §11.3.3).</summary>
    RepeatedAccept,

    /// <summary>The Sec-WebSocket-Accept is not the one that belongs to the key sent (RFC 6455 §4.1).</summary>
    InvalidAccept,

    /// <summary>The server chose a subprotocol that was not offered, or spells it otherwise (RFC 6455 §4.1).</summary>
    UnrequestedSubprotocol,

    /// <summary>The server chose several subprotocols (RFC 6455 §11.3.4).</summary>
    RepeatedSubprotocol,

    /// <summary>
    /// Subprotocols were offered and the server chose none. Legal in RFC 6455 §4.1, refused by browsers.
    /// </summary>
    MissingSubprotocol,

    /// <summary>The server uses an extension that was not offered (RFC 6455 §4.1).</summary>
    UnrequestedExtension,

    /// <summary>The server names an extension twice (RFC 6455 §9.1).</summary>
    RepeatedExtension,

    /// <summary>The peer closed the transport before the opening handshake was done (RFC 6455 §4.1).</summary>
    ConnectionLost,

    /// <summary>The server could not be reached: its name is unknown, or nothing accepts connections there.</summary>
    NotReachable,

    /// <summary>TLS failed: the server's certificate is not trusted, or the two have no version in common.</summary>
    TlsFailed,

    /// <summary>The server's answer is not one of the HTTP that it was asked by (RFC 9112 §4, RFC 9113 §8).</summary>
    MalformedResponse,

    /// <summary>
    /// The server's parameters for an extension are none that answer the offer (RFC 7692 §5.1).
    /// </summary>
    InvalidExtensionParameters,

    /// <summary>The server has nothing at this path (RFC 9110 §15.5.5). Status 404.</summary>
    UnknownPath,

    /// <summary>The Host header names a host that the server does not answer for (RFC 9110 §15.5.20). Status 421.</summary>
    HostNotAllowed,

    /// <summary>The server has as many connections as it takes (RFC 9110 §15.6.4). Status 503.</summary>
    TooManyConnections,

    /// <summary>
    /// The server has as many connections from this address as it takes from one (RFC 6585 §4). Status 429.
    /// </summary>
    TooManyConnectionsFromAddress,

    /// <summary>The server's application failed when it was to decide (RFC 9110 §15.6.1). Status 500.</summary>
    ApplicationFailed,

    /// <summary>The server's application refused, with a status of its choice (RFC 6455 §4.2.2).</summary>
    RefusedByApplication,

    /// <summary>The proxy could not be reached, or did not open a tunnel (RFC 9110 §9.3.6, RFC 1928).</summary>
    ProxyFailed,

    /// <summary>The server redirects to what is no address of a WebSocket server (RFC 9110 §10.2.2).</summary>
    InvalidRedirect,

    /// <summary>The server redirects from wss to ws, which would show to others what is for it alone (RFC 6455 §10.6).</summary>
    InsecureRedirect,

    /// <summary>There were more redirects than this end's limit (RFC 9110 §15.4).</summary>
    TooManyRedirects,

    /// <summary>
    /// The client asks by HTTP/2 alone, and the server does not offer it, or not for WebSocket (RFC 8441 §3).
    /// </summary>
    ExtendedConnectNotOffered,

    /// <summary>The server sent more interim responses than this end's limit (RFC 9110 §15.2).</summary>
    TooManyInterimResponses,

    /// <summary>
    /// The server holds as much memory for its connections as it may (RFC 9110 §15.6.4). Status 503.
    /// </summary>
    MemoryExhausted,

    /// <summary>
    /// The peer speaks TLS where this end speaks HTTP without it: a client of wss on a port for ws, or a client of ws on a port for
    /// wss (RFC 6455 §3). Status 400.
    /// </summary>
    UnexpectedTls,
}
