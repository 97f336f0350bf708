namespace Sockeye.Protocol;

/// <summary>
/// What follows from a broken rule of the opening handshake: the status to answer, and the sentence that says it.
/// </summary>
internal static class HandshakeErrors
{
    /// <summary>The same rule, in the vocabulary that users see.</summary>
    public static HandshakeError ToHandshakeError(this HttpError error) => error switch
    {
        HttpError.None => HandshakeError.None,
        HttpError.StartLineTooLong => HandshakeError.StartLineTooLong,
        HttpError.HeaderLineTooLong => HandshakeError.HeaderLineTooLong,
        HttpError.HeadTooLong => HandshakeError.HeadTooLong,
        HttpError.TooManyHeaders => HandshakeError.TooManyHeaders,
        HttpError.InvalidLineTerminator => HandshakeError.InvalidLineTerminator,
        HttpError.InvalidCharacter => HandshakeError.InvalidCharacter,
        HttpError.ObsoleteLineFolding => HandshakeError.ObsoleteLineFolding,
        HttpError.InvalidHeaderName => HandshakeError.InvalidHeaderName,
        HttpError.UnsupportedHttpVersion => HandshakeError.UnsupportedHttpVersion,
        HttpError.UnexpectedTls => HandshakeError.UnexpectedTls,
        _ => HandshakeError.MalformedStartLine,
    };

    /// <summary>The HTTP status with which a server refuses (RFC 6455 §4.2.2, RFC 9110 §15, RFC 6585 §5).</summary>
    public static int StatusCode(this HandshakeError error) => error switch
    {
        HandshakeError.StartLineTooLong => 414,
        HandshakeError.HeaderLineTooLong or HandshakeError.HeadTooLong or HandshakeError.TooManyHeaders => 431,
        HandshakeError.UnsupportedHttpVersion => 505,
        HandshakeError.MethodNotGet => 405,
        HandshakeError.MissingUpgrade or HandshakeError.MissingVersion or HandshakeError.UnsupportedVersion => 426,
        HandshakeError.OriginNotAllowed => 403,
        HandshakeError.TimedOut => 408,
        HandshakeError.UnknownPath => 404,
        HandshakeError.HostNotAllowed => 421,
        HandshakeError.TooManyConnectionsFromAddress => 429,
        HandshakeError.ApplicationFailed => 500,
        HandshakeError.ServerUnavailable or HandshakeError.TooManyConnections or HandshakeError.MemoryExhausted => 503,
        _ => 400,
    };

    /// <summary>Whether the refusal names the versions that would be accepted (RFC 6455 §4.4).</summary>
    public static bool ConcernsVersion(this HandshakeError error) =>
        error is HandshakeError.MissingVersion or HandshakeError.UnsupportedVersion or HandshakeError.RepeatedVersion;

