using Sockeye.Hosting.Handlers;

namespace Sockeye.Hosting.Services;

/// <summary>
/// Stops the acceptor and all servers of an application at the same time, however many there are, so that the stop of the host takes as
/// long as the slowest of them.
/// </summary>
/// <param name="scopes">The scopes of the connections, whose disposal is awaited too.</param>
internal sealed class HostedStop(ConnectionScopes scopes)
{
    private readonly Lock _gate = new();
    private readonly List<Func<CancellationToken, Task>> _stops = [];
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isStopping;

    /// <summary>Adds a part of the application that is to be stopped.</summary>
    public void Add(Func<CancellationToken, Task> stop)
    {
        lock (_gate)
        {
            _stops.Add(stop);
        }
    }

    /// <summary>Stops everything. Each later call waits for the first.</summary>
    /// <param name="cancellationToken">The connections that are left are aborted when it is canceled. That of the first call counts.</param>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        Func<CancellationToken, Task>[] stops;
        lock (_gate)
        {
            if (_isStopping)
            {
                return _stopped.Task;
            }

            _isStopping = true;
            stops = [.. _stops];
        }

        _ = StopAllAsync(stops, cancellationToken);
        return _stopped.Task;
    }

    private async Task StopAllAsync(Func<CancellationToken, Task>[] stops, CancellationToken cancellationToken)
    {
        try
        {
            // A stop begins in place, and with it the rejection of new connections: of all before any of them is awaited.
            await Task.WhenAll(stops.Select(stop => stop(cancellationToken))).ConfigureAwait(false);
            await scopes.WhenDisposedAsync(cancellationToken).ConfigureAwait(false);
            _stopped.SetResult();
        }
        catch (Exception exception)
        {
            // The host logs it.
            _stopped.SetException(exception);
        }
    }
}
