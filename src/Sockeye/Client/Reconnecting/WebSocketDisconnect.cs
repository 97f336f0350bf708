using System.Net.Sockets;

namespace Sockeye;

/// <summary>How a connection of a <see cref="WebSocketReconnectingClient"/> ended, or why none was opened. Immutable.</summary>
public sealed class WebSocketDisconnect
{
    internal WebSocketDisconnect(WebSocketCloseResult? result, Exception? exception)
    {
        Result = result;
        Exception = exception;
    }

    /// <summary>How the connection ended; <see langword="null"/> if none could be opened.</summary>
    public WebSocketCloseResult? Result { get; }

    /// <summary>
    /// Why no connection could be opened: a <see cref="WebSocketHandshakeException"/>, or the exception of a callback of the
    /// application. <see langword="null"/> if a connection was opened, or the application closed the client first.
    /// </summary>
    public Exception? Exception { get; }

    /// <summary>
    /// Whether another attempt may succeed: the default of <see cref="WebSocketReconnectOptions.ShouldReconnect"/>.
    /// </summary>
    /// <value>
    /// <see langword="false"/> if the server closed normally (1000), or would reject the client again: because of what this end
    /// sends (1002, 1003, 1007 to 1010), its identity (3000, 3003), a status such as 404, or a certificate or version of TLS. For
    /// an exception of a callback of the application, such as <see cref="WebSocketClientOptions.OnSendingRequest"/>,
    /// <see langword="true"/> if a server that it called was unreachable, timed out or responded with a temporary error.
    /// </value>
    public bool IsTransient => Result is not null ? IsTransientClose(Result.Code) : IsTransientFailure(Exception);

    /// <summary>Returns one sentence for a log, on one line; text of the server is escaped as in a C# string literal.</summary>
    public override string ToString() =>
        Result?.ToString()
        ?? (Exception is null ? "The application closed the client." : SockeyeException.MessageOf(Exception));

    private static bool IsTransientClose(WebSocketCloseCode code) => (int)code switch
    {
        1000 or 1002 or 1003 or (>= 1007 and <= 1010) => false,

        // Registered with IANA as Unauthorized and Forbidden.
        3000 or 3003 => false,
        _ => true,
    };

    private static bool IsTransientFailure(Exception? exception) => exception switch
    {
        WebSocketHandshakeException failure => failure.Error switch
        {
            WebSocketHandshakeError.NotReachable or WebSocketHandshakeError.TimedOut or WebSocketHandshakeError.ConnectionLost => true,
            WebSocketHandshakeError.TlsFailed => IsTransientTlsFailure(failure.TlsFailure),
            WebSocketHandshakeError.UnexpectedStatusCode or WebSocketHandshakeError.ProxyFailed => IsTransientStatus(failure.StatusCode),
            _ => false,
        },

        // Thrown by a callback that requests a token or an address from another server.
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } failure =>
            failure.GetBaseException() is IOException or SocketException,
        HttpRequestException failure => IsTransientStatus((int?)failure.StatusCode),
        OperationCanceledException { InnerException: TimeoutException } => true,
        _ => exception is IOException or SocketException or TimeoutException,
    };

    // A certificate or a version does not change soon. A server that restarts, or a proxy without its server, cuts a handshake
    // off or responds with something else.
    private static bool IsTransientTlsFailure(WebSocketTlsFailure? failure) =>
        failure is WebSocketTlsFailure.ConnectionClosed or WebSocketTlsFailure.ConnectionReset
            or WebSocketTlsFailure.AlertReceived or WebSocketTlsFailure.PlainHttp or WebSocketTlsFailure.NotTls
            or WebSocketTlsFailure.TimedOut or WebSocketTlsFailure.Other;

    // The status of the server or of a proxy. RFC 9110 §15: an unknown status is treated as the x00 of its class, and one above
    // 599 as 500. 501 and 505 concern the request itself, which would be the same again (§15.6.2, §15.6.6).
    private static bool IsTransientStatus(int? status) =>
        status is null or 408 or 425 or 429 or (>= 500 and not 501 and not 505);
}
