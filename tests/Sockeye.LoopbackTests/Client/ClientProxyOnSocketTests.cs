namespace Sockeye.Tests;

/// <summary>Clients that an asynchronous socket serves behind a proxy.</summary>
public sealed class ClientProxyOnSocketTests() : ClientProxyOptionTests(ClientKind.Socket);
