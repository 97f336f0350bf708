using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Sockeye.AspNetCore.Endpoints;

/// <summary>The options of an endpoint, together with the rules about origins in its metadata.</summary>
internal sealed class OriginRules
{
    private readonly WebSocketRouteOptions _options;
    private readonly ICorsMetadata? _cors;
    private readonly string _pattern;

    // Policies are made once, as a rule: so are the options that follow from them, by which the route is found.
    private readonly ConditionalWeakTable<CorsPolicy, WebSocketRouteOptions> _byPolicy = [];

    private OriginRules(WebSocketRouteOptions options, ICorsMetadata? cors, string pattern)
    {
        _options = options;
        _cors = cors;
        _pattern = pattern;
    }

    /// <summary>Finds the rules of an endpoint.</summary>
    /// <param name="metadata">All metadata of the endpoint; what comes last is nearest to it.</param>
    /// <param name="options">The options of the endpoint.</param>
    /// <param name="pattern">The pattern of the endpoint, for messages.</param>
    /// <exception cref="InvalidOperationException">Rules for the same endpoint or group contradict each other.</exception>
    public static OriginRules Of(EndpointMetadataCollection metadata, WebSocketRouteOptions options, string pattern)
    {
        bool isSet = options is not { AllowedOrigins: null, IsOriginAllowed: null, DangerousAllowAnyOrigin: null };
        IReadOnlyList<OriginRule> rules = metadata.GetOrderedMetadata<OriginRule>();
        if (rules is not [.., var nearest])
        {
            return new OriginRules(options, isSet ? null : metadata.GetMetadata<ICorsMetadata>(), pattern);
        }

        if (isSet)
        {
            return nearest.Source is not MappedEndpoint
                ? new OriginRules(options, cors: null, pattern)
                : throw new InvalidOperationException(
                    $"The endpoint '{pattern}' has rules about origins in its options, and others by conventions: use one of the two.");
        }

        OriginRule[] same = [.. rules.Where(rule => ReferenceEquals(rule.Source, nearest.Source))];
        bool allowsAny = same.Any(rule => rule.Origins is null);
        if (allowsAny && same.Any(rule => rule.Origins is not null))
        {
            throw new InvalidOperationException(
                $"The endpoint '{pattern}' allows a list of origins and, by {nameof(options.DangerousAllowAnyOrigin)}, every origin: use one of "
                + "the two.");
        }

        WebSocketRouteOptions merged = allowsAny
            ? options with { DangerousAllowAnyOrigin = true }
            : options with { AllowedOrigins = [.. same.SelectMany(rule => rule.Origins ?? []).Distinct(StringComparer.Ordinal)] };
        return new OriginRules(merged, cors: null, pattern);
    }

    /// <summary>The options for a request: always the same object, unless they depend on a CORS policy that changes.</summary>
    public async ValueTask<WebSocketRouteOptions> OptionsForAsync(HttpContext context)
    {
        CorsPolicy? policy = _cors switch
        {
            null or IDisableCorsAttribute => null,
            ICorsPolicyMetadata given => given.Policy,
            IEnableCorsAttribute named when context.RequestServices.GetService<ICorsPolicyProvider>() is { } provider =>
                await provider.GetPolicyAsync(context, named.PolicyName).ConfigureAwait(false),
            _ => null,
        };
        return policy is null ? _options : _byPolicy.GetValue(policy, key => OptionsBy(key, context.RequestServices));
    }

    // An empty list, so that the origins of the application do not apply besides.
    private WebSocketRouteOptions OptionsBy(CorsPolicy policy, IServiceProvider services)
    {
        if (policy.SupportsCredentials)
        {
            return _options with { AllowedOrigins = [], IsOriginAllowed = (origin, _) => policy.IsOriginAllowed(origin) };
        }

        EndpointLog.LoggerOf(services).CorsWithoutCredentials(_pattern);
        return _options with { AllowedOrigins = [] };
    }
}
