namespace Sockeye.Benchmarks;

internal sealed class EchoHandler : WebSocketHandler
{
    public override void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        if (connection.TrySend(payload, kind) == WebSocketSendResult.Refused)
        {
            // Without this, a lost echo would only show as a load generator that waits.
            connection.Abort();
        }
    }
}
