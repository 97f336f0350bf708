namespace Sockeye.Tests;

/// <summary>The application of every case: sends each message back from inside the callback, and keeps a copy.</summary>
internal sealed class EchoHandler : WebSocketHandler
{
    private readonly Lock _gate = new();
    private readonly List<PeerEvent> _delivered = [];

    public IReadOnlyList<PeerEvent> Delivered
    {
        get
        {
            lock (_gate)
            {
                return [.. _delivered];
            }
        }
    }

    public override void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        lock (_gate)
        {
            _delivered.Add(new PeerEvent(
                kind == WebSocketMessageKind.Text ? PeerEventKind.TextMessage : PeerEventKind.BinaryMessage,
                payload.ToArray()));
        }

        if (connection.State == WebSocketConnectionState.Open)
        {
            Assert.NotEqual(WebSocketSendResult.Refused, connection.Send(payload, kind));
        }
    }
}
