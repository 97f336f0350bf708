namespace Sockeye.Connections;

/// <summary>Serves each connection with a method that asks for its messages: the pull face of a server.</summary>
internal sealed class DelegateHandler(Func<WebSocketConnection, CancellationToken, Task> serve) : WebSocketHandler
{
    /// <inheritdoc/>
    public override void OnOpen(WebSocketConnection connection) =>

        // On the thread pool: what comes before the first await is the application's, and may take its time.
        ThreadPool.UnsafeQueueUserWorkItem(
            static call => _ = call.Handler.ServeAsync(call.Connection),
            (Handler: this, Connection: connection),
            preferLocal: false);

    private async Task ServeAsync(WebSocketConnection connection)
    {
        // The token falls with the connection, so that work done for a peer that has gone ends too.
        using var ended = new CancellationTokenSource();
        _ = CancelWhenClosedAsync(connection, ended);
        try
        {
            await serve(connection, ended.Token).ConfigureAwait(false);
            connection.Core.Pull!.Discard();
            await connection.CloseAsync(WebSocketCloseCode.NormalClosure).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            connection.Core.OnHandlerFailed(exception);
            connection.Core.Pull!.Discard();
        }
    }

    private static async Task CancelWhenClosedAsync(WebSocketConnection connection, CancellationTokenSource ended)
    {
        await connection.Closed.ConfigureAwait(false);
        try
        {
            await ended.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // The method returned first, and nobody is left to be told.
        }
        catch (AggregateException exception)
        {
            // What the application registered with its token has thrown.
            connection.Core.OnHandlerFailed(exception);
        }
    }
}
