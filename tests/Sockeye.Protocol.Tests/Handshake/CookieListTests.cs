using static Sockeye.Protocol.Tests.HeadText;

namespace Sockeye.Protocol.Tests;

public sealed class CookieListTests
{
    [Theory]
    [InlineData("a=1", "a=1")]
    [InlineData("a=1; b=2", "a=1|b=2")]
    [InlineData("a=1;b=2", "a=1|b=2")]
    [InlineData(" a = 1 ; b = 2 ", "a=1|b=2")]
    [InlineData("a=1; a=2", "a=1|a=2")]
    [InlineData("a=", "a=")]
    [InlineData("a=b=c", "a=b=c")]
    [InlineData("a=\"1\"", "a=1")]
    [InlineData("a=\"", "a=\"")]
    [InlineData("a=%zz", "a=%zz")]
    [InlineData("a=%20", "a=%20")]
    [InlineData("a=\xE9", "a=\xE9")]
    [InlineData("a=1, b=2", "a=1, b=2")]
    public void Cookies_are_read_in_order(string header, string expected) => Assert.Equal(expected, Parse("Cookie: " + header));

    [Theory]
    [InlineData("")]
    [InlineData(";")]
    [InlineData(";;;")]
    [InlineData("flag")]
    [InlineData("=1")]
    [InlineData("a b=1")]
    [InlineData("{a}=1")]
    public void Malformed_cookies_are_skipped_and_do_not_affect_others(string header)
    {
        Assert.Equal("", Parse("Cookie: " + header));
        Assert.Equal("a=1|b=2", Parse($"Cookie: a=1; {header}; b=2"));
    }

    [Fact]
    public void Several_lines_form_one_list() => Assert.Equal("a=1|b=2", Parse("+Cookie: a=1", "+cookie: b=2"));

    private static string Parse(params string[] changes) => string.Join(
        '|', Verdicts.Offer(Request(changes)).Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"));
}
