using Sockeye.Connections;

namespace Sockeye.Server;

/// <summary>
/// Stops a server: it accepts no more connections, lets the existing ones drain, closes them, and aborts those that are left. Each step
/// has a deadline, whatever the application does.
/// </summary>
internal sealed class ServerStop(ServerContext context, ServerListeners listeners)
{
    // How long aborted connections, and the methods that serve them, have to end. Measured by the system's clock, because the
    // threads that are waited for run by it.
    private static readonly TimeSpan DropTimeout = TimeSpan.FromMilliseconds(500);

    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _cutShort = new();
    private readonly Lock _gate = new();
    private Task? _stopping;

    /// <summary>Completes when the server has stopped.</summary>
    public Task Completion => _completion.Task;

    /// <summary>Stops; the first call says how, and each may cut it short.</summary>
    public async Task StopAsync(WebSocketStopOptions options, CancellationToken cancellationToken)
    {
        // A method of the application that waits for the end of its server is not waited for in turn.
        if (ServeCall.Current is { } call && context.Serves(call.Core))
        {
            call.End();
        }

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
            await stopping.ConfigureAwait(false);
        }
    }

    private async Task StopCoreAsync(WebSocketStopOptions options)
    {
        TimeProvider time = context.Options.TimeProvider;
        context.Stop();
        await listeners.StopAsync().ConfigureAwait(false);

        // Elsewhere: OnHandshakeFailed is called in place, and is the application's.
        await Task.Run(context.DropSessions).WaitAsync(DropTimeout, TimeProvider.System)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        context.Logger.Stopping(context.ConnectionCount);
        if (options.DrainTimeout > TimeSpan.Zero)
        {
            Task allClosed = Task.WhenAll(context.Connections.Select(connection => connection.Closed));
            await WaitAsync(allClosed, options.DrainTimeout, time).ConfigureAwait(false);
        }

        foreach (WebSocketConnection connection in context.Connections)
        {
            connection.Core.BeginClose(CloseArguments.Check(options.CloseCode, options.CloseReason));
        }

        // Until the transports are gone too: what was sent is still on its way, to a peer that takes it slowly.
        Task empty = context.Attendance.Empty;
        await WaitAsync(empty, options.AbortTimeout, time).ConfigureAwait(false);
        if (!empty.IsCompleted)
        {
            AbortAll();
            await empty.WaitAsync(DropTimeout, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (!empty.IsCompleted)
        {
            context.Logger.StopLeftApplication(context.Attendance.ServedCount);
        }

        listeners.EndLoops();
        _completion.SetResult();
    }

    private async ValueTask WaitAsync(Task task, TimeSpan timeout, TimeProvider time)
    {
        if (!task.IsCompleted && timeout > TimeSpan.Zero && !_cutShort.IsCancellationRequested)
        {
            await task.WaitAsync(timeout, time, _cutShort.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void AbortAll()
    {
        IReadOnlyCollection<WebSocketConnection> left = context.ConnectionsWithTransport;
        if (left.Count == 0)
        {
            return;
        }

        context.Logger.StopCutShort(left.Count);
        foreach (WebSocketConnection connection in left)
        {
            connection.Abort();
        }
    }
}
