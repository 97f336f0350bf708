namespace Sockeye.Tests;

/// <summary>The handler of the README's last program, for other snippets.</summary>
internal sealed class Echo : WebSocketHandler
{
    // Not refused here: a server delivers the next message only while the send buffer has room for the reply.
    public override void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        => _ = connection.TrySend(payload, kind);
}
