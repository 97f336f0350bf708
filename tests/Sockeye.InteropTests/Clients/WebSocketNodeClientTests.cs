namespace Sockeye.Tests;

public sealed class WebSocketNodeClientTests : PingingPeerClientTests
{
    private protected override Task<PeerClient> PeerAsync() => Task.FromResult<PeerClient>(ScriptPeer.WebSocketNode);
}
