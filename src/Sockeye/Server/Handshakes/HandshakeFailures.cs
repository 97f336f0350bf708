using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Handshakes;
using Sockeye.Logging;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Server.Handshakes;

/// <summary>Logs opening handshakes that fail, and reports them to the application, which may replace the response.</summary>
/// <param name="logger">The server's log.</param>
/// <param name="onFailed">The callback of the application.</param>
/// <param name="rules">The rules that responses name, such as the supported versions.</param>
internal sealed class HandshakeFailures(
    GuardedLogger logger, Func<WebSocketHandshakeFailure, WebSocketUpgradeRejection?>? onFailed, ServerHandshakeRules rules)
{
    private static readonly HandshakeRejection PlainHttpResponse = new()
    {
        StatusCode = 400,
        Body = "this port speaks TLS: use wss or https\n",
    };

    /// <summary>Whether the application has a callback, which gets the request.</summary>
    public bool NeedRequest => onFailed is not null;

    /// <summary>Reports a handshake that is rejected.</summary>
    /// <param name="cause">Why.</param>
    /// <param name="remote">The client's address.</param>
    /// <param name="decided">The response that the application has decided on; <see langword="null"/> for the usual one.</param>
    /// <returns>The response.</returns>
    public HandshakeRejection Reject(in RejectionCause cause, EndPoint? remote, HandshakeRejection? decided = null)
    {
        HandshakeRejection response = decided ?? HandshakeRejection.For(cause.Error, rules);
        if (cause.Exception is null)
        {
            string detail = cause.Detail is null ? "" : ": " + cause.Detail;
            LogLevel level = LevelOf(cause.Error);
            logger.HandshakeRefused(level, remote ?? EndPoints.Unknown, response.StatusCode, cause.Error, detail);
        }
        else
        {
            logger.UpgradeThrew(remote ?? EndPoints.Unknown, cause.Detail ?? "the application threw an exception", cause.Exception);
        }

        var failure = new WebSocketHandshakeFailure(cause.Error, response.StatusCode, remote, cause.Request, cause.Exception)
        {
            Detail = cause.Detail,
        };
        return Report(failure)?.ToRejection() ?? response;
    }

    /// <summary>Reports a client that disconnected before the response.</summary>
    public void ReportAbandoned(EndPoint? remote, WebSocketUpgradeRequest? request)
    {
        logger.HandshakeAbandoned(remote ?? EndPoints.Unknown);
        Report(new(WebSocketHandshakeError.ConnectionLost, statusCode: null, remote, request, exception: null));
    }

    /// <summary>Reports a client that has sent nothing before the deadline.</summary>
    public void ReportSilent(EndPoint? remote)
    {
        logger.HandshakeSilent(remote ?? EndPoints.Unknown);
        Report(new(WebSocketHandshakeError.TimedOut, statusCode: null, remote, request: null, exception: null));
    }

    /// <summary>Reports a client that was dropped for others, because its request had not arrived.</summary>
    public void ReportGaveWay(EndPoint? remote)
    {
        logger.HandshakeGaveWay(remote ?? EndPoints.Unknown);
        Report(new(WebSocketHandshakeError.TimedOut, statusCode: null, remote, request: null, exception: null));
    }

    /// <summary>Logs a client that disconnected before anything was read, or an unexpected error.</summary>
    public void LogLost(Exception exception)
    {
        if (exception is IOException or SocketException or ObjectDisposedException)
        {
            logger.LostBeforeHandshake(exception);
        }
        else
        {
            logger.HandshakeFaulted(EndPoints.Unknown, exception);
        }
    }

    /// <summary>Reports a TLS handshake that failed.</summary>
    /// <param name="remote">The client's address.</param>
    /// <param name="diagnosis">Why it failed.</param>
    /// <param name="isSilent">Whether the client sent nothing.</param>
    /// <param name="exception">The exception of TLS.</param>
    /// <returns>The response to a client that speaks HTTP without TLS; <see langword="null"/> for any other client.</returns>
    public HandshakeRejection? RejectTls(EndPoint? remote, TlsDiagnosis diagnosis, bool isSilent, Exception exception)
    {
        // A fault of this server concerns every client. A client that only stays silent is not worth a line in the usual log.
        bool isFault = diagnosis.Failure == WebSocketTlsFailure.LocalFault;
        LogLevel level = isFault ? LogLevel.Error
            : isSilent && diagnosis.Failure == WebSocketTlsFailure.TimedOut ? LogLevel.Debug
            : LogLevel.Information;
        logger.TlsFailed(level, remote ?? EndPoints.Unknown, diagnosis.Failure, diagnosis.Detail, isFault ? exception : null);
        HandshakeRejection? response = diagnosis.Failure == WebSocketTlsFailure.PlainHttp ? PlainHttpResponse : null;
        var failure = new WebSocketHandshakeFailure(
            WebSocketHandshakeError.TlsFailed, response?.StatusCode, remote, request: null, exception)
        {
            Detail = diagnosis.Detail,
            TlsFailure = diagnosis.Failure,
        };
        WebSocketUpgradeRejection? chosen = Report(failure);
        return response is null ? null : chosen?.ToRejection() ?? response;
    }

    // An origin or a host that is not allowed is most often missing in the options.
    private static LogLevel LevelOf(WebSocketHandshakeError error) =>
        error is WebSocketHandshakeError.OriginNotAllowed or WebSocketHandshakeError.HostNotAllowed ? LogLevel.Warning : LogLevel.Information;

    private WebSocketUpgradeRejection? Report(WebSocketHandshakeFailure failure)
    {
        try
        {
            return onFailed?.Invoke(failure);
        }
        catch (Exception exception)
        {
            logger.FailureHookThrew(exception);
            return null;
        }
    }
}
