using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Sockeye.Hosting.Configuration;

namespace Sockeye.Hosting.Services;

/// <summary>Starts a server with the host, and stops it before other services of the host stop, which its handlers may need.</summary>
internal sealed class HostedServer(IServiceProvider services, ServerRegistration registration, HostedStop stop) : IHostedLifecycleService
{
    private WebSocketServer? _server;

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Create();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Older hosts call this method alone.
        WebSocketServer server = Create();
        try
        {
            await server.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            throw new InvalidOperationException(
                $"The WebSocket server '{registration.Name}' could not start. {exception.Message}", exception);
        }

        services.GetService<ILoggerFactory>()?.CreateLogger("Sockeye.Hosting")
            .Listening(registration.Name, string.Join(", ", server.LocalEndPoints));
    }

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => stop.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => stop.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private WebSocketServer Create()
    {
        if (_server is not null)
        {
            return _server;
        }

        services.GetRequiredService<ConfigurationRoot>().CheckOwners();
        WebSocketStopOptions options = StopConfiguration.Create(services, registration.Name);
        WebSocketServer server = services.GetRequiredKeyedService<WebSocketServer>(registration.Name);
        stop.Add(cancellationToken => server.StopAsync(options, cancellationToken));
        return _server = server;
    }
}
