using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Sockeye.AspNetCore.Upgrades;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>One call of MapWebSocket: it collects conventions, and makes the endpoint of them. Part of the endpoint's metadata.</summary>
/// <param name="pattern">The pattern, without those of groups.</param>
/// <param name="target">What serves the connections.</param>
/// <param name="options">The options of the endpoint.</param>
/// <remarks>
/// Authentication by cookies rejects a request with 401 or 403, as this metadata demands: a client of WebSockets cannot follow a redirect to
/// a page where a person signs in.
/// </remarks>
internal sealed class MappedEndpoint(RoutePattern pattern, EndpointTarget target, WebSocketRouteOptions options)
    : IEndpointConventionBuilder, IDisableCookieRedirectMetadata
{
    // GET for the upgrade of HTTP/1.1 (RFC 6455 §4.1), CONNECT for HTTP/2 (RFC 8441 §5). Browsers send no preflight.
    private static readonly HttpMethodMetadata Methods = new([HttpMethods.Get, HttpMethods.Connect], acceptCorsPreflight: false);

    private readonly List<Action<EndpointBuilder>> _conventions = [];
    private readonly List<Action<EndpointBuilder>> _finallyConventions = [];
    private bool _isBuilt;

    /// <inheritdoc/>
    public void Add(Action<EndpointBuilder> convention)
    {
        ArgumentNullException.ThrowIfNull(convention);
        CheckNotBuilt();
        _conventions.Add(convention);
    }

    /// <inheritdoc/>
    public void Finally(Action<EndpointBuilder> finallyConvention)
    {
        ArgumentNullException.ThrowIfNull(finallyConvention);
        CheckNotBuilt();
        _finallyConventions.Add(finallyConvention);
    }

    /// <summary>Makes the endpoint.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="group">The group that the endpoint is in; <see langword="null"/> if it is in none.</param>
    /// <exception cref="InvalidOperationException">Conventions contradict each other.</exception>
    public Endpoint Build(IServiceProvider services, RouteGroupContext? group)
    {
        _isBuilt = true;
        RoutePattern full = group is null ? pattern : RoutePatternFactory.Combine(group.Prefix, pattern);
        string text = full.RawText ?? "";
        RequestDelegate? final = null;
        RequestDelegate forwarding = context => final!(context);
        var builder = new RouteEndpointBuilder(forwarding, full, order: 0)
        {
            DisplayName = $"WebSocket: {text}",
            ApplicationServices = services,
        };

        builder.Metadata.Add(this);
        builder.Metadata.Add(Methods);
        builder.Metadata.Add(new ExcludeFromDescriptionAttribute());

        // The order of minimal APIs: what is nearer to the endpoint comes later, and wins.
        Apply(group?.Conventions, builder);
        foreach (object attribute in target.Attributes)
        {
            builder.Metadata.Add(attribute);
        }

        Apply(_conventions, builder);
        Apply(_finallyConventions, builder);
        Apply(group?.FinallyConventions, builder);

        final = Final(services, builder, text);
        if (ReferenceEquals(builder.RequestDelegate, forwarding))
        {
            builder.RequestDelegate = final;
        }

        return builder.Build();
    }

    private RequestDelegate Final(IServiceProvider services, RouteEndpointBuilder builder, string text)
    {
        var upgrade = new EndpointUpgrade(OriginRules.Of(new EndpointMetadataCollection(builder.Metadata), options, text), services);
        RequestDelegate serve = target.CreateDelegate(builder, upgrade);

        // Once is enough, and the middleware sees more.
        return services.GetServices<Microsoft.AspNetCore.Hosting.IStartupFilter>().OfType<RejectedUpgradeFilter>().Any()
            ? serve
            : context => RejectedUpgrades.InvokeAsync(context, serve);
    }

    private static void Apply(IReadOnlyList<Action<EndpointBuilder>>? conventions, EndpointBuilder builder)
    {
        foreach (Action<EndpointBuilder> convention in conventions ?? [])
        {
            convention(builder);
        }
    }

    private void CheckNotBuilt()
    {
        if (_isBuilt)
        {
            throw new InvalidOperationException($"The endpoint '{pattern.RawText}' is in use: conventions are added before the start.");
        }
    }
}
