using System.Collections.Immutable;

namespace Sockeye.Benchmarks;

/// <summary>Sends every message to every connection, the sender's own included.</summary>
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
                // One that does not keep up misses messages, and shows as a delivery too few.
                receiver.TrySend(payload, kind);
            }
            catch (WebSocketClosedException)
            {
                // It is going; OnClosed takes it out.
            }
        }
    }

    public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) =>
        ImmutableInterlocked.Update(ref _connections, all => all.Remove(connection));
}
