using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Sockeye.AspNetCore.Upgrades;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>The services that endpoints need besides the acceptor.</summary>
internal static class EndpointServices
{
    /// <summary>
    /// Adds them, once: rejected upgrades close their connection whatever has rejected them, and a page can have the pattern of an
    /// endpoint.
    /// </summary>
    public static IServiceCollection AddSockeyeEndpoints(this IServiceCollection services)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, RejectedUpgradeFilter>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<MatcherPolicy, WebSocketMatcherPolicy>());
        return services;
    }
}
