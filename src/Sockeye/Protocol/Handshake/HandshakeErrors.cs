namespace Sockeye.Protocol;

/// <summary>Maps handshake errors to the status that a server responds with and to a description.</summary>
internal static class HandshakeErrors
{
    /// <summary>Converts an HTTP error to the handshake error that users see.</summary>
    public static WebSocketHandshakeError ToHandshakeError(this HttpError error) => error switch
    {
        HttpError.None => WebSocketHandshakeError.None,
        HttpError.StartLineTooLong => WebSocketHandshakeError.StartLineTooLong,
        HttpError.HeaderLineTooLong => WebSocketHandshakeError.HeaderLineTooLong,
        HttpError.HeadTooLong => WebSocketHandshakeError.HeadTooLong,
        HttpError.TooManyHeaders => WebSocketHandshakeError.TooManyHeaders,
        HttpError.InvalidLineTerminator => WebSocketHandshakeError.InvalidLineTerminator,
        HttpError.InvalidCharacter => WebSocketHandshakeError.InvalidCharacter,
        HttpError.ObsoleteLineFolding => WebSocketHandshakeError.ObsoleteLineFolding,
        HttpError.InvalidHeaderName => WebSocketHandshakeError.InvalidHeaderName,
        HttpError.UnsupportedHttpVersion => WebSocketHandshakeError.UnsupportedHttpVersion,
        HttpError.UnexpectedTls => WebSocketHandshakeError.UnexpectedTls,
        _ => WebSocketHandshakeError.MalformedStartLine,
    };

    /// <summary>Returns the HTTP status with which a server rejects (RFC 6455 §4.2.2, RFC 9110 §15, RFC 6585 §5).</summary>
    public static int StatusCode(this WebSocketHandshakeError error) => error switch
    {
        WebSocketHandshakeError.StartLineTooLong => 414,
        WebSocketHandshakeError.HeaderLineTooLong or WebSocketHandshakeError.HeadTooLong or WebSocketHandshakeError.TooManyHeaders => 431,
        WebSocketHandshakeError.UnsupportedHttpVersion => 505,
        WebSocketHandshakeError.MethodNotGet => 405,
        WebSocketHandshakeError.MissingUpgrade or WebSocketHandshakeError.MissingVersion or WebSocketHandshakeError.UnsupportedVersion => 426,
        WebSocketHandshakeError.OriginNotAllowed => 403,
        WebSocketHandshakeError.TimedOut => 408,
        WebSocketHandshakeError.UnknownPath => 404,
        WebSocketHandshakeError.HostNotAllowed => 421,
        WebSocketHandshakeError.TooManyConnectionsFromAddress => 429,
        WebSocketHandshakeError.ApplicationFailed => 500,
        WebSocketHandshakeError.ServerUnavailable or WebSocketHandshakeError.TooManyConnections or WebSocketHandshakeError.MemoryExhausted => 503,
        _ => 400,
    };

    /// <summary>Whether the response lists the supported versions (RFC 6455 §4.4).</summary>
    public static bool ConcernsVersion(this WebSocketHandshakeError error) =>
        error is WebSocketHandshakeError.MissingVersion or WebSocketHandshakeError.UnsupportedVersion or WebSocketHandshakeError.RepeatedVersion;

