using Microsoft.Extensions.Logging;

namespace Sockeye.Client;

/// <summary>What clients log.</summary>
// Event ids are an interface: 4xx client. Add at the end; never renumber.
internal static partial class ClientLog
{
    [LoggerMessage(EventId = 401, Level = LogLevel.Error, Message = "The callback for the status of a client threw")]
    public static partial void StatusCallbackThrew(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 402, Level = LogLevel.Information,
        Message = "A client connects again in {Delay}, after failure {FailureCount}: {Disconnect}")]
    public static partial void Reconnecting(
        this ILogger logger, TimeSpan delay, int failureCount, WebSocketDisconnect disconnect);

    [LoggerMessage(EventId = 403, Level = LogLevel.Warning,
        Message = "A client connects again only when the application receives: {Count} connections have ended with messages that wait")]
    public static partial void WaitsForReceiver(this ILogger logger, int count);

    [LoggerMessage(EventId = 404, Level = LogLevel.Warning,
        Message = "A client dropped {Count} messages that were never received: the application sends without receiving, and messages "
            + "of {ConnectionCount} connections wait")]
    public static partial void UnreceivedDropped(this ILogger logger, int count, int connectionCount);
}
