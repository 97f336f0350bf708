using System.Diagnostics.CodeAnalysis;
using Sockeye.Hosting.Handlers;

namespace Sockeye.Hosting;

/// <summary>Maps paths to handlers that need services.</summary>
public static class WebSocketRoutesExtensions
{
    /// <summary>Maps a pattern to a type of handler: each connection has an instance of its own, in a scope of services of its own.</summary>
    /// <typeparam name="THandler">
    /// The type: a service, with the lifetime that it is registered with; if it is not registered, a class whose constructor takes services.
    /// </typeparam>
    /// <param name="routes">The routes.</param>
    /// <param name="pattern">The pattern.</param>
    /// <param name="services">The services of the application.</param>
    /// <param name="options">The options of this route; those that are not set are the server's.</param>
    /// <returns>The routes.</returns>
    /// <remarks>
    /// The scope is disposed of when <see cref="WebSocketHandler.OnClosed"/> has returned. If the handler cannot be created, the connection
    /// is closed with 1011, and the exception is logged.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The pattern is invalid or mapped already for the same subprotocol, or options contradict each other.
    /// </exception>
    public static WebSocketRoutes Map<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this WebSocketRoutes routes, string pattern, IServiceProvider services, WebSocketRouteOptions? options = null)
        where THandler : WebSocketHandler
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(services);
        return routes.Map(pattern, ScopedHandler.For<THandler>(services), options);
    }

    /// <summary>Maps a pattern to a method that serves each connection, and that receives a scope of services of the connection.</summary>
    /// <param name="routes">The routes.</param>
    /// <param name="pattern">The pattern.</param>
    /// <param name="services">The services of the application.</param>
    /// <param name="serve">
    /// As for <see cref="WebSocketHandler.FromDelegate"/>. The scope is disposed of when the method has ended.
    /// </param>
    /// <param name="options">The options of this route; those that are not set are the server's.</param>
    /// <returns>The routes.</returns>
    /// <exception cref="ArgumentException">
    /// The pattern is invalid or mapped already for the same subprotocol, or options contradict each other.
    /// </exception>
    public static WebSocketRoutes Map(
        this WebSocketRoutes routes, string pattern, IServiceProvider services,
        Func<WebSocketConnection, IServiceProvider, CancellationToken, Task> serve, WebSocketRouteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(routes);
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(serve);
        return routes.Map(pattern, ScopedHandler.For(services, serve), options);
    }
}
