using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Hosting;
using Sockeye;
using Sockeye.Hosting.Handlers;
using Sockeye.Hosting.Services;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds WebSocket servers that start and stop with the host.</summary>
/// <remarks>
/// <para>
/// Each server has a name, and its options in the configuration's section <c>Sockeye:Servers:name</c>, which is read as that of
/// <c>AddSockeye</c> is. <c>EndPoint</c> is an address with a port, <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>localhost:8080</c>
/// (127.0.0.1), <c>*:8080</c> (all addresses), or <c>unix:</c> with a path; <c>EndPoints</c> is a list of such texts, or of objects with
/// <c>EndPoint</c>, <c>DualStack</c> and <c>Tls</c>. <c>Tls</c> has <c>CertificatePath</c>, and <c>Password</c> for a PKCS #12 file or
/// <c>KeyPath</c> for PEM files. A server without an address fails the start of the host.
/// </para>
/// <para>
/// The <see cref="WebSocketServer"/> is a keyed service with the name, for its address and for broadcasts. Servers start in the order in
/// which they, and other hosted services, were added. An address that is not available fails the start.
/// </para>
/// </remarks>
public static class WebSocketServerServiceCollectionExtensions
{
    /// <summary>Adds a server with one handler for all its connections.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The name: not empty, without colons, and not that of another server.</param>
    /// <param name="handler">Receives the messages of every connection.</param>
    /// <param name="configure">Returns changed options, after the configuration was read.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The name is empty, has a colon, or is that of another server.</exception>
    public static IServiceCollection AddSockeyeServer(
        this IServiceCollection services, string name, WebSocketHandler handler,
        Func<WebSocketServerOptions, WebSocketServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add(services, name, (_, options) => new WebSocketServer(options, handler), configure);
    }

    /// <summary>
    /// Adds a server whose connections each have a handler of the given type, in a scope of services of their own.
    /// </summary>
    /// <typeparam name="THandler">
    /// The type: a service, with the lifetime that it is registered with; if it is not registered, a class whose constructor takes services.
    /// </typeparam>
    /// <param name="services">The services.</param>
    /// <param name="name">The name: not empty, without colons, and not that of another server.</param>
    /// <param name="configure">Returns changed options, after the configuration was read.</param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// The handler is created when a connection opens, in place, so its constructor must not block. If that throws, the connection is closed
    /// with 1011. The scope is disposed of when <see cref="WebSocketHandler.OnClosed"/> has returned.
    /// </remarks>
    /// <exception cref="ArgumentException">The name is empty, has a colon, or is that of another server.</exception>
    public static IServiceCollection AddSockeyeServer<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this IServiceCollection services, string name, Func<WebSocketServerOptions, WebSocketServerOptions>? configure = null)
        where THandler : WebSocketHandler =>
        Add(services, name, static (provider, options) => new WebSocketServer(options, ScopedHandler.For<THandler>(provider)), configure);

    /// <summary>Adds a server that serves each connection with a method.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The name: not empty, without colons, and not that of another server.</param>
    /// <param name="serve">
    /// Serves one connection; see <see cref="WebSocketHandler.FromDelegate"/> for when it is called and what it may do.
    /// </param>
    /// <param name="configure">Returns changed options, after the configuration was read.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The name is empty, has a colon, or is that of another server.</exception>
    public static IServiceCollection AddSockeyeServer(
        this IServiceCollection services, string name, Func<WebSocketConnection, CancellationToken, Task> serve,
        Func<WebSocketServerOptions, WebSocketServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(serve);
        return Add(services, name, (_, options) => new WebSocketServer(options, serve), configure);
    }

    /// <summary>
    /// Adds a server that serves each connection with a method, which receives a scope of services of the connection.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The name: not empty, without colons, and not that of another server.</param>
    /// <param name="serve">Serves one connection. The scope is disposed of when the method has ended.</param>
    /// <param name="configure">Returns changed options, after the configuration was read.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The name is empty, has a colon, or is that of another server.</exception>
    public static IServiceCollection AddSockeyeServer(
        this IServiceCollection services, string name, Func<WebSocketConnection, IServiceProvider, CancellationToken, Task> serve,
        Func<WebSocketServerOptions, WebSocketServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(serve);
        return Add(
            services, name, (provider, options) => new WebSocketServer(options, ScopedHandler.For(provider, serve)), configure);
    }

    /// <summary>Adds a server that chooses the handler of a connection by the path of its request.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The name: not empty, without colons, and not that of another server.</param>
    /// <param name="createRoutes">
    /// Returns the routes, once, from the services of the application. See <see cref="Sockeye.Hosting.WebSocketRoutesExtensions"/> for
    /// handlers with services. It must not ask for this server, which is being created.
    /// </param>
    /// <param name="configure">Returns changed options, after the configuration was read.</param>
    /// <returns>The services.</returns>
    /// <exception cref="ArgumentException">The name is empty, has a colon, or is that of another server.</exception>
    public static IServiceCollection AddSockeyeServer(
        this IServiceCollection services, string name, Func<IServiceProvider, WebSocketRoutes> createRoutes,
        Func<WebSocketServerOptions, WebSocketServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(createRoutes);
        return Add(services, name, (provider, options) => new WebSocketServer(options, createRoutes(provider)), configure);
    }

    /// <summary>Changes the options of a server, with the services of the application.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The name of the server.</param>
    /// <param name="configure">
    /// Returns changed options, after the configuration was read. Called in order with those that were passed when the server was added.
    /// </param>
    /// <returns>The services.</returns>
    public static IServiceCollection ConfigureSockeyeServer(
        this IServiceCollection services, string name,
        Func<IServiceProvider, WebSocketServerOptions, WebSocketServerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddSingleton(new ServerConfiguration(name, configure));
    }

    private static IServiceCollection Add(
        IServiceCollection services, string name, Func<IServiceProvider, WebSocketServerOptions, WebSocketServer> create,
        Func<WebSocketServerOptions, WebSocketServerOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains(':', StringComparison.Ordinal))
        {
            throw new ArgumentException("The name of a server is a key of the configuration, and must not have a colon.", nameof(name));
        }

        if (services.Any(service => !service.IsKeyedService && service.ImplementationInstance is ServerRegistration other
            && other.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new ArgumentException($"A server with the name '{name}' was added before.", nameof(name));
        }

        WebSocketServiceCollectionExtensions.AddShared(services);
        if (configure is not null)
        {
            services.ConfigureSockeyeServer(name, (_, options) => configure(options));
        }

        var registration = new ServerRegistration(name, create);
        return services
            .AddSingleton(registration)
            .AddKeyedSingleton(name, (provider, _) => registration.Create(provider))
            .AddSingleton<IHostedService>(provider => new HostedServer(provider, registration, provider.GetRequiredService<HostedStop>()));
    }
}
