using Microsoft.Extensions.Logging;

namespace Sockeye.Client;

/// <summary>The log messages of clients.</summary>
// Event ids are an interface: 4xx client. Add at the end; never renumber.
internal static partial class ClientLog
{
    [LoggerMessage(EventId = 401, Level = LogLevel.Error, Message = "OnStatusChanged of a reconnecting client threw")]
    public static partial void StatusCallbackThrew(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 402, Level = LogLevel.Information,
        Message = "A client reconnects in {Delay}, after failure {FailureCount}: {Disconnect}")]
    public static partial void Reconnecting(
        this ILogger logger, TimeSpan delay, int failureCount, WebSocketDisconnect disconnect);

    [LoggerMessage(EventId = 403, Level = LogLevel.Warning,
        Message = "A client does not reconnect until the application receives: {Count} connections have ended with unread messages")]
    public static partial void WaitsForReceiver(this ILogger logger, int count);

    [LoggerMessage(EventId = 404, Level = LogLevel.Warning,
        Message = "A client dropped {Count} unread messages: the application sends without receiving, and messages "
            + "of {ConnectionCount} connections wait")]
    public static partial void UnreceivedDropped(this ILogger logger, int count, int connectionCount);
}
