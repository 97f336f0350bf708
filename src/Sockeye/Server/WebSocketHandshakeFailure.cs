using System.Net;

namespace Sockeye;

/// <summary>An opening handshake that came to nothing, as <see cref="WebSocketServerOptions.OnHandshakeFailed"/> is told.</summary>
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

    /// <summary>What went wrong. Stable across versions.</summary>
    public WebSocketHandshakeError Error { get; }

    /// <summary>
    /// For <see cref="WebSocketHandshakeError.OriginNotAllowed"/> and <see cref="WebSocketHandshakeError.HostNotAllowed"/>, a sentence for people
    /// that names what was refused, escaped and cut, and what it was compared with; for <see cref="WebSocketHandshakeError.TlsFailed"/>,
    /// why; else <see langword="null"/>. The log has it too; don't send it to the client, who would learn what is allowed.
    /// </summary>
    public string? Detail { get; internal init; }

    /// <summary>
    /// Why TLS failed, if <see cref="Error"/> is <see cref="WebSocketHandshakeError.TlsFailed"/>; else <see langword="null"/>. A client that
    /// speaks HTTP without TLS is <see cref="WebSocketTlsFailure.PlainHttp"/>, and is answered with status 400.
    /// </summary>
    public WebSocketTlsFailure? TlsFailure { get; internal init; }

    /// <summary>The HTTP status of the answer; <see langword="null"/> if there is nobody to answer.</summary>
    public int? StatusCode { get; }

    /// <summary>The address of the client, or of the proxy in between, if it is known.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>
    /// The request, if its head arrived whole. It may break any rule of HTTP and of the opening handshake: what is missing, or
    /// could not be read, is empty, and no property throws.
    /// </summary>
    public WebSocketUpgradeRequest? Request { get; }

    /// <summary>What the application threw, or TLS; <see langword="null"/> if the client broke a rule.</summary>
    public Exception? Exception { get; }
}
