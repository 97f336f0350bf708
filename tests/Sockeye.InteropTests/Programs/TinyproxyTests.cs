using System.Net;

namespace Sockeye.Tests;

public sealed class TinyproxyTests : ForwardProxyTests
{
    // RFC 9110 §11.7.1 has 407 for both.
    private protected override int? StatusOfRefusal(bool isAnonymous) => isAnonymous ? 407 : 401;

    private protected override Task<ForwardProxy> StartProxyAsync(NetworkCredential? credential) =>
        ForwardProxy.StartTinyproxyAsync(credential);
}
