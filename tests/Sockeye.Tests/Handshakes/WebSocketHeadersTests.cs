namespace Sockeye.Tests;

public sealed class WebSocketHeadersTests
{
    private static readonly WebSocketHeaders Headers =
        [new("Host", "a"), new("X-A", "1"), new("x-a", "2"), new("Empty", ""), new("Set-Cookie", "a=1"), new("set-cookie", "b=2")];

    [Fact]
    public void Lines_keep_their_order_and_their_duplicates()
    {
        Assert.Equal(6, Headers.Count);
        Assert.Equal(KeyValuePair.Create("x-a", "2"), Headers[2]);
        Assert.Equal(["Host", "X-A", "x-a", "Empty", "Set-Cookie", "set-cookie"], Headers.Select(line => line.Key));
        Assert.Throws<ArgumentOutOfRangeException>(() => Headers[6]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Headers[-1]);
    }

    // RFC 9110 §5.1, §5.3.
    [Theory]
    [InlineData("X-A", "1, 2")]
    [InlineData("x-A", "1, 2")]
    [InlineData("HOST", "a")]
    [InlineData("Empty", "")]
    [InlineData("Missing", null)]
    [InlineData("", null)]
    public void Lines_of_one_name_are_joined_whatever_their_case(string name, string? expected)
    {
        Assert.Equal(expected, Headers[name]);
        Assert.Equal(expected is not null, Headers.Contains(name));
    }

    // RFC 9110 §5.3: "Set-Cookie" cannot be combined. RFC 9113 §8.2.3: lines of "Cookie" are joined with a semicolon.
    [Fact]
    public void Cookies_have_rules_of_their_own()
    {
        WebSocketHeaders cookies = [new("Cookie", "a=1"), new("cookie", "b=2")];

        Assert.Equal("a=1", Headers["set-cookie"]);
        Assert.Equal(["a=1", "b=2"], Headers.GetValues("SET-COOKIE"));
        Assert.Equal("a=1; b=2", cookies["Cookie"]);
        Assert.Equal(["a=1", "b=2"], cookies.GetValues("Cookie"));
        Assert.Empty(Headers.GetValues("Missing"));
    }

    [Fact]
    public void A_change_is_a_copy()
    {
        WebSocketHeaders changed = Headers.With("X-a", "3").Without("host");

        Assert.Equal("1, 2", Headers["X-A"]);
        Assert.Equal("3", changed["X-A"]);
        Assert.Equal("X-a", changed[^1].Key);
        Assert.False(changed.Contains("Host"));
        Assert.Same(changed, changed.Without("Host"));
        Assert.Equal("1, 2, 4", WebSocketHeaders.Create([.. Headers, new("X-A", "4")])["X-A"]);
    }

    [Fact]
    public void The_list_that_headers_were_made_of_can_change_later()
    {
        var dictionary = new Dictionary<string, string> { ["X-A"] = "1" };
        KeyValuePair<string, string>[] array = [new("X-A", "1")];
        WebSocketHeaders ofDictionary = new(dictionary);
        WebSocketHeaders ofArray = new(array);

        dictionary["X-A"] = "2";
        array[0] = new("X-B", "2");

        Assert.Equal("1", ofDictionary["X-A"]);
        Assert.Equal("1", ofArray["X-A"]);
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("a b", "x")]
    [InlineData("a:", "x")]
    [InlineData("a\r\nb", "x")]
    [InlineData("\u00E9", "x")]
    [InlineData("X", "a\r\nSet-Cookie: b")]
    [InlineData("X", "a\n")]
    [InlineData("X", "a\0")]
    [InlineData("X", "\x7F")]
    [InlineData("X", "\u0100")]
    public void A_line_that_would_break_the_head_is_rejected(string name, string value)
    {
        Assert.Throws<ArgumentException>(() => WebSocketHeaders.Create([new("X-Fine", "fine"), new(name, value)]));
        Assert.Throws<ArgumentException>(() => new WebSocketHeaders([new(name, value)]));
        Assert.Throws<ArgumentException>(() => WebSocketHeaders.Empty.With(name, value));
    }

    [Fact]
    public void Null_is_rejected()
    {
        Assert.Throws<ArgumentNullException>(() => new WebSocketHeaders(null!));
        Assert.Throws<ArgumentNullException>(() => WebSocketHeaders.Create([new(null!, "x")]));
        Assert.Throws<ArgumentNullException>(() => WebSocketHeaders.Create([new("X", null!)]));
        Assert.Throws<ArgumentNullException>(() => WebSocketHeaders.Create([default]));
        Assert.Throws<ArgumentNullException>(() => Headers.With("X", null!));
        Assert.Throws<ArgumentNullException>(() => Headers.With(null!, "x"));
        Assert.Throws<ArgumentNullException>(() => Headers[null!]);
        Assert.Throws<ArgumentNullException>(() => Headers.GetValues(null!));
        Assert.Throws<ArgumentNullException>(() => Headers.Contains(null!));
        Assert.Throws<ArgumentNullException>(() => Headers.Without(null!));
    }

    [Fact]
    public void Neither_a_message_nor_the_text_shows_a_value()
    {
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => WebSocketHeaders.Create([new("Authorization", "s3cret\r\n")]));

        Assert.DoesNotContain("s3cret", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("Authorization", thrown.Message, StringComparison.Ordinal);
        Assert.Equal("Host, X-A, Empty, Set-Cookie", Headers.ToString());
        Assert.Equal(@"a\r\nb", WebSocketHeaders.Received([new("a\r\nb", "x")]).ToString());
        Assert.Equal("", WebSocketHeaders.Empty.ToString());
    }

    [Fact]
    public void Received_headers_and_copies_of_them_are_checked_when_they_are_to_be_sent()
    {
        WebSocketHeaders received = WebSocketHeaders.Received([new("X-A", "1"), new("X-B", "2\r\nX-C: 3")]);
        foreach (WebSocketHeaders headers in new[] { received, received.With("X-D", "4"), received.Without("X-A") })
        {
            Assert.Throws<ArgumentException>(() => new WebSocketClientOptions { RequestHeaders = headers });
            Assert.Throws<ArgumentException>(() => new WebSocketUpgradeAcceptance { Headers = headers });
            Assert.Throws<ArgumentException>(() => new WebSocketPlainResponse { Headers = headers });
            Assert.Throws<ArgumentException>(() => new WebSocketParsedRequest("GET", "/", headers));
        }

        Assert.Single(new WebSocketClientOptions { RequestHeaders = received.Without("X-B") }.RequestHeaders);
    }
}
