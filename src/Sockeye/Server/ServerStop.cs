using Sockeye.Connections;

namespace Sockeye.Server;

/// <summary>How a server ends: lets nobody in, lets those who are there go, closes, and drops who is left.</summary>
internal sealed class ServerStop(ServerContext context, ServerListeners listeners)
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cutShort = new();
    private readonly Lock _gate = new();
    private Task? _stopping;

    /// <summary>Completes when no connection is left.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Stops; the first call says how, and each may cut it short.</summary>
    public async Task StopAsync(WebSocketStopOptions options, CancellationToken cancellationToken)
    {
        Task stopping;
        lock (_gate)
        {
            stopping = _stopping ??= StopCoreAsync(options);
        }

        try
        {
            await stopping.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await _cutShort.CancelAsync().ConfigureAwait(false);
            AbortAll();
            await stopping.ConfigureAwait(false);
        }
    }

    private async Task StopCoreAsync(WebSocketStopOptions options)
    {
        TimeProvider time = context.Options.TimeProvider;
        context.Stop();
        await listeners.StopAsync().ConfigureAwait(false);
        context.DropSessions();
        context.Logger.Stopping(context.ConnectionCount);
        if (options.DrainTimeout > TimeSpan.Zero)
        {
            Task allClosed = Task.WhenAll(context.Connections.Select(connection => connection.Closed));
            await allClosed.WaitAsync(options.DrainTimeout, time, _cutShort.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        foreach (WebSocketConnection connection in context.Connections)
        {
            connection.Core.BeginClose(CloseArguments.Check(options.CloseCode, options.CloseReason));
        }

        // Until the transports are gone too: what was sent is still on its way, to a peer that takes it slowly.
        await context.IsEmpty.WaitAsync(options.AbortTimeout, time, _cutShort.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!context.IsEmpty.IsCompleted)
        {
            AbortAll();
            await context.IsEmpty.ConfigureAwait(false);
        }

        listeners.EndLoops();
        _completion.SetResult();
    }

    private void AbortAll()
    {
        IReadOnlyCollection<WebSocketConnection> left = context.ConnectionsWithTransport;
        context.Logger.StopCutShort(left.Count);
        foreach (WebSocketConnection connection in left)
        {
            connection.Abort();
        }
    }
}
