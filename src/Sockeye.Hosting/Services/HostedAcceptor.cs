using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Sockeye.Hosting.Configuration;

namespace Sockeye.Hosting.Services;

/// <summary>
/// Creates the acceptor when the host starts, so that invalid options fail the start, and stops it before any server of the host stops:
/// ASP.NET Core's would abort the connections.
/// </summary>
internal sealed class HostedAcceptor(IServiceProvider services, HostedStop stop) : IHostedLifecycleService
{
    private bool _isCreated;

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Create();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Older hosts call this method alone.
        Create();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => stop.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => stop.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Create()
    {
        if (_isCreated)
        {
            return;
        }

        services.GetRequiredService<ConfigurationRoot>().CheckOwners();
        WebSocketStopOptions options = StopConfiguration.Create(services, serverName: null);
        WebSocketAcceptor acceptor = services.GetRequiredService<WebSocketAcceptor>();
        stop.Add(cancellationToken => acceptor.StopAsync(options, cancellationToken));
        _isCreated = true;
    }
}
