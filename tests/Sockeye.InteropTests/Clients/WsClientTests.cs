namespace Sockeye.Tests;

public sealed class WsClientTests : PingingPeerClientTests
{
    private protected override Task<PeerClient> PeerAsync() => Task.FromResult<PeerClient>(ScriptPeer.Ws);
}
