using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>The results for valid targets; invalid ones are in <see cref="MalformedRequests"/>.</summary>
public sealed class RequestTargetTests
{
    [Theory]
    [InlineData("/", "", "/", "")]
    [InlineData("/chat", "", "/chat", "")]
    [InlineData("/chat?", "", "/chat", "")]
    [InlineData("/chat?a=b?c/../d", "", "/chat", "a=b?c/../d")]
    [InlineData("/caf%C3%A9%2f", "", "/caf%C3%A9%2f", "")]
    [InlineData("/a%2Fb/...%2F..c%2Fd../.e", "", "/a%2Fb/...%2F..c%2Fd../.e", "")]
    [InlineData("/%/%2/%2x..%", "", "/%/%2/%2x..%", "")]
    [InlineData("http://a:81/chat?b", "a:81", "/chat", "b")]
    [InlineData("HTTP://a", "a", "/", "")]
    [InlineData("https://a?b", "a", "/", "b")]
    [InlineData("ws://a:81/chat?b", "a:81", "/chat", "b")]
    [InlineData("WSS://[::1]:8443", "[::1]:8443", "/", "")]
    [InlineData("ws://a?b=%00", "a", "/", "b=%00")]
    [InlineData("/a?%00//..", "", "/a", "%00//..")]
    [InlineData("//evil.example/a", "", "/evil.example/a", "")]
    [InlineData("/////", "", "/", "")]
    [InlineData("//?//", "", "/", "//")]
    [InlineData("//a//b", "", "/a//b", "")]
    [InlineData("http://a///b", "a", "/b", "")]
    [InlineData("/%2F/a", "", "/%2F/a", "")]
    public void Target_has_an_optional_authority_a_path_and_an_optional_query(
        string text, string authority, string path, string query)
    {
        Assert.True(RequestTarget.TryParse(Encoding.ASCII.GetBytes(text), out RequestTarget target));

        Assert.Equal(authority, Encoding.ASCII.GetString(target.Authority));
        Assert.Equal(path, Encoding.ASCII.GetString(target.Path));
        Assert.Equal(query, Encoding.ASCII.GetString(target.Query));
        bool isSecure = text.StartsWith("https:", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("wss:", StringComparison.OrdinalIgnoreCase);
        Assert.Equal(isSecure, target.IsSecure);
    }

    [Fact]
    public void Empty_target_is_invalid() => Assert.False(RequestTarget.TryParse([], out _));
}
