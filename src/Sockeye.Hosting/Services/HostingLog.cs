using Microsoft.Extensions.Logging;

namespace Sockeye.Hosting.Services;

/// <summary>The events that the host logs, in the category <c>Sockeye.Hosting</c>.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(501, LogLevel.Error, "A service of a connection threw when its scope was disposed of")]
    public static partial void ScopeNotDisposed(this ILogger logger, Exception exception);

    [LoggerMessage(502, LogLevel.Information, "The WebSocket server '{Name}' listens on {EndPoints}")]
    public static partial void Listening(this ILogger logger, string name, string endPoints);
}
