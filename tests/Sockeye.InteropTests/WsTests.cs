namespace Sockeye.Tests;

public sealed class WsClientTests : PingingPeerClientTests
{
    private protected override Task<PeerClient> PeerAsync() => Task.FromResult<PeerClient>(ScriptPeer.Ws);
}

public sealed class WsServerTests : PingingPeerServerTests
{
    private protected override Task<PeerServer> StartServerAsync() => ScriptPeer.Ws.StartServerAsync();
}
