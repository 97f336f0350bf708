using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Primitives;
using Sockeye.Protocol;

namespace Sockeye.AspNetCore.DropIn;

/// <summary>
/// Gives each request that can be upgraded a <see cref="DropInFeature"/>, and rejects WebSocket requests of pages whose origin is not allowed
/// (RFC 6455 §10.2).
/// </summary>
internal sealed class DropInMiddleware
{
    private readonly RequestDelegate _next;
    private readonly WebSocketOptions _options;
    private readonly DropInRoutes _routes;
    private readonly ILogger _logger;
    private readonly HashSet<string>? _origins;

    /// <summary>Creates the middleware.</summary>
    /// <param name="next">What comes after it.</param>
    /// <param name="options">The options; the origins are read now, the others with each request.</param>
    /// <param name="routes">How connections are accepted.</param>
    /// <param name="services">The services of the application.</param>
    public DropInMiddleware(RequestDelegate next, WebSocketOptions options, DropInRoutes routes, IServiceProvider services)
    {
        _next = next;
        _options = options;
        _routes = routes;
        _logger = (services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger("Sockeye.AspNetCore.DropIn");
        _origins = options.AllowedOrigins.Count == 0 || options.AllowedOrigins.Contains("*")
            ? null
            : new HashSet<string>(options.AllowedOrigins, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Handles a request.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        var connect = context.Features.Get<IHttpExtendedConnectFeature>();
        if ((upgrade is null && connect is null) || context.Features.Get<IHttpWebSocketFeature>() is not null)
        {
            return _next(context);
        }

        var feature = new DropInFeature(context, upgrade, connect, _options, _routes);
        context.Features.Set<IHttpWebSocketFeature>(feature);
        if (_origins is not null && context.Request.Headers.Origin is var origin && !StringValues.IsNullOrEmpty(origin)
            && feature.IsWebSocketRequest && !_origins.Contains(origin.ToString()))
        {
            DropInLog.OriginNotAllowed(_logger, PeerText.Quote(origin.ToString()));
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        }

        return feature.IsWebSocketRequest ? RunAsync(context, feature) : _next(context);
    }

    private async Task RunAsync(HttpContext context, DropInFeature feature)
    {
        try
        {
            await _next(context).ConfigureAwait(false);
        }
        finally
        {
            await feature.EndAsync().ConfigureAwait(false);
        }
    }
}
