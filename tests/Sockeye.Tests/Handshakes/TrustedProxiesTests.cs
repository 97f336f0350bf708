using System.Net;
using Sockeye.Handshakes;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Which proxies determine the client's address (RFC 7239).</summary>
public sealed class TrustedProxiesTests
{
    private static readonly IPEndPoint Proxy = new(IPAddress.Parse("10.0.0.1"), 1);

    private static readonly IPNetwork[] Networks = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("fd00::/8")];

    private readonly TrustedProxies _proxies = new(Networks, trustsUnixSockets: false, writesForwarded: false);

    [Theory]
    [InlineData("", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 1.2.3.4", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 1.2.3.4:5678", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 2001:db8::1", "2001:db8::1")]
    [InlineData("X-Forwarded-For: [2001:db8::1]:5678", "2001:db8::1")]
    [InlineData("X-Forwarded-For: ::ffff:1.2.3.4", "1.2.3.4")]

    // Entries on the left were written by the client or by untrusted proxies.
    [InlineData("X-Forwarded-For: 6.6.6.6, 1.2.3.4", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 10.9.9.9, 10.8.8.8", "10.9.9.9")]
    [InlineData("X-Forwarded-For: 6.6.6.6|X-Forwarded-For: 1.2.3.4", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 1.2.3.4, fd00::1", "1.2.3.4")]

    // An invalid address ends the search: its author is unknown.
    [InlineData("X-Forwarded-For: 6.6.6.6, unknown", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, ", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, 1", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, 1.2", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, [::1", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, unknown, 10.9.9.9", "10.9.9.9")]

    // What the proxy does not write, it passes on from the client.
    [InlineData("Forwarded: for=6.6.6.6", "10.0.0.1")]
    [InlineData("Forwarded: for=6.6.6.6|X-Forwarded-For: 1.2.3.4", "1.2.3.4")]
    public void The_client_is_the_last_address_that_is_not_a_trusted_proxy(string lines, string expected) =>
        Assert.Equal(IPAddress.Parse(expected), _proxies.ClientOf(Proxy, Headers(lines)));

    [Theory]
    [InlineData("Forwarded: for=1.2.3.4", "1.2.3.4")]
    [InlineData("Forwarded: proto=https;for=1.2.3.4;by=10.0.0.1", "1.2.3.4")]
    [InlineData("Forwarded: For=\"[2001:db8::1]:47\"", "2001:db8::1")]
    [InlineData("Forwarded: for=6.6.6.6, for=1.2.3.4", "1.2.3.4")]
    [InlineData("Forwarded: for=_hidden", "10.0.0.1")]
    [InlineData("Forwarded: for=unknown", "10.0.0.1")]
    [InlineData("Forwarded: by=1.2.3.4", "10.0.0.1")]
    [InlineData("Forwarded: for=1.2.3.4|X-Forwarded-For: 6.6.6.6", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 6.6.6.6", "10.0.0.1")]
    public void The_Forwarded_header_is_read_if_configured(string lines, string expected)
    {
        var proxies = new TrustedProxies(Networks, trustsUnixSockets: false, writesForwarded: true);

        Assert.Equal(IPAddress.Parse(expected), proxies.ClientOf(Proxy, Headers(lines)));
    }

    [Fact]
    public void Only_listed_proxies_are_trusted()
    {
        Assert.True(_proxies.Includes(Proxy));
        Assert.True(_proxies.Includes(new IPEndPoint(IPAddress.Parse("fd12::1"), 1)));
        Assert.False(_proxies.Includes(new IPEndPoint(IPAddress.Parse("11.0.0.1"), 1)));
        Assert.False(_proxies.Includes(null));
        Assert.True(new TrustedProxies([], trustsUnixSockets: true, writesForwarded: false).Includes(null));
    }

    [Theory]
    [InlineData("X-Forwarded-Proto: https", false, true)]
    [InlineData("X-Forwarded-Proto: wss", false, true)]
    [InlineData("X-Forwarded-Proto: http, HTTPS", false, true)]
    [InlineData("X-Forwarded-Proto: https, http", false, false)]
    [InlineData("X-Forwarded-Proto: x", false, null)]
    [InlineData("", false, null)]
    [InlineData("Forwarded: proto=https", false, null)]
    [InlineData("Forwarded: for=a;proto=https", true, true)]
    [InlineData("Forwarded: proto=https, for=b", true, null)]
    [InlineData("Forwarded: proto=http|X-Forwarded-Proto: https", true, false)]
    [InlineData("X-Forwarded-Proto: https", true, null)]
    public void The_nearest_proxy_determines_the_scheme(string lines, bool isStandard, bool? expected)
    {
        Assert.Equal(expected, ForwardedHeaders.IsSecure(Headers(lines), isStandard));
        var proxies = new TrustedProxies(Networks, trustsUnixSockets: false, writesForwarded: isStandard);
        Assert.Equal(expected, proxies.IsClientSecure(Proxy, Headers(lines)));
        Assert.Null(proxies.IsClientSecure(new IPEndPoint(IPAddress.Loopback, 1), Headers(lines)));
    }

    private static HeaderFields Headers(string lines) => HeaderFields.FromPairs(
        from line in lines.Split('|', StringSplitOptions.RemoveEmptyEntries)
        let colon = line.IndexOf(':', StringComparison.Ordinal)
        select KeyValuePair.Create(line[..colon], line[(colon + 1)..]));
}
