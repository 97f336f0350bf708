namespace Sockeye.Tests;

public sealed class WebSocketNodeHandshakeTests : HandshakeServerTests
{
    private protected override ScriptPeer Peer => ScriptPeer.WebSocketNode;

    // It sends no body.
    private protected override string TextOf(WebSocketHandshakeException refusal) =>
        refusal.Headers.Single(header => header.Key == "X-WebSocket-Reject-Reason").Value;
}
