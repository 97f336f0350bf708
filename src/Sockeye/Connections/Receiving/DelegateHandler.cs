namespace Sockeye.Connections.Receiving;

/// <summary>Serves each connection with a method that asks for its messages: the pull face of a server.</summary>
internal sealed class DelegateHandler(Func<WebSocketConnection, CancellationToken, Task> serve) : WebSocketHandler
{
    /// <inheritdoc/>
    public override void OnOpened(WebSocketConnection connection) =>

        // On the thread pool: what comes before the first await is the application's, and may take its time.
        ThreadPool.UnsafeQueueUserWorkItem(
            static call => _ = call.Handler.ServeAsync(call.Connection),
            (Handler: this, Connection: connection),
            preferLocal: false);

    private async Task ServeAsync(WebSocketConnection connection)
    {
        // Work done for a peer that has gone ends by the token.
        var served = new ServedConnection(connection);
        connection.Core.Pull!.Serve(served);
        var call = new ServeCall(connection.Core);
        call.Enter();
        try
        {
            await serve(connection, served.Token).ConfigureAwait(false);
            call.End();
            connection.Core.Pull!.Discard();
            await connection.CloseAsync(WebSocketCloseCode.NormalClosure).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            call.End();
            connection.Core.OnHandlerFailed(exception);
            connection.Core.Pull!.Discard();
        }
    }
}
