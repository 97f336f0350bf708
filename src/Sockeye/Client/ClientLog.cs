using Microsoft.Extensions.Logging;

namespace Sockeye.Client;

/// <summary>What clients log.</summary>
// Event ids are an interface: 4xx client. Add at the end; never renumber.
internal static partial class ClientLog
{
    [LoggerMessage(EventId = 401, Level = LogLevel.Error, Message = "The callback for the status of a client threw")]
    public static partial void StatusCallbackThrew(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 402, Level = LogLevel.Information,
        Message = "A client connects again in {Delay}, after {FailureCount} failures: {Disconnect}")]
    public static partial void Reconnecting(
        this ILogger logger, TimeSpan delay, int failureCount, WebSocketDisconnect disconnect);
}
