namespace Sockeye.AspNetCore.Upgrades;

/// <summary>Closes a connection at the end of the request that it cannot outlive, and waits until it does not need the request any more.</summary>
internal sealed class RequestEnd(OpenedConnection opened) : IAsyncDisposable
{
    /// <summary>The request has failed: an open connection is closed with 1011.</summary>
    public async ValueTask FailAsync()
    {
        await opened.Connection.CloseAsync(WebSocketCloseCode.InternalError).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await opened.Connection.DisposeAsync().ConfigureAwait(false);
        await opened.RequestMayEnd.ConfigureAwait(false);
    }
}
