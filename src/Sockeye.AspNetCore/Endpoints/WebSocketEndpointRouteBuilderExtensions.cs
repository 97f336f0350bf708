using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Sockeye;
using Sockeye.AspNetCore.Endpoints;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps patterns of ASP.NET Core's routing to WebSocket connections.</summary>
/// <remarks>
/// <para>
/// An endpoint accepts the upgrade of HTTP/1.1 (RFC 6455 §4.2) and the extended CONNECT of HTTP/2 (RFC 8441). Any other GET is rejected
/// with 426, unless <see cref="WebSocketRouteOptions.OnPlainRequest"/> responds to it, or a page is mapped to the same pattern.
/// </para>
/// <para>
/// Authorization, rate limits, hosts, names, metadata and endpoint filters apply as to other endpoints, before the handshake is accepted.
/// A filter sees the arguments of the method, without the connection, and may reject the request by returning a result; as in minimal APIs,
/// a result is written as JSON, text or <see cref="IResult"/>, except that nothing is written for <see langword="null"/>.
/// Only pages of the server's own origin may connect; see <see cref="WebSocketEndpointConventionBuilderExtensions.AllowOrigins"/>.
/// </para>
/// <para>
/// Endpoints are not in descriptions of an API, such as OpenAPI documents.
/// </para>
/// </remarks>
public static class WebSocketEndpointRouteBuilderExtensions
{
    private const string ReflectionMessage =
        "The parameters of the method are found by reflection, and bound by generated code. Map a WebSocketHandler, or a method that takes "
        + "the connection and a CancellationToken.";

    /// <summary>Maps a pattern to a handler, which receives the messages of all its connections.</summary>
    /// <param name="endpoints">Where to map it.</param>
    /// <param name="pattern">The pattern, as for other endpoints, whose exceptions apply.</param>
    /// <param name="handler">
    /// The handler, unless <see cref="WebSocketRouteOptions.OnUpgrade"/> chooses another. The attributes of its class apply to the
    /// endpoint.
    /// </param>
    /// <param name="options">The options of this endpoint; those that are not set are those of the application.</param>
    /// <returns>Adds conventions to the endpoint.</returns>
    /// <exception cref="InvalidOperationException">Sockeye's services were not added.</exception>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    public static IEndpointConventionBuilder MapWebSocket(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern, WebSocketHandler handler,
        WebSocketRouteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        var serving = new SharedHandler(handler);
        return Map(endpoints, pattern, new HandlerEndpoint(_ => serving, handler.GetType()), options);
    }

    /// <summary>Maps a pattern to a type of handlers, of which each connection has its own, with services in a scope of its own.</summary>
    /// <typeparam name="THandler">
    /// The type, which need not be registered as a service: otherwise its constructor gets services. Its attributes apply to the endpoint.
    /// </typeparam>
    /// <param name="endpoints">Where to map it.</param>
    /// <param name="pattern">The pattern, as for other endpoints, whose exceptions apply.</param>
    /// <param name="options">The options of this endpoint; those that are not set are those of the application.</param>
    /// <returns>Adds conventions to the endpoint.</returns>
    /// <remarks>
    /// The handler is created before the handshake is accepted: if its constructor throws, the request fails. It is disposed of, with its
    /// scope, after <see cref="WebSocketHandler.OnClosed"/> has returned.
    /// </remarks>
    /// <exception cref="InvalidOperationException">Sockeye's services were not added.</exception>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    public static IEndpointConventionBuilder MapWebSocket<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern, WebSocketRouteOptions? options = null)
        where THandler : WebSocketHandler
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        IServiceProvider services = endpoints.ServiceProvider;
        return Map(endpoints, pattern, new HandlerEndpoint(_ => new ScopedServing<THandler>(services), typeof(THandler)), options);
    }

    /// <summary>Maps a pattern to a method that serves each connection.</summary>
    /// <param name="endpoints">Where to map it.</param>
    /// <param name="pattern">The pattern, as for other endpoints, whose exceptions apply.</param>
    /// <param name="serve">As for <see cref="WebSocketHandler.FromDelegate"/>. Its attributes apply to the endpoint.</param>
    /// <param name="options">The options of this endpoint; those that are not set are those of the application.</param>
    /// <returns>Adds conventions to the endpoint.</returns>
    /// <exception cref="InvalidOperationException">Sockeye's services were not added.</exception>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    [OverloadResolutionPriority(1)]
    public static IEndpointConventionBuilder MapWebSocket(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern,
        Func<WebSocketConnection, CancellationToken, Task> serve, WebSocketRouteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(serve);
        var serving = new SharedHandler(WebSocketHandler.FromDelegate(serve));
        return Map(endpoints, pattern, new HandlerEndpoint(_ => serving, serve.Method), options);
    }

    /// <summary>Maps a pattern to a method whose parameters are bound as in minimal APIs, and that serves each connection.</summary>
    /// <param name="endpoints">Where to map it.</param>
    /// <param name="pattern">The pattern, as for other endpoints, whose exceptions apply.</param>
    /// <param name="handler">
    /// The method. It takes the <see cref="WebSocketConnection"/> and returns a <see cref="Task"/> or <see cref="ValueTask"/>: when that
    /// has completed, whatever its result, the connection is closed with 1000 or, after an exception, with 1011. It may take a
    /// <see cref="CancellationToken"/>, which is canceled when the connection has ended, values of the route, the query and the headers, services, the user, and the
    /// <see cref="HttpContext"/> or <see cref="HttpRequest"/>. Its attributes apply to the endpoint.
    /// </param>
    /// <param name="options">The options of this endpoint; those that are not set are those of the application.</param>
    /// <returns>Adds conventions to the endpoint.</returns>
    /// <remarks>
    /// <para>
    /// Everything is bound before the handshake is accepted: a value that does not parse is rejected with 400. The method is called on the
    /// thread pool, where <see cref="IHttpContextAccessor"/> has no context.
    /// </para>
    /// <para>
    /// The services are those of a scope that the connection has for itself: it is disposed of when the method has returned, and the
    /// request may have ended before. With a method that takes the <see cref="HttpContext"/> or <see cref="HttpRequest"/>, the request
    /// stays open until the method has returned, and the services are those of the request.
    /// </para>
    /// </remarks>
    /// <exception cref="InvalidOperationException">
    /// Sockeye's services were not added, or the method has a signature that cannot be bound.
    /// </exception>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    [RequiresUnreferencedCode(ReflectionMessage)]
    [RequiresDynamicCode(ReflectionMessage)]
    public static IEndpointConventionBuilder MapWebSocket(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern, Delegate handler, WebSocketRouteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(handler);
        return Map(endpoints, pattern, new DelegateEndpoint(handler, pattern, endpoints.ServiceProvider), options);
    }

    private static MappedEndpoint Map(
        IEndpointRouteBuilder endpoints, string pattern, EndpointTarget target, WebSocketRouteOptions? options)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        MappedEndpoints mapped = MappedEndpoints.Of(endpoints);
        return mapped.Add(RoutePatternFactory.Parse(pattern), target, options ?? new WebSocketRouteOptions());
    }
}
