using System.Text;

namespace Sockeye.Protocol;

/// <summary>The server's side of the opening handshake: validates a request against the RFC and the server's own rules.</summary>
internal static class ServerHandshake
{
    /// <summary>The WebSocket version of RFC 6455.</summary>
    public const int RfcVersion = 13;

    /// <summary>The WebSocket version of the drafts HyBi 08 to 12.</summary>
    public const int DraftVersion = 8;

    /// <summary>Validates a request (RFC 6455 §4.2.1). A pure function without state.</summary>
    /// <param name="request">The request.</param>
    /// <param name="rules">The rules of the server.</param>
    /// <param name="offer">
    /// The client's offer. Valid only when the result is <see cref="WebSocketHandshakeError.None"/>, or concerns only the origin:
    /// <see cref="WebSocketHandshakeError.OriginNotAllowed"/> or <see cref="WebSocketHandshakeError.InvalidOrigin"/>.
    /// </param>
    /// <returns>
    /// The first violation, for which <see cref="ServerResponse"/> writes the response. The connection must then be closed and no
    /// byte after the head may be read: a proxy that saw a rejection would treat what follows as another request.
    /// </returns>
    public static WebSocketHandshakeError Check(RequestHead request, ServerHandshakeRules rules, out ServerHandshakeOffer offer)
    {
        offer = default;
        WebSocketHandshakeError error = CheckHttp(request, rules);
        if (error != WebSocketHandshakeError.None)
        {
            return error;
        }

        HeaderFields headers = request.Headers;
        error = CheckUpgrade(headers);
        if (error != WebSocketHandshakeError.None)
        {
            return error;
        }

        error = CheckVersion(headers, rules);
        if (error != WebSocketHandshakeError.None)
        {
            return error;
        }

        error = CheckKey(headers);
        if (error != WebSocketHandshakeError.None)
        {
            return error;
        }

        error = CheckLists(headers, rules, out string? selected);
        if (error != WebSocketHandshakeError.None)
        {
            return error;
        }

        PerMessageDeflateParameters? deflate = rules.PerMessageDeflate is null
            ? null
            : PerMessageDeflateNegotiation.Accept(headers, rules.PerMessageDeflate);
        offer = new ServerHandshakeOffer(request, selected, deflate);
        return CheckOrigins(offer, rules);
    }

    /// <summary>Checks the origins in an otherwise valid request.</summary>
    /// <param name="offer">The request.</param>
    /// <param name="rules">The rules of the server.</param>
    /// <param name="isAllowed">
    /// Called for an origin that the rules do not allow; <see langword="null"/> to allow no other. Its exceptions propagate to
    /// the caller.
    /// </param>
    public static WebSocketHandshakeError CheckOrigins(
        in ServerHandshakeOffer offer, ServerHandshakeRules rules, Func<string, bool>? isAllowed = null)
    {
        WebSocketHandshakeError error = CheckOrigin(offer, rules, "Origin"u8, isAllowed);

        // Browsers of the drafts send the origin there. If a client sends both headers, both must pass.
        return error == WebSocketHandshakeError.None && offer.Version == DraftVersion
            ? CheckOrigin(offer, rules, "Sec-WebSocket-Origin"u8, isAllowed)
            : error;
    }

    /// <summary>
    /// Whether a request is a plain HTTP request that an application may respond to: GET or HEAD without an Upgrade header.
    /// </summary>
    public static bool IsPlain(RequestHead request) =>
        (request.Method.SequenceEqual("GET"u8) || request.Method.SequenceEqual("HEAD"u8))
        && request.Headers.IndexOf("Upgrade"u8) < 0;

    /// <summary>Validates a plain HTTP/1.x request against the rules of HTTP and the server's list of hosts.</summary>
    /// <returns>The first violation.</returns>
    public static WebSocketHandshakeError CheckPlain(RequestHead request, ServerHandshakeRules rules) =>
        CheckFraming(request, rules, isHostOptional: request.IsHttp10 && rules.Hosts.Count == 0);

