namespace Sockeye.Tests;

/// <summary>Clients that an event loop serves behind a proxy.</summary>
public sealed class ClientProxyOnLoopTests() : ClientProxyOptionTests(ClientKind.EventLoop);
