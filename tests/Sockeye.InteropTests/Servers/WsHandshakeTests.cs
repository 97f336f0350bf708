using System.Text;

namespace Sockeye.Tests;

public sealed class WsHandshakeTests : HandshakeServerTests
{
    private protected override ScriptPeer Peer => ScriptPeer.Ws;

    private protected override string TextOf(WebSocketHandshakeException refusal) =>
        Encoding.UTF8.GetString(refusal.Body.Span);
}
