using System.Net;

namespace Sockeye;

/// <summary>A failed opening handshake, for <see cref="WebSocketAcceptorOptions.OnHandshakeFailed"/>.</summary>
public sealed class WebSocketHandshakeFailure
{
    internal WebSocketHandshakeFailure(
        WebSocketHandshakeError error, int? statusCode, EndPoint? remoteEndPoint, WebSocketUpgradeRequest? request, Exception? exception)
    {
        Error = error;
        StatusCode = statusCode;
        RemoteEndPoint = remoteEndPoint;
        Request = request;
        Exception = exception;
    }

    /// <summary>The rule that was broken, or what else went wrong. Its values are stable across versions.</summary>
    public WebSocketHandshakeError Error { get; }

    /// <summary>
    /// For <see cref="WebSocketHandshakeError.OriginNotAllowed"/> and <see cref="WebSocketHandshakeError.HostNotAllowed"/>, a sentence that
    /// names the rejected value, escaped and truncated, and the values it was compared with; for
    /// <see cref="WebSocketHandshakeError.TlsFailed"/>, the reason; for a decision of the application that cannot be sent, such as a
    /// subprotocol that the client did not offer, what is wrong with it; otherwise <see langword="null"/>. The log has it too. Don't send
    /// it to the client, which would learn the allowed values.
    /// </summary>
    public string? Detail { get; internal init; }

    /// <summary>
    /// Why TLS failed, if <see cref="Error"/> is <see cref="WebSocketHandshakeError.TlsFailed"/>; otherwise <see langword="null"/>. A client
    /// that speaks HTTP without TLS is <see cref="WebSocketTlsFailure.PlainHttp"/>, and gets status 400.
    /// </summary>
    public WebSocketTlsFailure? TlsFailure { get; internal init; }

    /// <summary>The HTTP status of the response; <see langword="null"/> if none is sent.</summary>
    public int? StatusCode { get; }

    /// <summary>The address of the client, or of the proxy in between; <see langword="null"/> if it is unknown.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>
    /// The request, if its head arrived whole. It may break any rule of HTTP and of the opening handshake: properties whose value is missing
    /// or malformed are empty, and none throws.
    /// </summary>
    public WebSocketUpgradeRequest? Request { get; }

    /// <summary>The exception of the application or of TLS; <see langword="null"/> if the client broke a rule.</summary>
    public Exception? Exception { get; }
}
