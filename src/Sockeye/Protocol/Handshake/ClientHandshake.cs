using System.Buffers;
using System.Text;

namespace Sockeye.Protocol;

/// <summary>The client's side of the opening handshake: writes the request and validates the response (RFC 6455 §4.1).</summary>
internal static class ClientHandshake
{
    /// <summary>The length of the nonce in a key, in bytes (RFC 6455 §4.1).</summary>
    public const int NonceLength = 16;

    private const int SwitchingProtocols = 101;

    private static readonly string[] ConnectionHeaders =
        ["Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade"];

    /// <summary>Creates a key from a nonce.</summary>
    /// <param name="nonce">16 random bytes, used for one connection only (RFC 6455 §4.1 (7)).</param>
    public static string CreateKey(ReadOnlySpan<byte> nonce) => Convert.ToBase64String(nonce[..NonceLength]);

    /// <summary>Writes a complete request.</summary>
    /// <returns>The fault because of which nothing was written, or <see cref="HandshakeFault.None"/>.</returns>
    public static HandshakeFault WriteRequest(IBufferWriter<byte> destination, ClientHandshakeRequest request)
    {
        HandshakeFault fault = Check(request);
        if (fault != HandshakeFault.None)
        {
            return fault;
        }

        var writer = new HeadWriter(destination);
        writer.Write("GET "u8);
        writer.Write(request.Target);
        writer.Write(" HTTP/1.1\r\n"u8);
        writer.WriteHeader("Host"u8, request.Host);
        writer.Write("Upgrade: websocket\r\nConnection: Upgrade\r\n"u8);
        writer.WriteHeader("Sec-WebSocket-Key"u8, request.Key);
        writer.Write("Sec-WebSocket-Version: "u8);
        writer.Write(request.Version);
        writer.EndLine();
        if (request.Origin is not null)
        {
            bool isDraft = request.Version == ServerHandshake.DraftVersion;
            writer.WriteHeader(isDraft ? "Sec-WebSocket-Origin"u8 : "Origin"u8, request.Origin);
        }

        if (request.Subprotocols.Count > 0)
        {
            writer.WriteHeader(SubprotocolList.HeaderName, SubprotocolList.Format(request.Subprotocols));
        }

        string extensions = ExtensionList.Format(request.PerMessageDeflate, request.Extensions);
        if (extensions.Length > 0)
        {
            writer.WriteHeader(ExtensionList.HeaderName, extensions);
        }

        writer.WriteHeaders(request.Headers);
        writer.EndLine();
        return HandshakeFault.None;
    }

    /// <summary>Validates a response in HTTP/1.1.</summary>
    public static WebSocketHandshakeError Check(
        ResponseHead response,
        ClientHandshakeExpectations expected,
        out ClientHandshakeAgreement agreement) =>
        Check(response.StatusCode, response.Version, response.Headers, expected, out agreement);

    /// <summary>Validates a response that any HTTP implementation has parsed. A pure function.</summary>
    /// <param name="statusCode">The status code.</param>
    /// <param name="version">The HTTP version.</param>
    /// <param name="headers">The header lines.</param>
    /// <param name="expected">What the client requested.</param>
    /// <param name="agreement">
    /// The result, if the response is valid. The parameters of permessage-deflate have been validated; any other extension must
    /// validate its own.
    /// </param>
    /// <returns>The first violation. The connection must then be closed: it never was a WebSocket connection.</returns>
    public static WebSocketHandshakeError Check(
        int statusCode,
        Version version,
        HeaderFields headers,
        ClientHandshakeExpectations expected,
        out ClientHandshakeAgreement agreement)
    {
        agreement = ClientHandshakeAgreement.Nothing;

        // RFC 6455 §4.1 (1): any status other than 101 is handled by the procedures of HTTP.
        if (statusCode != SwitchingProtocols)
        {
            return WebSocketHandshakeError.UnexpectedStatusCode;
        }

        if (!HttpVersionText.CanUpgrade(version.Major, version.Minor))
        {
            return WebSocketHandshakeError.UnsupportedHttpVersion;
        }

        WebSocketHandshakeError error = CheckUpgrade(headers);
        error = error == WebSocketHandshakeError.None ? CheckAccept(headers, expected.Key) : error;
        return error == WebSocketHandshakeError.None ? CheckAgreement(headers, expected, out agreement) : error;
    }

