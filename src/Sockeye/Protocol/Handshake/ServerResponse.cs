using System.Buffers;
using System.Text;

namespace Sockeye.Protocol;

/// <summary>Writes a server's response to an opening handshake: a 101, or a rejection (RFC 6455 §4.2.2).</summary>
/// <remarks>Everything is validated before the first byte is written: after a fault, the destination is unchanged.</remarks>
internal static class ServerResponse
{
    /// <summary>The status that asks a client to retry with an Upgrade header (RFC 9110 §15.5.22).</summary>
    public const int UpgradeRequired = 426;

    private const int MethodNotAllowed = 405;
    private const int MinStatusCode = 200;
    private const int MinRejectionStatusCode = 300;
    private const int NoContent = 204;
    private const int NotModified = 304;
    private const int MaxStatusCode = 599;

    // The part between the status line and the computed headers, which is the same for every connection.
    private static ReadOnlySpan<byte> AcceptStart =>
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "u8;

    /// <summary>Accepts without any additions by the application.</summary>
    /// <param name="destination">The buffer for the head.</param>
    /// <param name="offer">
    /// The client's offer. Its <see cref="ServerHandshakeOffer.Subprotocol"/> and its
    /// <see cref="ServerHandshakeOffer.PerMessageDeflate"/> are accepted.
    /// </param>
    public static HandshakeFault WriteAccept(IBufferWriter<byte> destination, ServerHandshakeOffer offer) =>
        WriteAccept(destination, offer, offer.Subprotocol, [], []);

    /// <summary>Accepts an opening handshake.</summary>
    /// <param name="destination">The buffer for the head.</param>
    /// <param name="offer">The client's offer. Its <see cref="ServerHandshakeOffer.PerMessageDeflate"/> is accepted.</param>
    /// <param name="subprotocol">One of the offered subprotocols, or <see langword="null"/>.</param>
    /// <param name="extensions">The other negotiated extensions, by names that the client offered.</param>
    /// <param name="headers">The headers that the application adds.</param>
    /// <returns>The fault because of which nothing was written, or <see cref="HandshakeFault.None"/>.</returns>
    public static HandshakeFault WriteAccept(
        IBufferWriter<byte> destination,
        ServerHandshakeOffer offer,
        string? subprotocol,
        IReadOnlyList<Extension> extensions,
        IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        // RFC 6455 §4.2.2 (5): the subprotocol is one "the server has selected" from those of the client's handshake.
        if (subprotocol is not null && !offer.Subprotocols.Contains(subprotocol, StringComparer.Ordinal))
        {
            return HandshakeFault.SubprotocolNotOffered;
        }

        HandshakeFault fault = extensions.Count == 0 ? HandshakeFault.None : CheckExtensions(offer, extensions);
        fault = fault == HandshakeFault.None ? HeaderFieldRules.Check(headers) : fault;
        if (fault != HandshakeFault.None)
        {
            return fault;
        }

        Span<byte> accept = stackalloc byte[AcceptKey.Length];
        AcceptKey.Compute(offer.Key, accept);

        var writer = new HeadWriter(destination);
        writer.Write(AcceptStart);
        writer.Write(accept);
        writer.EndLine();
        if (subprotocol is not null)
        {
            writer.WriteHeader(SubprotocolList.HeaderName, subprotocol);
        }

        // RFC 6455 §11.3.2: the header "MUST NOT appear more than once in an HTTP response".
        if (offer.PerMessageDeflate is not null || extensions.Count > 0)
        {
            writer.WriteHeader(ExtensionList.HeaderName, ExtensionList.Format(offer.PerMessageDeflate, extensions));
        }

        writer.WriteHeaders(headers);
        writer.EndLine();
        return HandshakeFault.None;
    }

    /// <summary>Rejects because of an error of the client.</summary>
    public static void WriteRejection(
        IBufferWriter<byte> destination, WebSocketHandshakeError error, ServerHandshakeRules rules) =>
        WriteRejection(destination, HandshakeRejection.For(error, rules));

