using System.Net;
using Sockeye.Client;

namespace Sockeye.Tests;

public sealed class AddressedProxyTests
{
    [Theory]
    [InlineData("http://user:secret@proxy.example:3128/x", "http://proxy.example:3128/", false)]
    [InlineData("HTTPS://proxy.example/", "https://proxy.example/", true)]
    [InlineData("socks5://proxy.example:1080/", "socks5://proxy.example:1080/", false)]
    public void It_tells_scheme_host_and_port_and_whether_TLS_leads_to_the_proxy(string address, string told, bool isSecure)
    {
        var proxy = new AddressedProxy(new WebProxy(address), new Uri("wss://server.example/"));
        Assert.Null(proxy.Found);

        Assert.Equal(new Uri(told), proxy.GetProxy(new Uri("ws://server.example/")));
        Assert.Equal((new Uri(told), isSecure), (proxy.Found, proxy.IsSecure));
    }

    [Fact]
    public void Nothing_is_found_for_an_address_without_a_proxy()
    {
        var proxy = new AddressedProxy(new NoProxy(), new Uri("wss://server.example/"));

        Assert.Null(proxy.GetProxy(new Uri("ws://server.example/")));
        Assert.Null(proxy.Found);
        Assert.False(proxy.IsSecure);
    }

    private sealed class NoProxy : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination) => null;

        public bool IsBypassed(Uri host) => false;
    }
}