    /// <summary>A sentence for people. Constant: nothing the peer has sent is in it.</summary>
    public static string Describe(this HandshakeError error) => error switch
    {
        HandshakeError.None => "no rule is broken",
        HandshakeError.StartLineTooLong => "the first line is too long (RFC 9112 §3)",
        HandshakeError.HeaderLineTooLong => "a header line is too long (RFC 6585 §5)",
        HandshakeError.HeadTooLong => "the head is too long (RFC 6585 §5)",
        HandshakeError.TooManyHeaders => "there are too many header lines (RFC 6585 §5)",
        HandshakeError.InvalidLineTerminator => "a line does not end with CR LF (RFC 9112 §2.2)",
        HandshakeError.InvalidCharacter => "there is a control character in the head (RFC 9110 §5.5)",
        HandshakeError.ObsoleteLineFolding => "a header line begins with white space (RFC 9112 §5.2)",
        HandshakeError.InvalidHeaderName => "a header has no proper name (RFC 9112 §5.1)",
        HandshakeError.MalformedStartLine => "the first line is malformed (RFC 9112 §3, §4)",
        HandshakeError.UnsupportedHttpVersion => "the version of HTTP is not 1.1 (RFC 6455 §4.1)",
        HandshakeError.MethodNotGet => "the method is not GET (RFC 6455 §4.2.1)",
        HandshakeError.InvalidTarget => "the request target is invalid (RFC 6455 §4.2.1)",
        HandshakeError.TargetHostMismatch => "the request target and the Host header differ (RFC 9112 §3.2.2)",
        HandshakeError.MissingHost => "there is no Host header (RFC 6455 §4.2.1)",
        HandshakeError.RepeatedHost => "there are several Host headers (RFC 9112 §3.2)",
        HandshakeError.InvalidHost => "the Host header is invalid (RFC 9112 §3.2)",
        HandshakeError.InvalidContentLength => "the Content-Length is invalid (RFC 9112 §6.3)",
        HandshakeError.UnexpectedBody => "an opening handshake has no body (RFC 9112 §6)",
        HandshakeError.MissingUpgrade => "there is no Upgrade header, which an opening handshake needs (RFC 6455 §4.1)",
        HandshakeError.InvalidUpgrade => "the Upgrade header does not say websocket (RFC 6455 §4.2.1)",
        HandshakeError.InvalidConnection => "the Connection header does not say Upgrade (RFC 6455 §4.2.1)",
        HandshakeError.MissingVersion => "there is no Sec-WebSocket-Version header (RFC 6455 §4.2.1)",
        HandshakeError.UnsupportedVersion => "the Sec-WebSocket-Version is not supported (RFC 6455 §4.2.2)",
        HandshakeError.RepeatedVersion => "there are several Sec-WebSocket-Versions (RFC 6455 §11.3.5)",
        HandshakeError.MissingKey => "there is no Sec-WebSocket-Key header (RFC 6455 §4.2.1)",
        HandshakeError.RepeatedKey => "there are several Sec-WebSocket-Key headers (RFC 6455 §11.3.1)",
        HandshakeError.InvalidKey => "the Sec-WebSocket-Key is not 16 bytes in base64 (RFC 6455 §4.2.1)",
        HandshakeError.InvalidSubprotocols => "the Sec-WebSocket-Protocol header is invalid (RFC 6455 §4.1)",
        HandshakeError.InvalidExtensions => "the Sec-WebSocket-Extensions header is invalid (RFC 6455 §9.1)",
        HandshakeError.InvalidHeaderValue => "a Sec- header is not ASCII (RFC 9110 §5.5)",
        HandshakeError.InvalidOrigin => "the origin is invalid (RFC 6454 §7)",
        HandshakeError.OriginNotAllowed => "the origin is not allowed (RFC 6455 §10.2)",
        HandshakeError.NoCommonSubprotocol => "no subprotocol of the server's is offered (RFC 6455 §4.2.2)",
        HandshakeError.TimedOut => "the opening handshake took too long (RFC 9110 §15.5.9)",
        HandshakeError.ServerUnavailable => "the server takes no more connections (RFC 6455 §4.2.2)",
        HandshakeError.UnexpectedStatusCode => "the server did not respond with status 101 (RFC 6455 §4.1)",
        HandshakeError.MissingAccept => "there is no Sec-WebSocket-Accept header (RFC 6455 §4.1)",
        HandshakeError.RepeatedAccept => "there are several Sec-WebSocket-Accept headers (RFC 6455 §11.3.3)",
        HandshakeError.InvalidAccept => "the Sec-WebSocket-Accept does not belong to the key (RFC 6455 §4.1)",
        HandshakeError.UnrequestedSubprotocol => "the server chose a subprotocol not offered (RFC 6455 §4.1)",
        HandshakeError.RepeatedSubprotocol => "the server chose several subprotocols (RFC 6455 §11.3.4)",
        HandshakeError.MissingSubprotocol => "the server chose none of the subprotocols offered (RFC 6455 §4.1)",
        HandshakeError.UnrequestedExtension => "the server uses an extension not offered (RFC 6455 §4.1)",
        HandshakeError.RepeatedExtension => "the server names an extension twice (RFC 6455 §9.1)",
        HandshakeError.ConnectionLost => "the peer closed before the opening handshake was done (RFC 6455 §4.1)",
        HandshakeError.NotReachable => "the server could not be reached (RFC 6455 §4.1)",
        HandshakeError.TlsFailed => "TLS failed (RFC 6455 §4.1)",
        HandshakeError.MalformedResponse => "the response is not valid HTTP (RFC 9112 §4, RFC 9113 §8)",
        HandshakeError.InvalidExtensionParameters => "the extension's parameters do not answer the offer (RFC 7692 §5.1)",
        HandshakeError.UnknownPath => "there is nothing at this path (RFC 9110 §15.5.5)",
        HandshakeError.HostNotAllowed => "this server does not answer for the host (RFC 9110 §15.5.20)",
        HandshakeError.TooManyConnections => "the server has too many connections (RFC 9110 §15.6.4)",
        HandshakeError.TooManyConnectionsFromAddress => "there are too many connections from the address (RFC 6585 §4)",
        HandshakeError.ApplicationFailed => "the server failed (RFC 9110 §15.6.1)",
        HandshakeError.RefusedByApplication => "the application refused (RFC 6455 §4.2.2)",
        HandshakeError.ProxyFailed => "the proxy did not open a tunnel (RFC 9110 §9.3.6)",
        HandshakeError.InvalidRedirect => "the server redirects to what is no address (RFC 9110 §10.2.2)",
        HandshakeError.InsecureRedirect => "the server redirects from wss to ws (RFC 6455 §10.6)",
        HandshakeError.TooManyRedirects => "there were too many redirects (RFC 9110 §15.4)",
        HandshakeError.ExtendedConnectNotOffered => "the server offers no WebSocket by HTTP/2 (RFC 8441 §3)",
        HandshakeError.TooManyInterimResponses => "there were too many interim responses (RFC 9110 §15.2)",
        HandshakeError.MemoryExhausted => "the server has no memory for another connection (RFC 9110 §15.6.4)",
        HandshakeError.UnexpectedTls =>
            "the peer speaks TLS where HTTP without TLS is expected; wss and https are for a port with TLS (RFC 6455 §3)",
        _ => error.ToString(),
    };
}