    /// <summary>Describes an error for a human reader. Constant: contains nothing that the peer sent.</summary>
    public static string Describe(this WebSocketHandshakeError error) => error switch
    {
        WebSocketHandshakeError.None => "no rule is broken",
        WebSocketHandshakeError.StartLineTooLong => "the first line is too long (RFC 9112 §3)",
        WebSocketHandshakeError.HeaderLineTooLong => "a header line is too long (RFC 6585 §5)",
        WebSocketHandshakeError.HeadTooLong => "the head is too long (RFC 6585 §5)",
        WebSocketHandshakeError.TooManyHeaders => "there are too many header lines (RFC 6585 §5)",
        WebSocketHandshakeError.InvalidLineTerminator => "a line does not end with CR LF (RFC 9112 §2.2)",
        WebSocketHandshakeError.InvalidCharacter => "the head has a control character (RFC 9110 §5.5)",
        WebSocketHandshakeError.ObsoleteLineFolding => "a header line begins with white space (RFC 9112 §5.2)",
        WebSocketHandshakeError.InvalidHeaderName => "a header name is invalid (RFC 9112 §5.1)",
        WebSocketHandshakeError.MalformedStartLine => "the first line is malformed (RFC 9112 §3, §4)",
        WebSocketHandshakeError.UnsupportedHttpVersion => "the HTTP version is not 1.1 (RFC 6455 §4.1)",
        WebSocketHandshakeError.MethodNotGet => "the method is not GET (RFC 6455 §4.2.1)",
        WebSocketHandshakeError.InvalidTarget => "the request target is invalid (RFC 6455 §4.2.1)",
        WebSocketHandshakeError.TargetHostMismatch => "the request target and the Host header differ (RFC 9112 §3.2.2)",
        WebSocketHandshakeError.MissingHost => "there is no Host header (RFC 6455 §4.2.1)",
        WebSocketHandshakeError.RepeatedHost => "there are several Host headers (RFC 9112 §3.2)",
        WebSocketHandshakeError.InvalidHost => "the Host header is invalid (RFC 9112 §3.2)",
        WebSocketHandshakeError.InvalidContentLength => "the Content-Length is invalid (RFC 9112 §6.3)",
        WebSocketHandshakeError.UnexpectedBody => "the request declares a body, which must not precede the frames (RFC 9112 §6)",
        WebSocketHandshakeError.MissingUpgrade => "there is no Upgrade header, which an opening handshake requires (RFC 6455 §4.1)",
        WebSocketHandshakeError.InvalidUpgrade => "the Upgrade header does not include websocket (RFC 6455 §4.2.1)",
        WebSocketHandshakeError.InvalidConnection => "the Connection header does not include Upgrade (RFC 6455 §4.2.1)",
        WebSocketHandshakeError.MissingVersion => "there is no Sec-WebSocket-Version header (RFC 6455 §4.2.1)",
        WebSocketHandshakeError.UnsupportedVersion => "the Sec-WebSocket-Version is not supported (RFC 6455 §4.2.2)",
        WebSocketHandshakeError.RepeatedVersion => "there are several Sec-WebSocket-Version headers (RFC 6455 §11.3.5)",
        WebSocketHandshakeError.MissingKey => "there is no Sec-WebSocket-Key header (RFC 6455 §4.2.1)",
        WebSocketHandshakeError.RepeatedKey => "there are several Sec-WebSocket-Key headers (RFC 6455 §11.3.1)",
        WebSocketHandshakeError.InvalidKey => "the Sec-WebSocket-Key is not 16 bytes in base64 (RFC 6455 §4.2.1)",
        WebSocketHandshakeError.InvalidSubprotocols => "the Sec-WebSocket-Protocol header is invalid (RFC 6455 §4.1)",
        WebSocketHandshakeError.InvalidExtensions => "the Sec-WebSocket-Extensions header is invalid (RFC 6455 §9.1)",
        WebSocketHandshakeError.InvalidHeaderValue => "a Sec- header is not ASCII (RFC 9110 §5.5)",
        WebSocketHandshakeError.InvalidOrigin => "the origin is invalid (RFC 6454 §7)",
        WebSocketHandshakeError.OriginNotAllowed => "the origin is not allowed (RFC 6455 §10.2)",
        WebSocketHandshakeError.NoCommonSubprotocol => "the client offers no subprotocol that the server supports (RFC 6455 §4.2.2)",
        WebSocketHandshakeError.TimedOut => "the opening handshake took too long (RFC 9110 §15.5.9)",
        WebSocketHandshakeError.ServerUnavailable => "the server accepts no more connections (RFC 6455 §4.2.2)",
        WebSocketHandshakeError.UnexpectedStatusCode => "the server did not respond with status 101 (RFC 6455 §4.1)",
        WebSocketHandshakeError.MissingAccept => "there is no Sec-WebSocket-Accept header (RFC 6455 §4.1)",
        WebSocketHandshakeError.RepeatedAccept => "there are several Sec-WebSocket-Accept headers (RFC 6455 §11.3.3)",
        WebSocketHandshakeError.InvalidAccept => "the Sec-WebSocket-Accept header does not match the key (RFC 6455 §4.1)",
        WebSocketHandshakeError.UnrequestedSubprotocol => "the server selected a subprotocol that was not offered (RFC 6455 §4.1)",
        WebSocketHandshakeError.RepeatedSubprotocol => "the server selected several subprotocols (RFC 6455 §11.3.4)",
        WebSocketHandshakeError.MissingSubprotocol => "the server selected none of the offered subprotocols (RFC 6455 §4.1)",
        WebSocketHandshakeError.UnrequestedExtension => "the server selected an extension that was not offered (RFC 6455 §4.1)",
        WebSocketHandshakeError.RepeatedExtension => "the server selected an extension twice (RFC 6455 §9.1)",
        WebSocketHandshakeError.ConnectionLost => "the connection was lost before the opening handshake was complete (RFC 6455 §4.1)",
        WebSocketHandshakeError.NotReachable => "the server, or the proxy to it, could not be reached (RFC 6455 §4.1)",
        WebSocketHandshakeError.TlsFailed => "TLS failed (RFC 6455 §4.1)",
        WebSocketHandshakeError.MalformedResponse => "the response is not valid HTTP (RFC 9112 §4, RFC 9113 §8)",
        WebSocketHandshakeError.InvalidExtensionParameters => "the parameters of the extension do not match the offer (RFC 7692 §5.1)",
        WebSocketHandshakeError.UnknownPath => "no route matches the path (RFC 9110 §15.5.5)",
        WebSocketHandshakeError.HostNotAllowed => "the server does not serve the host (RFC 9110 §15.5.20)",
        WebSocketHandshakeError.TooManyConnections => "the server has too many connections (RFC 9110 §15.6.4)",
        WebSocketHandshakeError.TooManyConnectionsFromAddress => "the address has too many connections (RFC 6585 §4)",
        WebSocketHandshakeError.ApplicationFailed => "the server failed (RFC 9110 §15.6.1)",
        WebSocketHandshakeError.RejectedByApplication => "the application rejected the request (RFC 6455 §4.2.2)",
        WebSocketHandshakeError.ProxyFailed => "the proxy did not open a tunnel (RFC 9110 §9.3.6)",
        WebSocketHandshakeError.InvalidRedirect => "the redirect target is not a valid WebSocket URL (RFC 9110 §10.2.2)",
        WebSocketHandshakeError.InsecureRedirect => "the server redirects from wss to ws (RFC 6455 §10.6)",
        WebSocketHandshakeError.TooManyRedirects => "there were too many redirects (RFC 9110 §15.4)",
        WebSocketHandshakeError.ExtendedConnectNotOffered => "the server does not offer WebSocket over HTTP/2 (RFC 8441 §3)",
        WebSocketHandshakeError.TooManyInterimResponses => "there were too many interim responses (RFC 9110 §15.2)",
        WebSocketHandshakeError.MemoryExhausted => "the server does not have enough memory for another connection (RFC 9110 §15.6.4)",
        WebSocketHandshakeError.UnexpectedTls =>
            "the peer speaks TLS on a connection without TLS; use wss or https for a port with TLS (RFC 6455 §3)",
        _ => error.ToString(),
    };
}