    /// <summary>
    /// Rejects an opening handshake. The connection must be closed afterwards, and no byte after the request may be read.
    /// </summary>
    /// <returns>The fault because of which nothing was written, or <see cref="HandshakeFault.None"/>.</returns>
    public static HandshakeFault WriteRejection(IBufferWriter<byte> destination, HandshakeRejection rejection) =>
        rejection.StatusCode < MinRejectionStatusCode
            ? HandshakeFault.InvalidStatusCode
            : WriteFinal(destination, rejection, isHead: false);

    /// <summary>
    /// Writes a rejection, or the response to a plain request, whose status may also be 200. The connection must be closed
    /// afterwards, and no byte after the request may be read.
    /// </summary>
    /// <param name="destination">The buffer for the response.</param>
    /// <param name="rejection">The response.</param>
    /// <param name="isHead">
    /// Whether the request was a HEAD, whose response has the same headers and no body (RFC 9110 §9.3.2).
    /// </param>
    /// <returns>The fault because of which nothing was written, or <see cref="HandshakeFault.None"/>.</returns>
    public static HandshakeFault WriteFinal(IBufferWriter<byte> destination, HandshakeRejection rejection, bool isHead)
    {
        HandshakeFault fault = Check(rejection);
        if (fault != HandshakeFault.None)
        {
            return fault;
        }

        int statusCode = rejection.StatusCode;
        byte[] body = Encoding.UTF8.GetBytes(rejection.Body);

        var writer = new HeadWriter(destination);
        writer.Write("HTTP/1.1 "u8);
        writer.Write(statusCode);
        writer.Write(" "u8);
        writer.Write(rejection.ReasonPhrase ?? ReasonPhrases.For(statusCode));
        writer.EndLine();

        // RFC 9110 §15.5.22, §7.8: a 426 "MUST send an Upgrade header field", which Connection must then name too.
        bool upgradeRequired = statusCode == UpgradeRequired;
        writer.Write(upgradeRequired
            ? "Connection: Upgrade, close\r\nUpgrade: websocket\r\n"u8
            : "Connection: close\r\n"u8);
        if (rejection.SupportedVersions is not null)
        {
            writer.WriteHeader("Sec-WebSocket-Version"u8, rejection.SupportedVersions);
        }

        if (statusCode == MethodNotAllowed)
        {
            // RFC 9110 §15.5.6: "MUST generate an Allow header field".
            writer.WriteHeader("Allow"u8, "GET");
        }

        // RFC 9110 §8.6: no Content-Length with a 204. §15.4.5: a 304 describes the content that it does not send.
        bool hasContent = statusCode is not (NoContent or NotModified);
        if (hasContent)
        {
            writer.WriteHeader("Content-Type"u8, rejection.ContentType);
            writer.Write("Content-Length: "u8);
            writer.Write(body.Length);
            writer.EndLine();
        }

        writer.WriteHeaders(rejection.Headers);
        writer.EndLine();
        if (hasContent && !isHead)
        {
            writer.Write(body);
        }

        return HandshakeFault.None;
    }

    private static HandshakeFault CheckExtensions(ServerHandshakeOffer offer, IReadOnlyList<Extension> extensions)
    {
        if (!ExtensionList.IsValid(extensions))
        {
            return HandshakeFault.InvalidExtension;
        }

        IReadOnlyList<Extension> offered = offer.Extensions;
        return extensions.All(accepted => offered.Any(one => one.Name == accepted.Name))
            ? HandshakeFault.None
            : HandshakeFault.ExtensionNotOffered;
    }

    // Set with its own property; a second one would make the response ambiguous.
    private static bool IsContentType(KeyValuePair<string, string> header) =>
        header.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase);

    private static HandshakeFault Check(HandshakeRejection rejection) =>
        rejection.StatusCode is < MinStatusCode or > MaxStatusCode ? HandshakeFault.InvalidStatusCode
        : !HeaderFieldRules.IsValue(rejection.ReasonPhrase) ? HandshakeFault.InvalidReasonPhrase
        : !HeaderFieldRules.IsValue(rejection.ContentType) ? HandshakeFault.InvalidHeaderValue
        : !HeaderFieldRules.IsValue(rejection.SupportedVersions) ? HandshakeFault.InvalidHeaderValue
        : rejection.Headers.Any(IsContentType) ? HandshakeFault.ReservedHeaderName
        : HeaderFieldRules.Check(rejection.Headers);
}
