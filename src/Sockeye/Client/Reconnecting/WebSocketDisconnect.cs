using System.Net.Sockets;

namespace Sockeye;

/// <summary>How a connection of a <see cref="WebSocketReconnectingClient"/> ended, or why there was none. Immutable.</summary>
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
    /// Why no connection could be opened: a <see cref="WebSocketHandshakeException"/>, or what a callback of the application has
    /// thrown. <see langword="null"/> if there was one, or the application gave up first.
    /// </summary>
    public Exception? Exception { get; }

    /// <summary>
    /// Whether another attempt may go better: the default of <see cref="WebSocketReconnectOptions.ShouldReconnect"/>.
    /// </summary>
    /// <value>
    /// <see langword="false"/> for a server that has said goodbye (1000), or that would say the same again: to what this
    /// end sends (1002, 1003, 1007 to 1010), to who it is (3000, 3003), by a status such as 404, by a certificate or a version of TLS. For what a
    /// callback of the application threw, such as <see cref="WebSocketClientOptions.OnSendingRequest"/>,
    /// <see langword="true"/> if it could not reach a server of its own, in time or at all.
    /// </value>
    public bool IsTransient => Result is not null ? IsTransientClose(Result.Code) : IsTransientFailure(Exception);

    /// <summary>One sentence for a log, on one line: what a server sent is escaped as in a C# string literal.</summary>
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

        // Of a callback that asks another server, for a token or an address.
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } failure =>
            failure.GetBaseException() is IOException or SocketException,
        HttpRequestException failure => IsTransientStatus((int?)failure.StatusCode),
        OperationCanceledException { InnerException: TimeoutException } => true,
        _ => exception is IOException or SocketException or TimeoutException,
    };

    // A certificate and a version stay what they are; a server that restarts, or a proxy without one, cuts a handshake off or
    // answers with something else.
    private static bool IsTransientTlsFailure(WebSocketTlsFailure? failure) =>
        failure is WebSocketTlsFailure.ConnectionClosed or WebSocketTlsFailure.ConnectionReset
            or WebSocketTlsFailure.AlertReceived or WebSocketTlsFailure.PlainHttp or WebSocketTlsFailure.NotTls
            or WebSocketTlsFailure.TimedOut or WebSocketTlsFailure.Other;

    // Of the server and of a proxy. RFC 9110 §15: a status of a class that is known is treated as the x00 of the class, and
    // one above 599 as 500. 501 and 505 are about the request itself, which will be the same again (§15.6.2, §15.6.6).
    private static bool IsTransientStatus(int? status) =>
        status is null or 408 or 425 or 429 or (>= 500 and not 501 and not 505);
}
