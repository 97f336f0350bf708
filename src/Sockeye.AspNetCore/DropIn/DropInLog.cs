using Microsoft.Extensions.Logging;

namespace Sockeye.AspNetCore.DropIn;

/// <summary>What the middleware logs.</summary>
internal static partial class DropInLog
{
    [LoggerMessage(1, LogLevel.Warning, "WebSocket request with the origin {Origin} rejected: AllowedOrigins does not list it")]
    public static partial void OriginNotAllowed(ILogger logger, string origin);
}
