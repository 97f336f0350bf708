namespace Sockeye.Tests;

/// <summary>The application of every case: echoes each message, and keeps a copy.</summary>
internal sealed class EchoApplication
{
    private readonly Lock _gate = new();
    private readonly List<PeerEvent> _delivered = [];

    public EchoApplication(TestedFace face) =>
        Handler = face == TestedFace.Pull ? WebSocketHandler.FromDelegate(ServeAsync) : new InPlace(this);

    public WebSocketHandler Handler { get; }

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

    private void Note(ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        PeerEvent message = new(
            kind == WebSocketMessageKind.Text ? PeerEventKind.TextMessage : PeerEventKind.BinaryMessage,
            payload.ToArray());
        lock (_gate)
        {
            _delivered.Add(message);
        }
    }

    private async Task ServeAsync(WebSocketConnection connection, CancellationToken ended)
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync(ended))
        {
            Note(message.Payload.Span, message.Kind);
            await connection.SendAsync(message, ended);
        }
    }

    private sealed class InPlace(EchoApplication application) : WebSocketHandler
    {
        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            application.Note(payload, kind);
            if (connection.State == WebSocketConnectionState.Open)
            {
                Assert.NotEqual(WebSocketSendResult.Refused, connection.TrySend(payload, kind));
            }
        }
    }
}
