namespace Sockeye.Tests;

/// <summary>Invalid parts of a handshake response throw where the application sets them.</summary>
public sealed class UpgradeArgumentTests
{
    [Theory]
    [InlineData("Connection", "x")]
    [InlineData("upgrade", "x")]
    [InlineData("Sec-WebSocket-Accept", "x")]
    [InlineData("sec-websocket-protocol", "x")]
    [InlineData("Sec-WebSocket-Extensions", "x")]
    [InlineData("Sec-WebSocket-Anything", "x")]
    [InlineData("Content-Length", "0")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Trailer", "x")]
    [InlineData("Host", "x")]
    [InlineData("", "x")]
    [InlineData("a b", "x")]
    [InlineData("a:", "x")]
    [InlineData("a\r\nb", "x")]
    [InlineData("X", "a\r\nSet-Cookie: b")]
    [InlineData("X", "a\n")]
    [InlineData("X", "a\0")]
    [InlineData("X", "\x1B")]
    [InlineData("X", "\x7F")]
    [InlineData("X", "\u0100")]
    public void A_reserved_or_invalid_header_throws_when_set(string name, string value)
    {
        KeyValuePair<string, string>[] headers = [new("X-Fine", "fine"), new(name, value)];

        Assert.Throws<ArgumentException>(() => new WebSocketUpgradeAcceptance { Headers = [.. headers] });
        Assert.Throws<ArgumentException>(() => new WebSocketUpgradeRejection { Headers = [.. headers] });
    }

    [Fact]
    public void Validated_headers_do_not_change()
    {
        KeyValuePair<string, string>[] headers = [new("X-Fine", "fine")];
        var acceptance = new WebSocketUpgradeAcceptance { Headers = new WebSocketHeaders(headers) };

        headers[0] = new("Upgrade", "x");

        Assert.Equal("X-Fine", acceptance.Headers[0].Key);
    }

    [Fact]
    public void A_rejection_needs_a_status_of_300_to_599_and_text_without_line_breaks()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => WebSocketUpgradeDecision.Reject(299));
        Assert.Throws<ArgumentOutOfRangeException>(() => WebSocketUpgradeDecision.Reject(600));
        Assert.Throws<ArgumentException>(() => new WebSocketUpgradeRejection { ReasonPhrase = "no\r\nX: y" });
        Assert.Throws<ArgumentException>(() => new WebSocketUpgradeRejection { ContentType = "a\nb" });
        Assert.Throws<ArgumentException>(() => new WebSocketUpgradeRejection { Headers = [new("content-type", "a")] });
        Assert.Equal(403, new WebSocketUpgradeRejection().StatusCode);
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("a=b", "x")]
    [InlineData("a;b", "x")]
    [InlineData("a b", "x")]
    [InlineData("a", "x;y")]
    [InlineData("a", "x y")]
    [InlineData("a", "x,y")]
    [InlineData("a", "\"x\"")]
    [InlineData("a", "x\\")]
    [InlineData("a", "x\r\ny")]
    [InlineData("a", "é")]
    public void A_cookie_that_a_client_would_not_return_throws(string name, string value) =>
        Assert.Throws<ArgumentException>(() => new WebSocketSetCookie(name, value));

    [Fact]
    public void Cookie_attributes_are_validated_and_written()
    {
        var cookie = new WebSocketSetCookie("session", "a1")
        {
            Path = "/chat",
            Domain = "example.com",
            Expires = new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.FromHours(1)),
            MaxAge = TimeSpan.FromSeconds(89.1),
            SameSite = WebSocketSameSite.Lax,
            HttpOnly = true,
            Secure = true,
        };

        Assert.Equal(
            "session=a1; Path=/chat; Domain=example.com; Expires=Wed, 02 Jan 2030 02:04:05 GMT; Max-Age=90; SameSite=Lax;"
            + " Secure; HttpOnly",
            cookie.ToString());
        Assert.EndsWith("Max-Age=1", new WebSocketSetCookie("a", "b") { MaxAge = TimeSpan.FromTicks(1) }.ToString());
        Assert.Throws<ArgumentException>(() => cookie with { Path = "/;x" });
        Assert.Throws<ArgumentException>(() => cookie with { Domain = "a\r\nb" });
        Assert.Throws<ArgumentOutOfRangeException>(() => cookie with { MaxAge = TimeSpan.FromSeconds(-1) });
        Assert.Throws<ArgumentException>(() => new WebSocketUpgradeAcceptance { Cookies = [cookie, cookie with { Secure = false }] });
    }
}
