using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Sockeye;
using Sockeye.Hosting;
using Sockeye.Hosting.Configuration;
using Sockeye.Hosting.Handlers;
using Sockeye.Hosting.Services;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a WebSocket acceptor to the services of an application, and says how it stops.</summary>
public static class WebSocketServiceCollectionExtensions
{
    /// <summary>
    /// Adds a <see cref="WebSocketAcceptor"/>, and <see cref="IWebSocketConnections"/> to send to its connections. Its options are those of
    /// the configuration's section <c>Sockeye</c>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">
    /// Returns changed options, <c>options => options with { … }</c>, after the configuration was read. The methods of several calls are
    /// called in order.
    /// </param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// <para>
    /// Each property of the options that is not a callback or a service has a key of its name, nested options a section. A time is
    /// <c>00:00:30</c> or <c>Infinite</c>, and a list replaces the default. The logger factory and the clock are those of the services, if
    /// they have them. The configuration is read once, without reflection.
    /// </para>
    /// <para>
    /// An invalid value, or a key that is not an option, fails the start of the host with an
    /// <see cref="Microsoft.Extensions.Options.OptionsValidationException"/> that names all such keys.
    /// </para>
    /// <para>
    /// When the host begins to stop, and before its servers do, the acceptor rejects new connections with 503, and drains and closes the
    /// others, as <see cref="ConfigureSockeyeStop(IServiceCollection, Func{WebSocketStopOptions, WebSocketStopOptions})"/> says.
    /// </para>
    /// </remarks>
    public static IServiceCollection AddSockeye(
        this IServiceCollection services, Func<WebSocketAcceptorOptions, WebSocketAcceptorOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        AddAcceptor(services);
        return configure is null ? services : services.AddSingleton(new AcceptorConfiguration((_, options) => configure(options)));
    }

    /// <summary>Adds an acceptor as the other overload does; what changes its options receives the services.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Returns changed options, after the configuration was read.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddSockeye(
        this IServiceCollection services, Func<IServiceProvider, WebSocketAcceptorOptions, WebSocketAcceptorOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        AddAcceptor(services);
        return services.AddSingleton(new AcceptorConfiguration(configure));
    }

    /// <summary>Adds an acceptor as the other overloads do, with the options of another section of the configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="sectionName">
    /// The name of the section, with colons if it is nested. It is that of servers and stops too; the last call decides.
    /// </param>
    /// <param name="configure">Returns changed options, after the configuration was read.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddSockeye(
        this IServiceCollection services, string sectionName,
        Func<WebSocketAcceptorOptions, WebSocketAcceptorOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(sectionName);
        services.AddSingleton(new ConfigurationSource(sectionName, null));
        return services.AddSockeye(configure);
    }

    /// <summary>Adds an acceptor as the other overloads do, with the options of the given configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">
    /// The section, all of whose keys are options. It is that of servers and stops too; the last call decides.
    /// </param>
    /// <param name="configure">Returns changed options, after the configuration was read.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddSockeye(
        this IServiceCollection services, IConfiguration configuration,
        Func<WebSocketAcceptorOptions, WebSocketAcceptorOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddSingleton(new ConfigurationSource(null, configuration));
        return services.AddSockeye(configure);
    }

    /// <summary>Changes how the acceptor and all servers stop with the host.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">
    /// Returns changed options, <c>options => options with { … }</c>, after the section <c>Sockeye:Stop</c> was read. The methods of several
    /// calls are called in order.
    /// </param>
    /// <returns>The services.</returns>
    /// <remarks>
    /// <para>
    /// By default, connections are closed at once with 1001 and a reason, and those that are left after 20 seconds are aborted. All servers
    /// stop at the same time.
    /// </para>
    /// <para>
    /// The host waits for <c>HostOptions.ShutdownTimeout</c>, 30 seconds by default, and aborts the connections that are left then: make it
    /// longer than <see cref="WebSocketStopOptions.DrainTimeout"/>, <see cref="WebSocketStopOptions.ClosePeriod"/> and
    /// <see cref="WebSocketStopOptions.AbortTimeout"/> together.
    /// </para>
    /// </remarks>
    public static IServiceCollection ConfigureSockeyeStop(
        this IServiceCollection services, Func<WebSocketStopOptions, WebSocketStopOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddSingleton(new StopConfiguration(null, configure));
    }

    /// <summary>Changes how one server stops with the host.</summary>
    /// <param name="services">The services.</param>
    /// <param name="serverName">The name of the server.</param>
    /// <param name="configure">
    /// Returns changed options, after the options for all, and the section <c>Sockeye:Servers:name:Stop</c>, were applied.
    /// </param>
    /// <returns>The services.</returns>
    public static IServiceCollection ConfigureSockeyeStop(
        this IServiceCollection services, string serverName, Func<WebSocketStopOptions, WebSocketStopOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(serverName);
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddSingleton(new StopConfiguration(serverName, configure));
    }

    /// <summary>Adds what an acceptor and a server need.</summary>
    internal static void AddShared(IServiceCollection services)
    {
        services.TryAddSingleton<ConfigurationRoot>();
        services.TryAddSingleton<ConnectionScopes>();
        services.TryAddSingleton<HostedStop>();
    }

    private static void AddAcceptor(IServiceCollection services)
    {
        AddShared(services);
        services.TryAddSingleton<AcceptorRegistration>();
        services.TryAddSingleton(AcceptorRegistration.Create);
        services.TryAddSingleton<IWebSocketConnections, AcceptedConnections>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, HostedAcceptor>());
        AspNetCoreServices.AddTo(services);
    }
}
