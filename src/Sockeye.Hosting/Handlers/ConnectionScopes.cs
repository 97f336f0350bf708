using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sockeye.Hosting.Services;

namespace Sockeye.Hosting.Handlers;

/// <summary>Creates the scopes of services that connections have, and disposes of them without blocking the thread that ends one.</summary>
/// <param name="services">The services of the application.</param>
internal sealed class ConnectionScopes(IServiceProvider services)
{
    private readonly IServiceScopeFactory _factory = services.GetRequiredService<IServiceScopeFactory>();
    private readonly ILogger? _logger = services.GetService<ILoggerFactory>()?.CreateLogger("Sockeye.Hosting");
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _disposals = [];

    /// <summary>Those of the application if it has registered them, else new ones.</summary>
    public static ConnectionScopes Of(IServiceProvider services) => services.GetService<ConnectionScopes>() ?? new(services);

    /// <summary>Creates a scope.</summary>
    public AsyncServiceScope Create() => _factory.CreateAsyncScope();

    /// <summary>
    /// Disposes of a handler that no scope owns, if there is one, and of its scope. Never throws: an exception is logged.
    /// </summary>
    public void Dispose(object? owned, AsyncServiceScope scope)
    {
        Task disposal = DisposeAsync(owned, scope);
        if (disposal.IsCompleted)
        {
            return;
        }

        lock (_gate)
        {
            _disposals.Add(disposal);
        }

        _ = ForgetAsync(disposal);
    }

    /// <summary>Waits for the scopes of connections that have ended.</summary>
    /// <param name="cancellationToken">Ends the wait, without an exception; the scopes are disposed of nevertheless.</param>
    public async Task WhenDisposedAsync(CancellationToken cancellationToken)
    {
        Task[] disposals;
        lock (_gate)
        {
            disposals = [.. _disposals];
        }

        await Task.WhenAll(disposals).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task DisposeAsync(object? owned, AsyncServiceScope scope)
    {
        try
        {
            await using (scope.ConfigureAwait(false))
            {
                if (owned is IAsyncDisposable asynchronous)
                {
                    await asynchronous.DisposeAsync().ConfigureAwait(false);
                }
                else
                {
                    (owned as IDisposable)?.Dispose();
                }
            }
        }
        catch (Exception exception)
        {
            _logger?.ScopeNotDisposed(exception);
        }
    }

    private async Task ForgetAsync(Task disposal)
    {
        await disposal.ConfigureAwait(false);
        lock (_gate)
        {
            _disposals.Remove(disposal);
        }
    }
}
