using Microsoft.Extensions.Logging;
using Sockeye.Protocol;

namespace Sockeye.Connections;

/// <summary>What connections log.</summary>
// Event ids are an interface: 1xx opening handshake, 2xx connection, 3xx server. Add at the end; never renumber.
internal static partial class ConnectionLog
{
    [LoggerMessage(EventId = 201, Level = LogLevel.Debug, Message = "Connection {ConnectionId} is open, peer {RemoteEndPoint}")]
    public static partial void Opened(this ILogger logger, long connectionId, object remoteEndPoint);

    [LoggerMessage(EventId = 202, Level = LogLevel.Information,
        Message = "Failed connection {ConnectionId} with {CloseCode}: the peer broke rule {Error}{Lengths}, in the frame "
            + "{FrameHeader} at byte {FrameOffset}")]
    public static partial void PeerBrokeRule(
        this ILogger logger, long connectionId, WebSocketCloseCode closeCode, WebSocketProtocolError error, string lengths,
        string frameHeader, long frameOffset);

    [LoggerMessage(EventId = 203, Level = LogLevel.Error,
        Message = "Failed connection {ConnectionId} with InternalError: its handler threw")]
    public static partial void HandlerThrew(this ILogger logger, long connectionId, Exception exception);

    [LoggerMessage(EventId = 204, Level = LogLevel.Debug,
        Message = "The handler of connection {ConnectionId} ended with its connection")]
    public static partial void HandlerEndedWithConnection(this ILogger logger, long connectionId, Exception exception);

    [LoggerMessage(EventId = 205, Level = LogLevel.Information,
        Message = "Aborted connection {ConnectionId}: the peer did not answer a ping in time")]
    public static partial void PeerSilent(this ILogger logger, long connectionId);

    [LoggerMessage(EventId = 210, Level = LogLevel.Information,
        Message = "Aborted connection {ConnectionId}: the peer accepted no data within SendTimeout")]
    public static partial void PeerStalled(this ILogger logger, long connectionId);

    [LoggerMessage(EventId = 212, Level = LogLevel.Information,
        Message = "Failed connection {ConnectionId} with PolicyViolation: the peer began a message, and sent nothing more of it, "
            + "or not all of it, within {MessageTimeout}")]
    public static partial void MessageStalled(this ILogger logger, long connectionId, TimeSpan messageTimeout);

    [LoggerMessage(EventId = 216, Level = LogLevel.Information,
        Message = "Failed connection {ConnectionId} with PolicyViolation: the peer sent more than {PerSecond} {Rate} per second")]
    public static partial void RateExceeded(this ILogger logger, long connectionId, int perSecond, WebSocketRate rate);

    [LoggerMessage(EventId = 220, Level = LogLevel.Error,
        Message = "A registration with the token Closing of connection {ConnectionId} threw")]
    public static partial void RegistrationThrew(this ILogger logger, long connectionId, Exception exception);

    [LoggerMessage(EventId = 213, Level = LogLevel.Warning,
        Message = "Failed connection {ConnectionId} with TryAgainLater: connections hold all of the {MaxBufferedLength} bytes that they may")]
    public static partial void MemoryExhausted(this ILogger logger, long connectionId, long maxBufferedLength);

    /// <summary>A connection was failed for what the peer sent.</summary>
    public static void Violation(this ILogger logger, long connectionId, ProtocolViolation violation, long maxBufferedLength)
    {
        if (violation.Error == WebSocketProtocolError.MemoryExhausted)
        {
            logger.MemoryExhausted(connectionId, maxBufferedLength);
        }
        else
        {
            WebSocketCloseCode closeCode = violation.Error.CloseCode();
            logger.PeerBrokeRule(
                connectionId, closeCode, violation.Error, violation.LengthText, violation.HeaderText, violation.FrameOffset);
        }
    }

    [LoggerMessage(EventId = 206, Level = LogLevel.Debug,
        Message = "Connection {ConnectionId} is closed: {CloseCode}, clean {WasClean}")]
    public static partial void Closed(
        this ILogger logger, long connectionId, WebSocketCloseCode closeCode, bool wasClean, Exception? exception);

    [LoggerMessage(EventId = 207, Level = LogLevel.Warning,
        Message = "Failed connection {ConnectionId} with InternalError: a fragmented message was begun and not completed")]
    public static partial void MessageAbandoned(this ILogger logger, long connectionId);

    [LoggerMessage(EventId = 215, Level = LogLevel.Information,
        Message = "Connection {ConnectionId} reads on to the peer's Close frame, and may drop messages: "
            + "the application was not done {Duration} after this end began to close")]
    public static partial void ReceiverStalled(this ILogger logger, long connectionId, TimeSpan duration);

    [LoggerMessage(EventId = 217, Level = LogLevel.Debug,
        Message = "The peer of connection {ConnectionId} reads slowly: {SendBufferLength} bytes wait for it")]
    public static partial void PeerSlow(this ILogger logger, long connectionId, long sendBufferLength);

    [LoggerMessage(EventId = 218, Level = LogLevel.Debug,
        Message = "The peer of connection {ConnectionId} has caught up; {DroppedCount} messages were dropped since the connection was opened")]
    public static partial void PeerCaughtUp(this ILogger logger, long connectionId, long droppedCount);

    [LoggerMessage(EventId = 219, Level = LogLevel.Information,
        Message = "Failed connection {ConnectionId} with TryAgainLater: its send buffer was at the limit for {CloseAfter}")]
    public static partial void PeerTooSlow(this ILogger logger, long connectionId, TimeSpan closeAfter);

    [LoggerMessage(EventId = 209, Level = LogLevel.Warning,
        Message = "Messages are not compressed: libSystem.IO.Compression.Native could not be loaded")]
    public static partial void CompressionUnavailable(this ILogger logger);

    [LoggerMessage(EventId = 208, Level = LogLevel.Warning,
        Message = "A callback of connection {ConnectionId} kept its event loop from all other connections for {Duration}")]
    public static partial void HeldUp(this ILogger logger, long connectionId, TimeSpan duration);

    [LoggerMessage(EventId = 214, Level = LogLevel.Warning,
        Message = "A callback of connection {ConnectionId} has kept its event loop from all other connections for {Duration}, and has "
            + "not returned")]
    public static partial void Stuck(this ILogger logger, long connectionId, TimeSpan duration);

    [LoggerMessage(EventId = 211, Level = LogLevel.Error, Message = "Aborted connection {ConnectionId}: an unexpected error")]
    public static partial void Faulted(this ILogger logger, long connectionId, Exception exception);
}
