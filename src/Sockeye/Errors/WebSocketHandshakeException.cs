using Sockeye.Protocol;

namespace Sockeye;

/// <summary>Thrown when a connection could not be opened.</summary>
public sealed class WebSocketHandshakeException : SockeyeException
{
    internal WebSocketHandshakeException(
        WebSocketHandshakeError error, WebSocketHandshakePhase phase, int? statusCode,
        WebSocketHeaders headers, ReadOnlyMemory<byte> body = default,
        Exception? innerException = null, string? detail = null, WebSocketTlsFailure? tlsFailure = null)
        : base(Describe(error, statusCode, tlsFailure is null ? innerException : null, detail), innerException)
    {
        TlsFailure = tlsFailure;
        Error = error;
        Phase = phase;
        StatusCode = statusCode;
        Headers = headers;
        Body = body;
    }

    /// <summary>What went wrong. Stable across versions: switch on this, not on the message.</summary>
    public WebSocketHandshakeError Error { get; }

    /// <summary>
    /// Why TLS failed, if <see cref="Error"/> is <see cref="WebSocketHandshakeError.TlsFailed"/>; otherwise
    /// <see langword="null"/>. The message has the details, such as the names in a certificate.
    /// </summary>
    public WebSocketTlsFailure? TlsFailure { get; }

    /// <summary>The phase in which the attempt failed.</summary>
    public WebSocketHandshakePhase Phase { get; }

    /// <summary>
    /// The HTTP status of the response of the server, or of the proxy if it rejected the request; <see langword="null"/> if no
    /// response was received. For <c>WebSocketAcceptor.AcceptAsync</c>, the status that this end responded with.
    /// </summary>
    public int? StatusCode { get; }

    /// <summary>The headers of the server's response, as they were received; empty if there was no response.</summary>
    public WebSocketHeaders Headers { get; }

    /// <summary>The first 64 KiB of the body of a response with a status other than 101; otherwise empty.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    private static string Describe(
        WebSocketHandshakeError error, int? statusCode, Exception? innerException, string? detail) =>
        $"The connection could not be opened: {error.Describe()}"
        + (detail is null ? "" : $", {Shown(detail)}")
        + (statusCode is null ? "" : $", the response has status {statusCode}")
        + (innerException is null ? "." : $". {MessageOf(innerException)}");
}
