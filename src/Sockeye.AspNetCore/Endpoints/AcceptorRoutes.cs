using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Sockeye.Server.Routes;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>The routes of an application: what belongs to the options of each is prepared once. Thread-safe.</summary>
internal sealed class AcceptorRoutes
{
    private static readonly ConditionalWeakTable<WebSocketAcceptor, AcceptorRoutes> All = [];

    private readonly ConditionalWeakTable<WebSocketRouteOptions, ServerRoute> _routes = [];

    private AcceptorRoutes(WebSocketAcceptor acceptor) => Acceptor = acceptor;

    /// <summary>The acceptor of the application.</summary>
    public WebSocketAcceptor Acceptor { get; }

    /// <summary>The routes of the application that a request belongs to.</summary>
    /// <exception cref="InvalidOperationException">Sockeye's services were not added.</exception>
    public static AcceptorRoutes Of(HttpContext context) => Of(context.RequestServices);

    /// <summary>The routes of the application that services belong to.</summary>
    /// <exception cref="InvalidOperationException">Sockeye's services were not added.</exception>
    public static AcceptorRoutes Of(IServiceProvider services) => All.GetValue(
        services.GetService<WebSocketAcceptor>() ?? throw ServicesMissing(),
        static acceptor => new AcceptorRoutes(acceptor));

    /// <summary>Reports that an application has no acceptor.</summary>
    public static InvalidOperationException ServicesMissing() =>
        new("Sockeye's services were not added: call builder.Services.AddSockeye() first.");

    /// <summary>The route of a request that has options of its own.</summary>
    public ServerRoute RouteOf(WebSocketRouteOptions options, HttpContext context)
    {
        if (_routes.TryGetValue(options, out ServerRoute? route))
        {
            return route;
        }

        string name = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "*";
        return _routes.GetValue(options, key => Acceptor.CreateRoute(name, key));
    }
}