    private static WebSocketHandshakeError CheckHttp(RequestHead request, ServerHandshakeRules rules) =>
        // RFC 6455 §4.2.1 (1): "An HTTP/1.1 or higher GET request".
        request.Method.SequenceEqual("GET"u8)
            ? CheckFraming(request, rules, isHostOptional: false)
            : WebSocketHandshakeError.MethodNotGet;

    // Applies to every request. Only HTTP/1.0 allows a request without Host.
    private static WebSocketHandshakeError CheckFraming(RequestHead request, ServerHandshakeRules rules, bool isHostOptional)
    {
        // RFC 9112 §3.2: "A server MUST respond with a 400 ... to any HTTP/1.1 request message that lacks a Host header
        // field and to any request message that contains more than one ... or ... an invalid field value."
        HeaderFields headers = request.Headers;
        int hostCount = headers.Find("Host"u8, out ReadOnlySpan<byte> hostValue);
        if (hostCount == 0 && isHostOptional)
        {
            return RequestTarget.TryParse(request.Target, out _) ? CheckContent(headers) : WebSocketHandshakeError.InvalidTarget;
        }

        if (hostCount != 1)
        {
            return hostCount == 0 ? WebSocketHandshakeError.MissingHost : WebSocketHandshakeError.RepeatedHost;
        }

        // Also if a target in absolute form replaces the header: "any ... Host header field with an invalid field value".
        if (!Authority.TryParse(hostValue, out Authority host))
        {
            return WebSocketHandshakeError.InvalidHost;
        }

        if (!RequestTarget.TryParse(request.Target, out RequestTarget target))
        {
            return WebSocketHandshakeError.InvalidTarget;
        }

        // RFC 9112 §3.2.2: "an origin server receives a request with an absolute-form of request-target ... MUST ignore the
        // received Host header field (if any) and instead use the host information of the request-target." User
        // information in it is an error (RFC 9110 §4.2.4).
        if (!target.Authority.IsEmpty && !Authority.TryParse(target.Authority, out host))
        {
            return WebSocketHandshakeError.InvalidTarget;
        }

        if (!IsAllowed(host, rules, target.Authority.IsEmpty ? rules.IsSecure : target.IsSecure))
        {
            return WebSocketHandshakeError.HostNotAllowed;
        }

        return CheckContent(headers);
    }

    private static WebSocketHandshakeError CheckContent(HeaderFields headers) =>
        CheckBody(headers) is WebSocketHandshakeError error and not WebSocketHandshakeError.None ? error : CheckValues(headers);

    // DNS rebinding: another party has pointed its own name at this address.
    private static bool IsAllowed(Authority host, ServerHandshakeRules rules, bool isSecure)
    {
        foreach (HostPattern pattern in rules.Hosts)
        {
            if (pattern.IsMatch(host, isSecure, anyPort: true))
            {
                return true;
            }
        }

        return rules.Hosts.Count == 0;
    }

    // A body would take the place of the frames. Two statements of its length allow two interpretations of where it ends:
    // CVE-2018-12541, CVE-2025-55315.
    private static WebSocketHandshakeError CheckBody(HeaderFields headers)
    {
        if (headers.IndexOf("Transfer-Encoding"u8) >= 0)
        {
            return WebSocketHandshakeError.UnexpectedBody;
        }

        int count = headers.Find("Content-Length"u8, out ReadOnlySpan<byte> length);
        if (count == 0)
        {
            return WebSocketHandshakeError.None;
        }

        if (count > 1 || length.IsEmpty || length.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return WebSocketHandshakeError.InvalidContentLength;
        }

        return length.ContainsAnyExcept((byte)'0') ? WebSocketHandshakeError.UnexpectedBody : WebSocketHandshakeError.None;
    }

    // RFC 9110 §5.5 allows Latin-1 and other bytes in other headers; those of the handshake are ASCII by their grammar.
    private static WebSocketHandshakeError CheckValues(HeaderFields headers)
    {
        for (int index = 0; index < headers.Count; index++)
        {
            ReadOnlySpan<byte> name = headers.Name(index);
            if (name.Length > "Sec-"u8.Length
                && Ascii.EqualsIgnoreCase(name[.."Sec-"u8.Length], "Sec-"u8)
                && !Ascii.IsValid(headers.Value(index)))
            {
                return WebSocketHandshakeError.InvalidHeaderValue;
            }
        }

        return WebSocketHandshakeError.None;
    }

