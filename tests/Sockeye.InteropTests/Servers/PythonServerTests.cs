namespace Sockeye.Tests;

public sealed class PythonServerTests : PingingPeerServerTests
{
    private protected override Task<PeerServer> StartServerAsync() => ScriptPeer.Python.StartServerAsync();
}
