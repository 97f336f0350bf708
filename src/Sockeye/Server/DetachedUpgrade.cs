namespace Sockeye.Server;

/// <summary>Somebody waits for the end of an opening handshake on a stream of their own.</summary>
internal sealed class DetachedUpgrade
{
    private readonly TaskCompletionSource<WebSocketConnection> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebSocketHandshakeException? _failure;

    /// <summary>The connection; or why there is none, once the client has been told and the stream is closed.</summary>
    public Task<WebSocketConnection> Outcome => _outcome.Task;

    /// <summary>There is a connection; or nobody who waits for it any more.</summary>
    public void OnOpened(WebSocketConnection connection)
    {
        if (!_outcome.TrySetResult(connection))
        {
            connection.Abort();
        }
    }

    /// <summary>There will be none.</summary>
    public void OnRefused(WebSocketHandshakeError error, int? statusCode, Exception? exception, string? detail = null) =>
        _failure = new WebSocketHandshakeException(
            error, WebSocketHandshakePhase.Validation, statusCode, [], innerException: exception, detail: detail);

    /// <summary>Nobody waits any more.</summary>
    public void OnCanceled(CancellationToken cancellationToken) => _outcome.TrySetCanceled(cancellationToken);

    /// <summary>The stream is closed.</summary>
    public void OnClosed(Exception? exception) => _outcome.TrySetException(
        _failure ?? new WebSocketHandshakeException(
            WebSocketHandshakeError.ConnectionLost, WebSocketHandshakePhase.Response, statusCode: null, [], innerException: exception));
}
