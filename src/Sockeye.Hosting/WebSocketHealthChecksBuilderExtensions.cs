using Microsoft.Extensions.Diagnostics.HealthChecks;
using Sockeye.Hosting.Services;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a health check of WebSocket servers.</summary>
public static class WebSocketHealthChecksBuilderExtensions
{
    private static readonly TimeSpan DefaultStallThreshold = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Adds a check of the acceptor and all servers that <c>AddSockeye</c> and <c>AddSockeyeServer</c> have registered: healthy while all
    /// of them accept connections, degraded while a callback holds up an event loop, and unhealthy before the start and from the moment at
    /// which a stop begins. It is for readiness: an application that drains its connections must not be restarted.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">The name of the check.</param>
    /// <param name="stallThreshold">
    /// How long a callback may occupy an event loop before the check is degraded: more than zero; <see langword="null"/> for 1 second. See
    /// <see cref="Sockeye.WebSocketServer.LongestRunningCallback"/>.
    /// </param>
    /// <param name="failureStatus">The status instead of unhealthy; <see langword="null"/> for unhealthy.</param>
    /// <param name="tags">Tags of the check, by which endpoints select checks.</param>
    /// <returns>The health checks.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The threshold is zero or negative.</exception>
    public static IHealthChecksBuilder AddSockeye(
        this IHealthChecksBuilder builder, string name = "sockeye", TimeSpan? stallThreshold = null, HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        TimeSpan threshold = stallThreshold ?? DefaultStallThreshold;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(threshold, TimeSpan.Zero, nameof(stallThreshold));
        return builder.Add(new HealthCheckRegistration(
            name, services => new WebSocketHealthCheck(services, threshold), failureStatus, tags));
    }
}
