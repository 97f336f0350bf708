using Sockeye.AspNetCore.Upgrades;

namespace Sockeye.AspNetCore.DropIn;

/// <summary>
/// The end of a request whose connection the application may have left as it is: what it has sent is still written, and the client sees the
/// end of the transport.
/// </summary>
/// <param name="opened">The connection.</param>
internal sealed class DropInEnd(OpenedConnection opened) : IAsyncDisposable
{
    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        opened.Connection.Core.Closing.Leave();
        await opened.RequestMayEnd.ConfigureAwait(false);
    }
}
