namespace Sockeye.Tests;

public sealed class NginxTests : ReverseProxyTests
{
    private protected override Task<ReverseProxy> StartProxyAsync(ReverseProxySettings settings) =>
        Nginx.StartAsync(settings);
}
