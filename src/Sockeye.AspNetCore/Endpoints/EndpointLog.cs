using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>What endpoints log.</summary>
// Event ids are an interface. Add at the end; never renumber.
internal static partial class EndpointLog
{
    [LoggerMessage(EventId = 151, Level = LogLevel.Information,
        Message = "Rejected an opening handshake for {Pattern} with {StatusCode}: {Detail}")]
    public static partial void BindingFailed(this ILogger logger, string pattern, int statusCode, string detail);

    [LoggerMessage(EventId = 152, Level = LogLevel.Debug, Message = "A client disconnected during the opening handshake")]
    public static partial void LostDuringHandshake(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 153, Level = LogLevel.Warning,
        Message = "The CORS policy of {Pattern} does not apply to WebSockets, because it does not allow credentials: a browser sends cookies "
            + "with every opening handshake. Only pages of the server's own origin may connect")]
    public static partial void CorsWithoutCredentials(this ILogger logger, string pattern);

    [LoggerMessage(EventId = 154, Level = LogLevel.Warning,
        Message = "Responded to an opening handshake with 503: the server does not take another upgraded connection now")]
    public static partial void NotUpgraded(this ILogger logger, Exception exception);

    /// <summary>The logger of an application's endpoints.</summary>
    public static ILogger LoggerOf(IServiceProvider services) =>
        services.GetService<ILoggerFactory>()?.CreateLogger("Sockeye.AspNetCore.Endpoints") ?? NullLogger.Instance;
}
