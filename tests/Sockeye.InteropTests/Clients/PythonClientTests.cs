namespace Sockeye.Tests;

public sealed class PythonClientTests : PingingPeerClientTests
{
    private protected override Task<PeerClient> PeerAsync() => Task.FromResult<PeerClient>(ScriptPeer.Python);
}
