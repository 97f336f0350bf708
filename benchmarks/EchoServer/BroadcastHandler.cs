using System.Collections.Immutable;

namespace Sockeye.Benchmarks;

/// <summary>Sends every message to every connection, including the sender's own.</summary>
internal sealed class BroadcastHandler : WebSocketHandler
{
    private ImmutableArray<WebSocketConnection> _connections = [];

    public override void OnOpened(WebSocketConnection connection) =>
        ImmutableInterlocked.Update(ref _connections, all => all.Add(connection));

    public override void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        foreach (WebSocketConnection receiver in _connections)
        {
            try
            {
                // A receiver that does not keep up misses messages, which shows as missing deliveries.
                receiver.TrySend(payload, kind);
            }
            catch (WebSocketClosedException)
            {
                // The connection is closing; OnClosed removes it.
            }
        }
    }

    public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) =>
        ImmutableInterlocked.Update(ref _connections, all => all.Remove(connection));
}
