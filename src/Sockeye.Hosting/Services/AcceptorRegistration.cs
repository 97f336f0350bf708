using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sockeye.Hosting.Configuration;

namespace Sockeye.Hosting.Services;

/// <summary>Says that the application has an acceptor, and creates it.</summary>
internal sealed class AcceptorRegistration
{
    /// <summary>Creates the acceptor.</summary>
    /// <exception cref="OptionsValidationException">Its options are invalid.</exception>
    public static WebSocketAcceptor Create(IServiceProvider services)
    {
        ConfigurationRoot root = services.GetRequiredService<ConfigurationRoot>();
        try
        {
            WebSocketAcceptorOptions options = root.ReadAcceptor(WithServices(new WebSocketAcceptorOptions(), services));
            foreach (AcceptorConfiguration change in services.GetServices<AcceptorConfiguration>())
            {
                options = change.Configure(services, options)
                    ?? throw new InvalidOperationException("The method that configures the acceptor returned null.");
            }

            return new WebSocketAcceptor(options);
        }
        catch (ArgumentException exception)
        {
            throw root.Describe(serverName: null, exception);
        }
    }

    /// <summary>Options with the logger factory and the clock of the application, if it has them.</summary>
    public static T WithServices<T>(T options, IServiceProvider services)
        where T : WebSocketAcceptorOptions => (T)(options with
        {
            LoggerFactory = services.GetService<ILoggerFactory>() ?? options.LoggerFactory,
            TimeProvider = services.GetService<TimeProvider>() ?? options.TimeProvider,
        });
}

/// <summary>A change of the options of the acceptor, made in code.</summary>
/// <param name="Configure">Returns the changed options.</param>
internal sealed record AcceptorConfiguration(Func<IServiceProvider, WebSocketAcceptorOptions, WebSocketAcceptorOptions> Configure);
