using Microsoft.Extensions.Logging;

namespace Sockeye.Server;

/// <summary>What a server logs.</summary>
// Event ids are an interface: 1xx opening handshake, 2xx connection, 3xx server. Add at the end; never renumber.
internal static partial class ServerLog
{
    // A warning if the options may be wrong: see HandshakeFailures.
    [LoggerMessage(EventId = 101,
        Message = "Rejected an opening handshake from {RemoteEndPoint} with {StatusCode}: {Error}{Detail}")]
    public static partial void HandshakeRefused(
        this ILogger logger, LogLevel level, object remoteEndPoint, int statusCode, WebSocketHandshakeError error, string detail);

    [LoggerMessage(EventId = 102, Level = LogLevel.Error,
        Message = "Rejected an opening handshake from {RemoteEndPoint} with 500: {Fault}")]
    public static partial void UpgradeThrew(this ILogger logger, object remoteEndPoint, string fault, Exception exception);

    // An error if the server cannot speak TLS with any client; otherwise the client is the cause.
    [LoggerMessage(EventId = 103, Message = "TLS with {RemoteEndPoint} failed: {Failure}, {Detail}")]
    public static partial void TlsFailed(
        this ILogger logger, LogLevel level, object remoteEndPoint, WebSocketTlsFailure failure, string detail,
        Exception? exception);

    [LoggerMessage(EventId = 104, Level = LogLevel.Debug, Message = "A client disconnected before the opening handshake")]
    public static partial void LostBeforeHandshake(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 105, Level = LogLevel.Information,
        Message = "{RemoteEndPoint} disconnected before its opening handshake was complete")]
    public static partial void HandshakeAbandoned(this ILogger logger, object remoteEndPoint);

    [LoggerMessage(EventId = 106, Level = LogLevel.Warning,
        Message = "The opening handshake of {RemoteEndPoint} kept its event loop from all connections for {Duration}")]
    public static partial void HandshakeHeldUp(this ILogger logger, object remoteEndPoint, TimeSpan duration);

    [LoggerMessage(EventId = 107, Level = LogLevel.Error,
        Message = "OnHandshakeFailed threw an exception")]
    public static partial void FailureHookThrew(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 108, Level = LogLevel.Error,
        Message = "The application threw an exception when its decision about {RemoteEndPoint} was canceled")]
    public static partial void CancellationThrew(this ILogger logger, object remoteEndPoint, Exception exception);

    [LoggerMessage(EventId = 109, Level = LogLevel.Debug, Message = "{RemoteEndPoint} sent nothing before the deadline and was disconnected")]
    public static partial void HandshakeSilent(this ILogger logger, object remoteEndPoint);

    [LoggerMessage(EventId = 110, Level = LogLevel.Error,
        Message = "The application selected no certificate for {RemoteEndPoint} before the deadline, and then threw an exception")]
    public static partial void SelectTlsThrewLate(this ILogger logger, object remoteEndPoint, Exception? exception);

    [LoggerMessage(EventId = 111, Level = LogLevel.Error,
        Message = "The opening handshake of {RemoteEndPoint} met an unexpected error")]
    public static partial void HandshakeFaulted(this ILogger logger, object remoteEndPoint, Exception exception);

    [LoggerMessage(EventId = 112, Level = LogLevel.Debug,
        Message = "Responded to a plain request from {RemoteEndPoint} with {StatusCode}")]
    public static partial void PlainRequestAnswered(this ILogger logger, object remoteEndPoint, int statusCode);

    [LoggerMessage(EventId = 113, Level = LogLevel.Debug,
        Message = "{RemoteEndPoint} had not sent its request when others needed its place, and was disconnected")]
    public static partial void HandshakeGaveWay(this ILogger logger, object remoteEndPoint);

    [LoggerMessage(EventId = 114, Level = LogLevel.Warning,
        Message = "The opening handshake of {RemoteEndPoint} has kept its event loop from all connections for {Duration}, and has not ended")]
    public static partial void HandshakeStuck(this ILogger logger, object remoteEndPoint, TimeSpan duration);

    [LoggerMessage(EventId = 301, Level = LogLevel.Information, Message = "Listening on {EndPoint}, {Protocol}")]
    public static partial void Listening(this ILogger logger, object? endPoint, string protocol);

    [LoggerMessage(EventId = 308, Level = LogLevel.Warning,
        Message = "OpenSSL cannot be used in place on {EndPoint}: {Reason}. TLS runs on SslStream")]
    public static partial void OpenSslUnavailable(this ILogger logger, object endPoint, string reason);

    [LoggerMessage(EventId = 302, Level = LogLevel.Warning,
        Message = "Accepting a connection failed; trying again in {Delay}")]
    public static partial void AcceptFailed(this ILogger logger, TimeSpan delay, Exception exception);

    [LoggerMessage(EventId = 303, Level = LogLevel.Information,
        Message = "Stopping: closing {ConnectionCount} connections")]
    public static partial void Stopping(this ILogger logger, int connectionCount);

    [LoggerMessage(EventId = 304, Level = LogLevel.Warning,
        Message = "Stopped before all connections were closed: aborting {ConnectionCount}")]
    public static partial void StopCutShort(this ILogger logger, int connectionCount);

    [LoggerMessage(EventId = 305, Level = LogLevel.Warning,
        Message = "Rejecting connections: the process uses almost all of the {Limit} descriptors that it may have, of which the "
            + "server leaves {Reserved} free")]
    public static partial void DescriptorsShort(this ILogger logger, int limit, int reserved);

    [LoggerMessage(EventId = 306, Level = LogLevel.Warning,
        Message = "The rehearsal of an opening handshake before the first connection failed; the server listens without it")]
    public static partial void RehearsalFailed(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 307, Level = LogLevel.Warning,
        Message = "Stopped while methods of the application were still running for {ConnectionCount} connections")]
    public static partial void StopLeftApplication(this ILogger logger, int connectionCount);
}
