using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Handshakes;
using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>Says in the log, and to the application, that an opening handshake came to nothing.</summary>
internal static class HandshakeFailures
{
    private static readonly HandshakeRejection PlainHttpAnswer = new()
    {
        StatusCode = 400,
        Body = "this port speaks TLS: use wss or https\n",
    };

    /// <summary>The client is to be answered with a refusal.</summary>
    /// <param name="context">The server's.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="rejection">What the application has decided to answer, if it has.</param>
    /// <param name="remote">The client's address.</param>
    /// <param name="request">The request, if it was one of HTTP.</param>
    /// <param name="detail">What was refused and what it was compared with: see <see cref="RefusalDetail"/>.</param>
    /// <param name="exception">What the application threw, if it did.</param>
    /// <returns>What is answered.</returns>
    public static HandshakeRejection Tell(
        ServerContext context, WebSocketHandshakeError error, HandshakeRejection? rejection, EndPoint? remote,
        WebSocketUpgradeRequest? request, string? detail, Exception? exception)
    {
        rejection ??= HandshakeRejection.For(error, context.Fallback.For(isSecure: false).Rules);
        if (exception is null)
        {
            LogLevel level = LevelOf(error);
            string cause = detail is null ? "" : ": " + detail;
            context.Logger.HandshakeRefused(level, remote, rejection.StatusCode, error, cause);
        }
        else
        {
            context.Logger.UpgradeThrew(remote, exception);
        }

        return Tell(context, new(error, rejection.StatusCode, remote, request, exception) { Detail = detail })?.ToRejection() ?? rejection;
    }

    /// <summary>The client is gone.</summary>
    public static void TellAbandoned(ServerContext context, EndPoint? remote, WebSocketUpgradeRequest? request)
    {
        context.Logger.HandshakeAbandoned(remote);
        Tell(context, new(WebSocketHandshakeError.ConnectionLost, statusCode: null, remote, request, exception: null));
    }

    /// <summary>The client has been silent for all of its time.</summary>
    public static void TellSilent(ServerContext context, EndPoint? remote)
    {
        context.Logger.HandshakeSilent(remote);
        Tell(context, new(WebSocketHandshakeError.TimedOut, statusCode: null, remote, request: null, exception: null));
    }

    /// <summary>The client took its time, and others needed the room.</summary>
    public static void TellGaveWay(ServerContext context, EndPoint? remote)
    {
        context.Logger.HandshakeGaveWay(remote);
        Tell(context, new(WebSocketHandshakeError.TimedOut, statusCode: null, remote, request: null, exception: null));
    }

    /// <summary>The client was gone before anything could be read; or something failed that should not.</summary>
    public static void TellLostBefore(ServerContext context, Exception exception)
    {
        if (exception is IOException or SocketException or ObjectDisposedException)
        {
            context.Logger.LostBeforeHandshake(exception);
        }
        else
        {
            context.Logger.HandshakeFaulted(remoteEndPoint: null, exception);
        }
    }

    /// <summary>The client and this server found no way to speak TLS.</summary>
    /// <param name="context">The server's.</param>
    /// <param name="remote">The client's address.</param>
    /// <param name="diagnosis">Why.</param>
    /// <param name="isSilent">Whether the client sent nothing.</param>
    /// <param name="exception">What TLS threw.</param>
    /// <returns>What is answered: <see langword="null"/> if the client does not speak HTTP without TLS either.</returns>
    public static HandshakeRejection? TellTlsFailed(
        ServerContext context, EndPoint? remote, TlsDiagnosis diagnosis, bool isSilent, Exception exception)
    {
        // Every client meets what this end cannot do. One that is silent, and no more, is not worth a line.
        bool isFault = diagnosis.Failure == WebSocketTlsFailure.LocalFault;
        LogLevel level = isFault ? LogLevel.Error
            : isSilent && diagnosis.Failure == WebSocketTlsFailure.TimedOut ? LogLevel.Debug
            : LogLevel.Information;
        context.Logger.TlsFailed(level, remote, diagnosis.Failure, diagnosis.Detail, isFault ? exception : null);
        HandshakeRejection? answer = diagnosis.Failure == WebSocketTlsFailure.PlainHttp ? PlainHttpAnswer : null;
        var failure = new WebSocketHandshakeFailure(
            WebSocketHandshakeError.TlsFailed, answer?.StatusCode, remote, request: null, exception)
        {
            Detail = diagnosis.Detail,
            TlsFailure = diagnosis.Failure,
        };
        WebSocketUpgradeRejection? chosen = Tell(context, failure);
        return answer is null ? null : chosen?.ToRejection() ?? answer;
    }

    // A page or a name that the server was not told of is most often one that its options lack.
    private static LogLevel LevelOf(WebSocketHandshakeError error) =>
        error is WebSocketHandshakeError.OriginNotAllowed or WebSocketHandshakeError.HostNotAllowed ? LogLevel.Warning : LogLevel.Information;

    private static WebSocketUpgradeRejection? Tell(ServerContext context, WebSocketHandshakeFailure failure)
    {
        try
        {
            return context.Options.OnHandshakeFailed?.Invoke(failure);
        }
        catch (Exception exception)
        {
            context.Logger.FailureHookThrew(exception);
            return null;
        }
    }
}
