namespace Sockeye.Server.Handshakes;

/// <summary>The outcome of an opening handshake on a stream, for the caller of <see cref="WebSocketAcceptor.AcceptAsync"/>.</summary>
internal sealed class AcceptOutcome
{
    private readonly TaskCompletionSource<WebSocketConnection> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebSocketHandshakeException? _failure;

    /// <summary>The connection. Fails once the client has the rejection and the stream is closed.</summary>
    public Task<WebSocketConnection> Task => _completion.Task;

    /// <summary>The connection is open. It is aborted if the call was canceled.</summary>
    public void OnOpened(WebSocketConnection connection)
    {
        if (!_completion.TrySetResult(connection))
        {
            connection.Abort();
        }
    }

    /// <summary>The handshake fails. The caller learns it when the stream is closed.</summary>
    public void OnRejected(in RejectionCause cause, int? statusCode) =>
        _failure = new WebSocketHandshakeException(
            cause.Error, WebSocketHandshakePhase.Validation, statusCode, [], innerException: cause.Exception, detail: cause.Detail);

    /// <summary>The call was canceled.</summary>
    public void OnCanceled(CancellationToken cancellationToken) => _completion.TrySetCanceled(cancellationToken);

    /// <summary>The stream is closed.</summary>
    public void OnClosed(Exception? exception) => _completion.TrySetException(
        _failure ?? new WebSocketHandshakeException(
            WebSocketHandshakeError.ConnectionLost, WebSocketHandshakePhase.Response, statusCode: null, [], innerException: exception));
}
