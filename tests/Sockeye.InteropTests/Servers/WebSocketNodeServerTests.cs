namespace Sockeye.Tests;

public sealed class WebSocketNodeServerTests : PingingPeerServerTests
{
    private protected override Task<PeerServer> StartServerAsync() => ScriptPeer.WebSocketNode.StartServerAsync();
}
