using System.Net;

namespace Sockeye.Tests;

public sealed class MicrosocksTests : ForwardProxyTests
{
    private protected override int? StatusOfRefusal(bool isAnonymous) => null;

    private protected override Task<ForwardProxy> StartProxyAsync(NetworkCredential? credential) =>
        ForwardProxy.StartMicrosocksAsync(credential);
}
