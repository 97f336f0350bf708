using Microsoft.AspNetCore.Routing;
using Sockeye;
using Sockeye.AspNetCore.Endpoints;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Determines which pages may connect to WebSocket endpoints (RFC 6455 §10.2).</summary>
/// <remarks>
/// <para>
/// A browser lets any page open a WebSocket to any server, with the user's cookies. Without a rule, only pages of the server's own origin
/// may connect. Clients that are not browsers send no origin, and are not restricted.
/// </para>
/// <para>
/// A rule for an endpoint replaces that of its group, and a rule for a group that of the group around it. The options of an endpoint
/// (<see cref="WebSocketRouteOptions.AllowedOrigins"/>, <see cref="WebSocketRouteOptions.IsOriginAllowed"/>,
/// <see cref="WebSocketRouteOptions.DangerousAllowAnyOrigin"/>) are a rule for the endpoint.
/// </para>
/// <para>
/// Without such a rule, the CORS policy of the endpoint (<c>RequireCors</c>, <c>[EnableCors]</c>) applies if it allows credentials, which a
/// browser sends with every opening handshake. CORS middleware without metadata of the endpoint does not change which pages may connect.
/// </para>
/// </remarks>
public static class WebSocketEndpointConventionBuilderExtensions
{
    /// <summary>Allows pages of these origins to connect, besides those of the server's own.</summary>
    /// <typeparam name="TBuilder">The type of the builder.</typeparam>
    /// <param name="builder">The endpoint, or a group of endpoints. Endpoints that are not for WebSockets are not affected.</param>
    /// <param name="origins">
    /// The origins, such as <c>https://app.example</c>, as for <see cref="WebSocketRouteOptions.AllowedOrigins"/>. Several calls add up.
    /// </param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentException">
    /// A value is not an origin, or the builder is neither that of <c>MapWebSocket</c> nor that of a group.
    /// </exception>
    public static TBuilder AllowOrigins<TBuilder>(this TBuilder builder, params string[] origins)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(origins);
        return Add(builder, OptionChecks.Origins(origins, nameof(origins)));
    }

    /// <summary>
    /// Allows pages of every origin to connect, with the cookies of their visitors: only for endpoints that do not authenticate clients by
    /// anything that a browser sends by itself.
    /// </summary>
    /// <typeparam name="TBuilder">The type of the builder.</typeparam>
    /// <param name="builder">The endpoint, or a group of endpoints. Endpoints that are not for WebSockets are not affected.</param>
    /// <returns>The builder.</returns>
    /// <remarks>
    /// Cannot be combined with <see cref="AllowOrigins"/> for the same endpoint or group: the application does not start, or its first request
    /// fails, and the exception says why.
    /// </remarks>
    /// <exception cref="ArgumentException">The builder is neither that of <c>MapWebSocket</c> nor that of a group.</exception>
    public static TBuilder DangerousAllowAnyOrigin<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        return Add(builder, origins: null);
    }

    private static TBuilder Add<TBuilder>(TBuilder builder, IReadOnlyList<string>? origins)
        where TBuilder : IEndpointConventionBuilder
    {
        // Any other endpoint would ignore the rule, and an application would believe itself safe.
        if (builder is not (MappedEndpoint or RouteGroupBuilder))
        {
            throw new ArgumentException(
                "Rules about origins are for endpoints of MapWebSocket, and for groups. For AcceptSockeyeAsync, set AllowedOrigins of its "
                + "WebSocketRouteOptions; for UseSockeyeWebSockets, those of its WebSocketOptions.", nameof(builder));
        }

        var rule = new OriginRule(builder, origins);
        builder.Add(endpoint => endpoint.Metadata.Add(rule));
        return builder;
    }
}
