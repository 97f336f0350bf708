using System.Text;

namespace Sockeye.Protocol.Tests;

public sealed class RoutePatternTests
{
    [Theory]
    [InlineData("/", "/", "")]
    [InlineData("/chat", "/chat", "")]
    [InlineData("/chat", "/ch%61t", "")]
    [InlineData("/café", "/caf%C3%A9", "")]
    [InlineData("/chat/", "/chat/", "")]
    [InlineData("/chat/{room}", "/chat/a", "room=a")]
    [InlineData("/chat/{room}", "/chat/a%20b", "room=a b")]
    [InlineData("/chat/{room}", "/chat/a%2Fb", "room=a/b")]
    [InlineData("/{a}/x/{b}", "/1/x/2", "a=1|b=2")]
    [InlineData("/files/{*path}", "/files/a/b%20c", "path=a/b c")]
    [InlineData("/files/{*path}", "/files/", "path=")]
    [InlineData("/files/{*path}", "/files//etc/passwd", "path=etc/passwd")]
    [InlineData("/files/{*path}", "/files/%2F%5c/etc//passwd", "path=etc//passwd")]
    [InlineData("/{*path}", "/a//b", "path=a//b")]
    [InlineData("*", "/", "")]
    [InlineData("*", "/a/b", "")]
    public void A_matching_path_yields_the_parameter_values(string pattern, string path, string values)
    {
        RoutePattern parsed = Parse(pattern);
        byte[] bytes = Encoding.ASCII.GetBytes(path);

        Assert.True(parsed.IsMatch(bytes));
        Assert.Equal(values, string.Join('|', parsed.ValuesIn(bytes).Select(value => $"{value.Key}={value.Value}")));
    }

    [Theory]
    [InlineData("/chat", "/")]
    [InlineData("/chat", "/Chat")]
    [InlineData("/chat", "/chat/")]
    [InlineData("/chat", "/chat/a")]
    [InlineData("/chat", "/cha")]
    [InlineData("/chat/", "/chat")]
    [InlineData("/a/b", "/a%2Fb")]
    [InlineData("/chat/{room}", "/chat")]
    [InlineData("/chat/{room}", "/chat/")]
    [InlineData("/chat/{room}", "/chat/a/b")]
    [InlineData("/files/{*path}", "/files")]
    [InlineData("/files/{*path}", "/file/a")]
    public void Another_path_does_not_match(string pattern, string path) =>
        Assert.False(Parse(pattern).IsMatch(Encoding.ASCII.GetBytes(path)));

    [Theory]
    [InlineData("")]
    [InlineData("chat")]
    [InlineData("**")]
    [InlineData("/{}")]
    [InlineData("/{*}")]
    [InlineData("/{a")]
    [InlineData("/a}")]
    [InlineData("/x{a}")]
    [InlineData("/{a}{b}")]
    [InlineData("/{*a}/b")]
    [InlineData("/{a}/{a}")]
    [InlineData("/a*")]
    [InlineData("/a%20b")]
    [InlineData("/a?b")]
    [InlineData("/a#b")]
    public void An_invalid_pattern_is_rejected(string pattern) => Assert.False(RoutePattern.TryParse(pattern, out _));

    [Theory]
    [InlineData("/chat", true)]
    [InlineData("/chat/{room}", false)]
    [InlineData("*", false)]
    public void A_pattern_without_parameters_matches_exactly(string pattern, bool isExact) =>
        Assert.Equal(isExact, Parse(pattern).IsExact);

    private static RoutePattern Parse(string pattern)
    {
        Assert.True(RoutePattern.TryParse(pattern, out RoutePattern? parsed));
        return parsed!;
    }
}