    /// <summary>Validates a response to an extended CONNECT of HTTP/2 (RFC 8441 §5). A pure function.</summary>
    /// <param name="statusCode">The status code.</param>
    /// <param name="headers">The header fields.</param>
    /// <param name="expected">What the client requested; there is no key.</param>
    /// <param name="agreement">The result, if the response is valid, as for HTTP/1.1.</param>
    /// <returns>The first violation. The stream must then be ended: it never was a WebSocket connection.</returns>
    public static WebSocketHandshakeError CheckExtendedConnect(
        int statusCode, HeaderFields headers, ClientHandshakeExpectations expected,
        out ClientHandshakeAgreement agreement)
    {
        agreement = ClientHandshakeAgreement.Nothing;

        // RFC 8441 §4: "a 2xx (Successful) response to the extended CONNECT request". HTTP/2 has no 101.
        if (statusCode is < 200 or > 299)
        {
            return WebSocketHandshakeError.UnexpectedStatusCode;
        }

        // RFC 9113 §8.2.2: a response with any of these is malformed. Sec-WebSocket-Accept is only unused (RFC 8441 §5).
        foreach (string name in ConnectionHeaders)
        {
            if (headers.Find(Encoding.ASCII.GetBytes(name), out _) != 0)
            {
                return WebSocketHandshakeError.MalformedResponse;
            }
        }

        return CheckAgreement(headers, expected, out agreement);
    }

    private static WebSocketHandshakeError CheckAgreement(
        HeaderFields headers, ClientHandshakeExpectations expected, out ClientHandshakeAgreement agreement)
    {
        agreement = ClientHandshakeAgreement.Nothing;
        WebSocketHandshakeError error = CheckSubprotocol(headers, expected, out string? subprotocol);
        if (error != WebSocketHandshakeError.None)
        {
            return error;
        }

        error = CheckExtensions(
            headers, expected, out IReadOnlyList<Extension> extensions, out PerMessageDeflateParameters? deflate);
        if (error == WebSocketHandshakeError.None)
        {
            agreement = new ClientHandshakeAgreement(subprotocol, extensions, deflate);
        }

        return error;
    }

    private static HandshakeFault Check(ClientHandshakeRequest request) =>
        !IsTarget(request.Target) ? HandshakeFault.InvalidTarget
        : !HeaderFieldRules.IsHost(request.Host) ? HandshakeFault.InvalidHost
        : !IsKey(request.Key) ? HandshakeFault.InvalidKey
        : request.Version is not (ServerHandshake.RfcVersion or ServerHandshake.DraftVersion)
            ? HandshakeFault.InvalidVersion
        : !SubprotocolList.IsValid(request.Subprotocols) ? HandshakeFault.InvalidSubprotocol
        : !ExtensionList.IsValid(request.Extensions) ? HandshakeFault.InvalidExtension
        : !HeaderFieldRules.IsValue(request.Origin) ? HandshakeFault.InvalidHeaderValue
        : HeaderFieldRules.Check(request.Headers);

    // RFC 9112 §3.2.1: origin-form. "#" would begin a fragment, which must not be sent.
    private static bool IsTarget(string target) =>
        target.StartsWith('/') && !target.Contains('#') && !target.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static bool IsKey(string key) => Ascii.IsValid(key) && AcceptKey.IsKey(Encoding.ASCII.GetBytes(key));

    private static WebSocketHandshakeError CheckUpgrade(HeaderFields headers)
    {
        if (headers.IndexOf("Upgrade"u8) < 0)
        {
            return WebSocketHandshakeError.MissingUpgrade;
        }

        // RFC 6455 §4.1 (2): the value is "websocket" in any case. A list of two values would not say which protocol was chosen.
        if (headers.CountElements("Upgrade"u8) != 1 || !headers.HasToken("Upgrade"u8, "websocket"u8))
        {
            return WebSocketHandshakeError.InvalidUpgrade;
        }

        // RFC 6455 §4.1 (3): the token may occur among others.
        return headers.HasToken("Connection"u8, "Upgrade"u8) ? WebSocketHandshakeError.None : WebSocketHandshakeError.InvalidConnection;
    }

