namespace Sockeye.Tests;

public sealed class WebSocketNodeClientTests : PingingPeerClientTests
{
    private protected override Task<PeerClient> PeerAsync() => Task.FromResult<PeerClient>(ScriptPeer.WebSocketNode);
}

public sealed class WebSocketNodeServerTests : PingingPeerServerTests
{
    private protected override Task<PeerServer> StartServerAsync() => ScriptPeer.WebSocketNode.StartServerAsync();
}