    private static WebSocketHandshakeError CheckUpgrade(HeaderFields headers)
    {
        // RFC 6455 §4.2.1 (3): "containing the value "websocket", treated as an ASCII case-insensitive value".
        if (headers.IndexOf("Upgrade"u8) < 0)
        {
            return WebSocketHandshakeError.MissingUpgrade;
        }

        if (!headers.HasToken("Upgrade"u8, "websocket"u8))
        {
            return WebSocketHandshakeError.InvalidUpgrade;
        }

        // RFC 6455 §4.2.1 (4): "that includes the token "Upgrade"".
        return headers.HasToken("Connection"u8, "Upgrade"u8) ? WebSocketHandshakeError.None : WebSocketHandshakeError.InvalidConnection;
    }

    // Comes before the key: clients of the oldest drafts send neither, and must get the supported versions.
    private static WebSocketHandshakeError CheckVersion(HeaderFields headers, ServerHandshakeRules rules)
    {
        int count = headers.Find("Sec-WebSocket-Version"u8, out ReadOnlySpan<byte> value);
        bool isSupported = value.SequenceEqual("13"u8) || (value.SequenceEqual("8"u8) && rules.AllowVersion8);

        // RFC 6455 §11.3.5: "MUST NOT appear more than once in an HTTP request".
        return count == 0 ? WebSocketHandshakeError.MissingVersion
            : count > 1 || value.Contains((byte)',') ? WebSocketHandshakeError.RepeatedVersion
            : !isSupported ? WebSocketHandshakeError.UnsupportedVersion
            : WebSocketHandshakeError.None;
    }

    private static WebSocketHandshakeError CheckKey(HeaderFields headers)
    {
        int count = headers.Find("Sec-WebSocket-Key"u8, out ReadOnlySpan<byte> key);

        // RFC 6455 §11.3.1: "MUST NOT appear more than once in an HTTP request".
        return count == 0 ? WebSocketHandshakeError.MissingKey
            : count > 1 ? WebSocketHandshakeError.RepeatedKey
            : AcceptKey.IsKey(key) ? WebSocketHandshakeError.None
            : WebSocketHandshakeError.InvalidKey;
    }

    private static WebSocketHandshakeError CheckOrigin(
        in ServerHandshakeOffer offer, ServerHandshakeRules rules, ReadOnlySpan<byte> name, Func<string, bool>? isAllowed)
    {
        int count = offer.Request.Headers.Find(name, out ReadOnlySpan<byte> origin);
        if (count == 0)
        {
            // RFC 6455 §4.2.1 (7): a client other than a browser need not send an origin.
            return WebSocketHandshakeError.None;
        }

        if (count > 1 || !OriginCheck.IsWellFormed(origin))
        {
            return WebSocketHandshakeError.InvalidOrigin;
        }

        return rules.DangerousAllowAnyOrigin
            || rules.Origins.IsAllowed(origin, offer.RawHost, rules.IsSecure)
            || isAllowed?.Invoke(Encoding.ASCII.GetString(origin)) == true
                ? WebSocketHandshakeError.None
                : WebSocketHandshakeError.OriginNotAllowed;
    }

    private static WebSocketHandshakeError CheckLists(HeaderFields headers, ServerHandshakeRules rules, out string? selected)
    {
        selected = null;
        if (!SubprotocolList.TryParse(headers, out IReadOnlyList<string> subprotocols))
        {
            return WebSocketHandshakeError.InvalidSubprotocols;
        }

        selected = SubprotocolList.Select(rules.Subprotocols, subprotocols);
        if (selected is null && rules.RequireSubprotocol)
        {
            return WebSocketHandshakeError.NoCommonSubprotocol;
        }

        // RFC 6455 §9.1: a header that violates the grammar fails the connection, even if no extension would be accepted.
        return ExtensionList.IsValid(headers) ? WebSocketHandshakeError.None : WebSocketHandshakeError.InvalidExtensions;
    }
}
