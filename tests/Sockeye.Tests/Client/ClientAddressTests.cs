using Sockeye.Client;

namespace Sockeye.Tests;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("ws://a/", "ws://a/", false)]
    [InlineData("WS://A", "ws://a/", false)]
    [InlineData("http://a/", "ws://a/", false)]
    [InlineData("wss://a/x?y", "wss://a/x?y", true)]
    [InlineData("https://a:444/", "wss://a:444/", true)]
    [InlineData("ws://a:443/", "ws://a:443/", false)]
    [InlineData("https://a:80/", "wss://a:80/", true)]
    [InlineData("ws://u:p@a:81/x", "ws://a:81/x", false)]
    [InlineData("ws://[::1]:81/", "ws://[::1]:81/", false)]
    public void A_URL_with_a_host_is_parsed(string address, string expected, bool isSecure)
    {
        ClientAddress parsed = ClientAddress.Parse(address);

        Assert.Equal(expected, parsed.Uri.AbsoluteUri);
        Assert.Equal(expected, parsed.Shown.AbsoluteUri);
        Assert.Equal(isSecure, parsed.IsSecure);
        Assert.Null(parsed.SocketPath);
    }

    // RFC 6874 §2 and RFC 4007 §11: the zone is for connecting, and is in nothing that a server sees (RFC 9844 §5).
    [Theory]
    [InlineData("ws://[fe80::1%25eth0]:8080/x?y", "fe80::1%eth0", "ws://[fe80::1]:8080/x?y")]
    [InlineData("ws://[fe80::1%eth0]:8080/", "fe80::1%eth0", "ws://[fe80::1]:8080/")]
    [InlineData("wss://[fe80::1%25br-0.1]/", "fe80::1%br-0.1", "wss://[fe80::1]/")]
    [InlineData("ws://[fe80::1%25eth%30]/", "fe80::1%eth0", "ws://[fe80::1]/")]
    [InlineData("ws://[fe80::1%7]/", "fe80::1%7", "ws://[fe80::1]/")]
    [InlineData("ws://[fe80::1%257]/", "fe80::1%7", "ws://[fe80::1]/")]
    [InlineData("ws://[fe80::1%25]/", "fe80::1%25", "ws://[fe80::1]/")]
    [InlineData("ws://[fe80::1]/", "fe80::1", "ws://[fe80::1]/")]
    public void A_zone_is_used_to_connect_and_omitted_from_the_request(string address, string host, string expected)
    {
        ClientAddress parsed = ClientAddress.Parse(address);

        Assert.Equal(host, parsed.ConnectHost);
        Assert.Equal((expected, expected), (parsed.Uri.AbsoluteUri, parsed.Shown.AbsoluteUri));
        Assert.DoesNotContain('%', parsed.Http.IdnHost);
    }

    [Theory]
    [InlineData("/b", "fe80::1%eth0")]
    [InlineData("ws://[fe80::1]/b", "fe80::1%eth0")]
    [InlineData("ws://[fe80::2]/b", "fe80::2")]
    public void A_redirect_to_the_same_host_keeps_the_zone(string location, string expected)
    {
        Assert.True(ClientAddress.Parse("ws://[fe80::1%25eth0]/a").TryFollow(location, out ClientAddress? next));

        Assert.Equal(expected, next.ConnectHost);
    }

    [Theory]
    [InlineData("ws://[fe80::1%25lo]/b")]
    [InlineData("ws://[fe80::1%eth0]/b")]
    public void A_redirect_cannot_set_the_zone(string location) =>
        Assert.False(ClientAddress.Parse("ws://[fe80::1%25eth0]/a").TryFollow(location, out _));

    [Theory]
    [InlineData("ws+unix:/tmp/s", "/tmp/s", "/")]
    [InlineData("ws+unix:/tmp/s:", "/tmp/s", "/")]
    [InlineData("ws+unix:/tmp/s:/", "/tmp/s", "/")]
    [InlineData("ws+unix:/tmp/s:/path?a=b", "/tmp/s", "/path?a=b")]
    [InlineData("ws+unix:///tmp/s:/path", "/tmp/s", "/path")]
    [InlineData("WS+UNIX:/tmp/s:/a:b", "/tmp/s", "/a:b")]
    [InlineData("ws+unix:/tmp/with%20space:/", "/tmp/with space", "/")]
    [InlineData("ws+unix:relative:/", "relative", "/")]
    [InlineData("ws+unix:/tmp/s:/?u=ws://a", "/tmp/s", "/?u=ws://a")]
    [InlineData(@"ws+unix:\\.\pipe\name:/path?a=b", @"\\.\pipe\name", "/path?a=b")]
    public void A_URL_with_a_socket_path_is_parsed(string address, string path, string target)
    {
        ClientAddress parsed = ClientAddress.Parse(address);

        Assert.Equal((path, target), (parsed.SocketPath, parsed.Uri.PathAndQuery));
        Assert.Equal("localhost", parsed.Uri.Authority);
        Assert.False(parsed.IsSecure);
        Assert.Equal("ws+unix", parsed.Shown.Scheme);
    }

    [Fact]
    public void A_Uri_of_a_socket_is_parsed() =>
        Assert.Equal("/tmp/s", ClientAddress.Parse(new Uri("ws+unix:/tmp/s:/path")).SocketPath);

    [Theory]
    [InlineData("ws+unix:")]
    [InlineData("ws+unix::/path")]
    [InlineData("ws+unix:?a:/path")]
    [InlineData("ws+unix:/tmp/s?a=b")]
    [InlineData("ws+unix:/tmp/s:path")]
    [InlineData("ws+unix:/tmp/s:?a=b")]
    [InlineData("ws+unix:/tmp/s:/path#fragment")]
    [InlineData("ws+unix:/tmp/s#:/path")]
    [InlineData("ws+unix:/tmp/s%00:/")]
    [InlineData("ws+unix:/tmp/s%3F:/")]
    [InlineData("wss+unix:/tmp/s:/path")]
    [InlineData("http+unix:/tmp/s:/path")]
    [InlineData("unix:/tmp/s")]
    [InlineData("ws://a:0/")]
    [InlineData("ws://a:65536/")]
    [InlineData("ws://a/#")]
    [InlineData("ftp://a/")]
    [InlineData("ws:///")]
    [InlineData("ws:a")]
    [InlineData("a/b")]
    [InlineData("")]
    public void An_invalid_address_throws(string address) =>
        Assert.ThrowsAny<ArgumentException>(() => ClientAddress.Parse(address));

    [Fact]
    public void A_socket_path_that_is_too_long_throws() =>
        Assert.ThrowsAny<ArgumentException>(() => ClientAddress.Parse($"ws+unix:/{new string('a', 200)}:/"));

    [Theory]
    [InlineData("ws://a/", "ws://a:80/x", true)]
    [InlineData("ws://a/", "http://A/", true)]
    [InlineData("ws://a/", "wss://a/", false)]
    [InlineData("ws://a:443/", "wss://a/", false)]
    [InlineData("ws://a/", "ws://a:81/", false)]
    [InlineData("ws://a/", "ws://b.a/", false)]
    [InlineData("ws://[fe80::1%1]/", "ws://[fe80::1%2]/", false)]
    [InlineData("ws://a/", "ws://a./", false)]
    [InlineData("ws+unix:/s:/a", "ws+unix:/s:/b", true)]
    [InlineData("ws+unix:/s:/a", "ws+unix:/t:/a", false)]
    [InlineData("ws+unix:/s:/", "ws://localhost/", false)]
    [InlineData("ws://localhost/", "ws+unix:/s:/", false)]
    public void An_origin_is_scheme_host_and_port_or_a_socket(string one, string other, bool isSame) =>
        Assert.Equal(isSame, ClientAddress.Parse(one).IsSameOrigin(ClientAddress.Parse(other)));

    [Theory]
    [InlineData("ws://a/b/c?d", "e", "ws://a/b/e", null)]
    [InlineData("ws://a/b/c?d", "?e", "ws://a/b/c?e", null)]
    [InlineData("ws://a/b/c", "../../../e", "ws://a/e", null)]
    [InlineData("wss://a/", "//b/e", "wss://b/e", null)]
    [InlineData("wss://a/", "https://b:1/", "wss://b:1/", null)]
    [InlineData("ws+unix:/s:/b/c", "e", "ws://localhost/b/e", "/s")]
    [InlineData("ws+unix:/s:/b/c", "/e?f", "ws://localhost/e?f", "/s")]
    [InlineData("ws+unix:/s:/b/c", "//e/f", "ws://e/f", null)]
    [InlineData("ws+unix:/s:/b/c", "ws://localhost/", "ws://localhost/", null)]
    public void A_redirect_location_is_resolved(string address, string location, string expected, string? socketPath)
    {
        Assert.True(ClientAddress.Parse(address).TryFollow(location, out ClientAddress? next));

        Assert.Equal((expected, socketPath), (next.Uri.AbsoluteUri, next.SocketPath));
    }
}
