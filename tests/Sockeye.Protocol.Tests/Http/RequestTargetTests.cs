using System.Text;

namespace Sockeye.Protocol.Tests;

/// <summary>
/// Which targets are refused is in <see cref="MalformedRequests"/>; here is what is read from the others.
/// </summary>
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
    public void Target_has_perhaps_an_authority_a_path_and_perhaps_a_query(
        string text, string authority, string path, string query)
    {
        Assert.True(RequestTarget.TryParse(Encoding.ASCII.GetBytes(text), out RequestTarget target));

        Assert.Equal(authority, Encoding.ASCII.GetString(target.Authority));
        Assert.Equal(path, Encoding.ASCII.GetString(target.Path));
        Assert.Equal(query, Encoding.ASCII.GetString(target.Query));
        Assert.Equal(text.StartsWith("https", StringComparison.Ordinal), target.IsSecure);
    }

    [Fact]
    public void Empty_target_is_none() => Assert.False(RequestTarget.TryParse([], out _));
}
