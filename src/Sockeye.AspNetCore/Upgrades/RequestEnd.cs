namespace Sockeye.AspNetCore.Upgrades;

/// <summary>Closes a connection at the end of the request that it cannot outlive, and waits until it does not need the request any more.</summary>
internal sealed class RequestEnd(OpenedConnection opened) : IAsyncDisposable
{
    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await opened.Connection.DisposeAsync().ConfigureAwait(false);
        await opened.RequestMayEnd.ConfigureAwait(false);
    }
}
