using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Sockeye.Hosting.Services;

/// <summary>
/// Whether the acceptor and the servers of the application accept connections, and whether an event loop of theirs is held up.
/// </summary>
internal sealed class WebSocketHealthCheck(IServiceProvider services, TimeSpan stallThreshold) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        List<string> failures = [];
        List<string> stalls = [];
        Dictionary<string, object> data = [];
        if (services.GetService<AcceptorRegistration>() is not null)
        {
            WebSocketAcceptor acceptor = services.GetRequiredService<WebSocketAcceptor>();
            data["connections"] = acceptor.ConnectionCount;
            if (acceptor.IsStopping)
            {
                failures.Add("The acceptor is stopping.");
            }
        }

        foreach (ServerRegistration registration in services.GetServices<ServerRegistration>())
        {
            string name = registration.Name;
            WebSocketServer server = services.GetRequiredKeyedService<WebSocketServer>(name);
            data[$"{name}:connections"] = server.ConnectionCount;
            if (!server.IsAccepting)
            {
                failures.Add(server.IsStopping ? $"The server '{name}' is stopping." : $"The server '{name}' does not listen yet.");
            }

            TimeSpan longest = server.LongestRunningCallback;
            if (longest >= stallThreshold)
            {
                stalls.Add($"A callback has kept an event loop of the server '{name}' from its other connections for {longest}.");
            }
        }

        HealthStatus status = failures.Count > 0 ? context.Registration.FailureStatus
            : stalls.Count > 0 ? HealthStatus.Degraded
            : HealthStatus.Healthy;
        string[] reasons = [.. failures, .. stalls];
        return Task.FromResult(new HealthCheckResult(
            status, reasons.Length == 0 ? "Accepting connections." : string.Join(' ', reasons), exception: null, data));
    }
}
