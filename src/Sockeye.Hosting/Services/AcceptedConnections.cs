using System.Runtime.CompilerServices;

namespace Sockeye.Hosting.Services;

/// <summary>The connections of the application's acceptor.</summary>
internal sealed class AcceptedConnections(WebSocketAcceptor acceptor) : IWebSocketConnections
{
    /// <inheritdoc/>
    public int Count => acceptor.ConnectionCount;

    /// <inheritdoc/>
    public IReadOnlyCollection<WebSocketConnection> GetConnections() => acceptor.GetConnections();

    /// <inheritdoc/>
    [OverloadResolutionPriority(1)]
    public int Broadcast(
        WebSocketPreparedMessage message, WebSocketSendOptions options, Func<WebSocketConnection, bool>? where = null) =>
        acceptor.Broadcast(message, options, where);

    /// <inheritdoc/>
    [OverloadResolutionPriority(2)]
    public Task<int> BroadcastAsync(
        WebSocketPreparedMessage message, WebSocketSendOptions options, Func<WebSocketConnection, bool>? where = null,
        CancellationToken cancellationToken = default) =>
        acceptor.BroadcastAsync(message, options, where, cancellationToken);
}
