using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Sockeye.Hosting.Configuration;

namespace Sockeye.Hosting.Services;

/// <summary>A change of the options of a stop, made in code.</summary>
/// <param name="ServerName">The name of the server that it is for; <see langword="null"/> for all servers and the acceptor.</param>
/// <param name="Configure">Returns the changed options.</param>
internal sealed record StopConfiguration(string? ServerName, Func<WebSocketStopOptions, WebSocketStopOptions> Configure)
{
    private const string DefaultReason = "The server is stopping.";

    // Less than the 30 seconds that a host allows for its whole stop by default, so that other services still have time.
    private static readonly TimeSpan DefaultAbortTimeout = TimeSpan.FromSeconds(20);

    /// <summary>Returns the options of a stop: the defaults of a host, then its configuration, then its code.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="serverName">The name of the server; <see langword="null"/> for the acceptor.</param>
    /// <exception cref="OptionsValidationException">The options are invalid.</exception>
    public static WebSocketStopOptions Create(IServiceProvider services, string? serverName)
    {
        ConfigurationRoot root = services.GetRequiredService<ConfigurationRoot>();
        StopConfiguration[] changes = [.. services.GetServices<StopConfiguration>()];
        var options = new WebSocketStopOptions { AbortTimeout = DefaultAbortTimeout, CloseReason = DefaultReason };
        try
        {
            options = Apply(changes, null, root.ReadStop(options));
            if (serverName is not null)
            {
                options = Apply(changes, serverName, root.ReadStop(serverName, options));
            }
        }
        catch (ArgumentException exception)
        {
            throw root.Describe(serverName, exception);
        }

        if (options is not { CloseCode: null, CloseReason.Length: > 0 })
        {
            return options;
        }

        // RFC 6455 §5.5.1: a reason needs a code. The default one gives way to an application that wants neither.
        return options.CloseReason == DefaultReason
            ? options with { CloseReason = "" }
            : throw new OptionsValidationException(
                serverName ?? Options.DefaultName, typeof(WebSocketStopOptions),
                [$"{root.PathOf(serverName)} has a {nameof(options.CloseReason)} for its stop, and no {nameof(options.CloseCode)}."]);
    }

    private static WebSocketStopOptions Apply(
        StopConfiguration[] changes, string? serverName, WebSocketStopOptions options) =>
        changes.Where(change => string.Equals(change.ServerName, serverName, StringComparison.OrdinalIgnoreCase))
            .Aggregate(options, static (current, change) => change.Configure(current) ?? throw new InvalidOperationException(
                "The method that configures a stop returned null."));
}
