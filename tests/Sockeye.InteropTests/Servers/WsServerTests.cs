namespace Sockeye.Tests;

public sealed class WsServerTests : PingingPeerServerTests
{
    private protected override Task<PeerServer> StartServerAsync() => ScriptPeer.Ws.StartServerAsync();
}
