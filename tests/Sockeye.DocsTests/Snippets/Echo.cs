namespace Sockeye.Tests;

// snippet: handler
internal sealed class Echo : WebSocketHandler
{
    public override void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        => connection.Send(payload, kind);
}
// end snippet
