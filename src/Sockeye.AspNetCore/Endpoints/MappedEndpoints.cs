using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>The WebSocket endpoints of an application, or of a group of its endpoints.</summary>
/// <param name="services">The services of the application.</param>
internal sealed class MappedEndpoints(IServiceProvider services) : EndpointDataSource
{
    private readonly List<MappedEndpoint> _endpoints = [];

    /// <inheritdoc/>
    public override IReadOnlyList<Endpoint> Endpoints => [.. _endpoints.Select(endpoint => endpoint.Build(services, group: null))];

    /// <summary>The endpoints that are mapped in one place, to which others are added.</summary>
    /// <exception cref="InvalidOperationException">Sockeye's services were not added.</exception>
    public static MappedEndpoints Of(IEndpointRouteBuilder builder)
    {
        // The acceptor itself is created later, when all options are known.
        if (builder.ServiceProvider.GetService<IServiceProviderIsService>()?.IsService(typeof(WebSocketAcceptor)) == false)
        {
            throw AcceptorRoutes.ServicesMissing();
        }

        if (builder.DataSources.OfType<MappedEndpoints>().FirstOrDefault() is not { } endpoints)
        {
            endpoints = new MappedEndpoints(builder.ServiceProvider);
            builder.DataSources.Add(endpoints);
        }

        return endpoints;
    }

    /// <summary>Adds an endpoint.</summary>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    public MappedEndpoint Add(RoutePattern pattern, EndpointTarget target, WebSocketRouteOptions options)
    {
        Server.ServerOptionConflicts.Check(options, pattern.RawText ?? "");

        // A copy, because a route is found by its options, and has the name of its pattern in metrics.
        var endpoint = new MappedEndpoint(pattern, target, options with { });
        _endpoints.Add(endpoint);
        return endpoint;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Endpoint> GetGroupedEndpoints(RouteGroupContext context) =>
        [.. _endpoints.Select(endpoint => endpoint.Build(context.ApplicationServices, context))];

    /// <inheritdoc/>
    public override IChangeToken GetChangeToken() => NullChangeToken.Singleton;
}
