using System.Net;
using Sockeye.Connections;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>Whose word counts about where a client is (RFC 7239).</summary>
public sealed class TrustedProxiesTests
{
    private static readonly IPEndPoint Proxy = new(IPAddress.Parse("10.0.0.1"), 1);

    private readonly TrustedProxies _proxies = Proxies(usesForwarded: false);

    [Theory]
    [InlineData("", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 1.2.3.4", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 1.2.3.4:5678", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 2001:db8::1", "2001:db8::1")]
    [InlineData("X-Forwarded-For: [2001:db8::1]:5678", "2001:db8::1")]
    [InlineData("X-Forwarded-For: ::ffff:1.2.3.4", "1.2.3.4")]

    // What stands on the left was written by the client, or whoever came before the first trusted proxy.
    [InlineData("X-Forwarded-For: 6.6.6.6, 1.2.3.4", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 10.9.9.9, 10.8.8.8", "10.9.9.9")]
    [InlineData("X-Forwarded-For: 6.6.6.6|X-Forwarded-For: 1.2.3.4", "1.2.3.4")]
    [InlineData("X-Forwarded-For: 1.2.3.4, fd00::1", "1.2.3.4")]

    // What is no address ends the search: nobody knows who wrote it.
    [InlineData("X-Forwarded-For: 6.6.6.6, unknown", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, ", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, 1", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, 1.2", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, [::1", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6, unknown, 10.9.9.9", "10.9.9.9")]

    // The proxy has passed on what its client wrote.
    [InlineData("Forwarded: for=6.6.6.6", "10.0.0.1")]
    [InlineData("Forwarded: for=6.6.6.6|X-Forwarded-For: 1.2.3.4", "1.2.3.4")]
    public void The_client_is_the_last_who_is_not_a_trusted_proxy(string lines, string expected) =>
        Assert.Equal(IPAddress.Parse(expected), _proxies.ClientOf(Proxy, Headers(lines)));

    [Theory]
    [InlineData("Forwarded: for=1.2.3.4", "1.2.3.4")]
    [InlineData("Forwarded: proto=https;for=1.2.3.4;by=10.0.0.1", "1.2.3.4")]
    [InlineData("Forwarded: For=\"[2001:db8::1]:47\"", "2001:db8::1")]
    [InlineData("Forwarded: for=6.6.6.6, for=1.2.3.4", "1.2.3.4")]
    [InlineData("Forwarded: for=_hidden", "10.0.0.1")]
    [InlineData("Forwarded: for=unknown", "10.0.0.1")]
    [InlineData("Forwarded: by=1.2.3.4", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6", "10.0.0.1")]
    [InlineData("X-Forwarded-For: 6.6.6.6|Forwarded: for=1.2.3.4", "1.2.3.4")]
    public void Forwarded_tells_the_same_where_that_is_what_the_proxies_write(string lines, string expected) =>
        Assert.Equal(IPAddress.Parse(expected), Proxies(usesForwarded: true).ClientOf(Proxy, Headers(lines)));

    [Fact]
    public void Only_those_that_are_named_are_trusted()
    {
        Assert.True(_proxies.Includes(Proxy));
        Assert.True(_proxies.Includes(new IPEndPoint(IPAddress.Parse("fd12::1"), 1)));
        Assert.False(_proxies.Includes(new IPEndPoint(IPAddress.Parse("11.0.0.1"), 1)));
        Assert.False(_proxies.Includes(null));
        Assert.True(new TrustedProxies([], trustsUnixSockets: true, usesForwarded: false).Includes(null));
    }

    [Theory]
    [InlineData("X-Forwarded-Proto: https", true)]
    [InlineData("X-Forwarded-Proto: wss", true)]
    [InlineData("X-Forwarded-Proto: http, HTTPS", true)]
    [InlineData("X-Forwarded-Proto: https, http", false)]
    [InlineData("X-Forwarded-Proto: x", null)]
    [InlineData("", null)]
    [InlineData("Forwarded: proto=https", null)]
    [InlineData("Forwarded: proto=https|X-Forwarded-Proto: http", false)]
    public void The_nearest_proxy_says_whether_there_was_tls(string lines, bool? expected) =>
        Assert.Equal(expected, _proxies.IsSecure(Headers(lines)));

    [Theory]
    [InlineData("Forwarded: for=a;proto=https", true)]
    [InlineData("Forwarded: proto=https, for=b", null)]
    [InlineData("Forwarded: proto=http", false)]
    [InlineData("X-Forwarded-Proto: https", null)]
    [InlineData("Forwarded: proto=http|X-Forwarded-Proto: https", false)]
    public void The_nearest_proxy_says_in_forwarded_whether_there_was_tls(string lines, bool? expected) =>
        Assert.Equal(expected, Proxies(usesForwarded: true).IsSecure(Headers(lines)));

    private static TrustedProxies Proxies(bool usesForwarded) => new(
        [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("fd00::/8")], trustsUnixSockets: false, usesForwarded);

    private static HeaderFields Headers(string lines) => HeaderFields.FromPairs(
        from line in lines.Split('|', StringSplitOptions.RemoveEmptyEntries)
        let colon = line.IndexOf(':', StringComparison.Ordinal)
        select KeyValuePair.Create(line[..colon], line[(colon + 1)..]));
}