    private static WebSocketHandshakeError CheckAccept(HeaderFields headers, string key)
    {
        int count = headers.Find("Sec-WebSocket-Accept"u8, out ReadOnlySpan<byte> accept);
        if (count != 1)
        {
            return count == 0 ? WebSocketHandshakeError.MissingAccept : WebSocketHandshakeError.RepeatedAccept;
        }

        // RFC 6455 §4.1 (4). Base64 is case-sensitive, so the comparison is exact, without the white space around the value.
        Span<byte> expected = stackalloc byte[AcceptKey.Length];
        if (!IsKey(key))
        {
            return WebSocketHandshakeError.InvalidAccept;
        }

        AcceptKey.Compute(Encoding.ASCII.GetBytes(key), expected);
        return accept.SequenceEqual(expected) ? WebSocketHandshakeError.None : WebSocketHandshakeError.InvalidAccept;
    }

    private static WebSocketHandshakeError CheckSubprotocol(
        HeaderFields headers, ClientHandshakeExpectations expected, out string? subprotocol)
    {
        subprotocol = null;
        int count = headers.Find(SubprotocolList.HeaderName, out ReadOnlySpan<byte> value);
        if (count == 0)
        {
            return expected.Subprotocols.Count == 0 || expected.AllowMissingSubprotocol
                ? WebSocketHandshakeError.None
                : WebSocketHandshakeError.MissingSubprotocol;
        }

        // RFC 6455 §11.3.4: "MUST NOT appear more than once in an HTTP response"; it contains a single name.
        if (count > 1 || value.Contains((byte)','))
        {
            return WebSocketHandshakeError.RepeatedSubprotocol;
        }

        if (!HttpCharacters.IsToken(value))
        {
            return WebSocketHandshakeError.InvalidSubprotocols;
        }

        // RFC 6455 §4.1 (6): a subprotocol that "was not present in the client's handshake" fails the connection. Names are
        // compared exactly.
        string chosen = Encoding.ASCII.GetString(value);
        if (!expected.Subprotocols.Contains(chosen, StringComparer.Ordinal))
        {
            return WebSocketHandshakeError.UnrequestedSubprotocol;
        }

        subprotocol = chosen;
        return WebSocketHandshakeError.None;
    }

    private static WebSocketHandshakeError CheckExtensions(
        HeaderFields headers,
        ClientHandshakeExpectations expected,
        out IReadOnlyList<Extension> extensions,
        out PerMessageDeflateParameters? deflate)
    {
        extensions = [];
        deflate = null;
        if (!ExtensionList.TryParse(headers, out IReadOnlyList<Extension> used))
        {
            return WebSocketHandshakeError.InvalidExtensions;
        }

        // RFC 6455 §4.1 (5): an extension that "was not present in the client's handshake" fails the connection.
        if (!used.All(extension => IsOffered(extension.Name, expected)))
        {
            return WebSocketHandshakeError.UnrequestedExtension;
        }

        if (used.DistinctBy(extension => extension.Name, StringComparer.Ordinal).Count() != used.Count)
        {
            return WebSocketHandshakeError.RepeatedExtension;
        }

        // RFC 7692 §5.1: a response that does not match the offer fails the connection.
        PerMessageDeflateRules? rules = expected.PerMessageDeflate;
        if (rules is not null
            && !PerMessageDeflateNegotiation.TryAgree(
                headers, PerMessageDeflateNegotiation.Offer(rules), rules, out deflate))
        {
            return WebSocketHandshakeError.InvalidExtensionParameters;
        }

        extensions = used;
        return WebSocketHandshakeError.None;
    }

    private static bool IsOffered(string name, ClientHandshakeExpectations expected) =>
        expected.Extensions.Contains(name, StringComparer.Ordinal)
        || (expected.PerMessageDeflate is not null && name == PerMessageDeflateParameters.ExtensionName);
}
