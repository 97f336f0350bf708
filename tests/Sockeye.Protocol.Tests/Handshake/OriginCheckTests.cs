namespace Sockeye.Protocol.Tests;

public sealed class OriginCheckTests
{
    [Theory] // PR-01: the same origin, or none
    [InlineData("http://good.example", "good.example", false, true)]
    [InlineData("http://good.example", "good.example:80", false, true)]
    [InlineData("http://good.example:80", "good.example", false, true)]
    [InlineData("https://good.example", "good.example", true, true)]
    [InlineData("https://good.example:443", "good.example", true, true)]
    [InlineData("HTTPS://GOOD.EXAMPLE", "good.example", true, true)]
    [InlineData("http://localhost:8080", "localhost:8080", false, true)]
    [InlineData("http://[::1]:8080", "[::1]:8080", false, true)]
    [InlineData("https://good.example", "good.example", false, false)] // PR-03: another scheme
    [InlineData("http://good.example", "good.example", true, false)]
    [InlineData("http://good.example:81", "good.example", false, false)]
    [InlineData("http://good.example", "good.example:8080", false, false)]
    [InlineData("http://[::2]:8080", "[::1]:8080", false, false)]
    [InlineData("http://localhost:8080", "127.0.0.1:8080", false, false)]
    [InlineData("ws://good.example", "good.example", false, true)] // no page has it, but libraries and devices send it
    [InlineData("WS://good.example:80", "good.example", false, true)]
    [InlineData("wss://good.example", "good.example", true, true)]
    [InlineData("wss://good.example:443", "good.example", true, true)]
    [InlineData("ws://good.example:8080/", "good.example:8080", false, true)]
    [InlineData("ws://good.example", "good.example", true, false)]
    [InlineData("wss://good.example", "good.example", false, false)]
    [InlineData("wss://good.example:80", "good.example", true, false)]
    [InlineData("ws://evil.example", "good.example", false, false)]
    [InlineData("http://good.example/", "good.example", false, true)]
    [InlineData("https://good.example:443/", "good.example", true, true)]
    [InlineData("http://good.example//", "good.example", false, false)]
    [InlineData("http://good.example/path", "good.example", false, false)]
    [InlineData("http:///", "good.example", false, false)]
    [InlineData("http://good.example/@evil.example", "good.example", false, false)]
    [InlineData("http://good.example?", "good.example", false, false)]
    [InlineData("file://good.example", "good.example", false, false)]
    [InlineData("null", "null", false, false)]
    public void Same_origin_is_scheme_host_and_port(string origin, string host, bool isSecure, bool expected) =>
        Assert.Equal(expected,
            OriginCheck.SameOrigin.IsAllowed(HeadText.Bytes(origin), HeadText.Bytes(host), isSecure));

    [Theory] // PR-02
    [InlineData("https://good.example", true)]
    [InlineData("HTTPS://GOOD.EXAMPLE", true)]
    [InlineData("https://good.example:443", true)]
    [InlineData("https://good.example:444", false)]
    [InlineData("http://good.example", false)] // PR-03
    [InlineData("http://good.example:443", false)]
    [InlineData("https://good.example.evil.com", false)]
    [InlineData("https://evilgood.example", false)]
    [InlineData("https://sub.good.example", false)]
    [InlineData("https://good.example.", false)]
    [InlineData("https://good.exampl", false)]
    [InlineData("https://user@good.example", false)]
    [InlineData("https://good.example@evil.com", false)]
    [InlineData("https://good.example/", true)]
    [InlineData("https://good.example//", false)]
    [InlineData("wss://good.example", false)] // only in the server's own origin
    [InlineData("https://good.example/path", false)]
    [InlineData("https://good.example?a", false)]
    [InlineData("https://good.example#a", false)]
    [InlineData("https://good.example\\.evil.com", false)]
    [InlineData("https:good.example", false)]
    [InlineData("https:/good.example", false)]
    [InlineData("://good.example", false)]
    [InlineData("good.example", false)]
    [InlineData("https://", false)]
    [InlineData("https://*.example", false)]
    [InlineData("https://xn--gd-jia.example", false)]
    [InlineData("https://[2001:db8::1]:8443", true)]
    [InlineData("https://[2001:DB8::1]:8443", true)]
    [InlineData("https://[2001:db8::1]", false)]
    [InlineData("app://desktop", true)]
    [InlineData("null", false)]
    public void Listed_origins_are_compared_exactly(string origin, bool expected)
    {
        OriginCheck check = Create("https://good.example", "https://[2001:db8::1]:8443", "app://desktop");

        Assert.Equal(expected, check.IsAllowed(HeadText.Bytes(origin), "server.example"u8, isSecure: true));
    }

    [Theory] // what local files, extensions and devices send
    [InlineData("file://", "file://", true)]
    [InlineData("file://", "file:///", true)]
    [InlineData("file:///", "FILE://", true)]
    [InlineData("file://", "file:///android_asset/index.html", false)]
    [InlineData("file://", "file://host", false)]
    [InlineData("file://", "http://", false)]
    [InlineData("file:///android_asset/index.html", "file:///android_asset/index.html", true)]
    [InlineData("file:///android_asset/index.html", "file:///android_asset/index.htm", false)]
    [InlineData("file:///android_asset/index.html", "file:///android_asset/index.html2", false)]
    [InlineData("file:///android_asset/index.html", "file://", false)]
    [InlineData("chrome-extension://*", "chrome-extension://abcdefghijklmnop", true)]
    [InlineData("chrome-extension://*", "chrome-extension://abcdefghijklmnop/", true)]
    [InlineData("chrome-extension://*", "CHROME-extension://a", true)]
    [InlineData("chrome-extension://*", "chrome-extension://", false)]
    [InlineData("chrome-extension://*", "chrome-extension://a/page.html", false)]
    [InlineData("chrome-extension://*", "chrome-extension2://a", false)]
    [InlineData("chrome-extension://*", "moz-extension://a", false)]
    [InlineData("chrome-extension://*", "https://a", false)]
    [InlineData("chrome-extension://abc", "chrome-extension://abc", true)]
    [InlineData("chrome-extension://abc", "chrome-extension://abd", false)]
    [InlineData("moz-extension://*", "moz-extension://0b1c2d3e-0000-4000-8000-0123456789ab", true)]
    [InlineData("https://good.example/", "https://good.example", true)]
    [InlineData("https://good.example/", "https://good.example/path", false)]
    [InlineData("http://device.local/app", "http://device.local/app", true)]
    [InlineData("http://device.local/app", "HTTP://DEVICE.local:80/app", true)]
    [InlineData("http://device.local/app", "http://device.local/App", false)]
    [InlineData("http://device.local/app", "http://device.local/app/", false)]
    [InlineData("http://device.local/app", "http://device.local", false)]
    [InlineData("http://device.local/app", "http://evil.example/app", false)]
    [InlineData("http://*.device.local/app?a=b", "http://a.device.local/app?a=b", true)]
    public void Origins_without_a_host_with_any_host_and_with_a_path_can_be_listed(
        string allowed, string origin, bool expected) =>
        Assert.Equal(expected, Create(allowed).IsAllowed(HeadText.Bytes(origin), "server.example"u8, isSecure: true));

    [Theory] // PR-04
    [InlineData("https://*.good.example", "https://a.good.example", true)]
    [InlineData("https://*.good.example", "https://a.b.good.example", true)]
    [InlineData("https://*.good.example", "https://A.GOOD.example:443", true)]
    [InlineData("https://*.good.example:8443", "https://a.good.example:8443", true)]
    [InlineData("https://*.good.example", "https://good.example", false)]
    [InlineData("https://*.good.example", "https://evilgood.example", false)]
    [InlineData("https://*.good.example", "https://.good.example", false)]
    [InlineData("https://*.good.example", "https://a..good.example", false)]
    [InlineData("https://*.good.example", "https://a.good.example.", false)]
    [InlineData("https://*.good.example", "https://a.good.example.evil.example", false)]
    [InlineData("https://*.good.example", "http://a.good.example", false)]
    [InlineData("https://*.good.example", "https://a.good.example:444", false)]
    [InlineData("https://*.good.example", "https://*.good.example", true)] // no browser has it, and it is below
    public void A_wildcard_matches_whole_labels(string allowed, string origin, bool expected) =>
        Assert.Equal(expected, Create(allowed).IsAllowed(HeadText.Bytes(origin), "server.example"u8, isSecure: true));

    [Theory]
    [InlineData("https://*")]
    [InlineData("https://*.")]
    [InlineData("https://*.example")]
    [InlineData("https://a.*.example")]
    [InlineData("https://a*.good.example")]
    [InlineData("https://*a.good.example")]
    [InlineData("https://*.*.good.example")]
    [InlineData("*://good.example")]
    [InlineData("*.good.example")]
    [InlineData("https://*.1.2.3.4")]
    [InlineData("http://*")]
    [InlineData("HTTPS://*/")]
    [InlineData("ws://*")]
    [InlineData("wss://*/path")]
    [InlineData("chrome-extension://*:80")]
    [InlineData("chrome-extension://a*")]
    public void A_wildcard_that_is_not_the_whole_first_label_is_rejected(string origin) =>
        Assert.False(OriginCheck.TryCreate([origin], out _, out _));

    [Theory] // PR-06
    [InlineData("server.example.com", "server.example.com", true)]
    [InlineData("server.example.com", "SERVER.example.com:8080", true)]
    [InlineData("server.example.com:8080", "server.example.com:8080", true)]
    [InlineData("server.example.com:8080", "server.example.com", false)]
    [InlineData("*.example.com", "server.example.com", true)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("[::1]", "[::1]:80", true)]
    [InlineData("server.example.com", "evil.example", false)]
    [InlineData("server.example.com", "127.0.0.1", false)]
    [InlineData("server.example.com", "server.example.com.", false)]
    public void Only_the_servers_own_hosts_are_accepted(string allowed, string host, bool expected)
    {
        Assert.True(HostPattern.TryParse(allowed, out HostPattern? pattern));
        ServerHandshakeRules rules = ServerHandshakeRules.Default with { Hosts = [pattern!] };

        Assert.Equal(expected ? WebSocketHandshakeError.None : WebSocketHandshakeError.HostNotAllowed, Check(rules, "Host: " + host));
        Assert.Equal(421, WebSocketHandshakeError.HostNotAllowed.StatusCode());
    }

    [Fact]
    public void Null_origin_is_allowed_if_listed()
    {
        Assert.True(Create("null").IsAllowed("null"u8, "a"u8, isSecure: false));
        Assert.False(Create("null").IsAllowed("NULL"u8, "a"u8, isSecure: false));
        Assert.False(Create("null").IsAllowed("http://null"u8, "a"u8, isSecure: false));
    }

    [Theory]
    [InlineData("good.example")]
    [InlineData("https://")]
    [InlineData("http:///")]
    [InlineData("http:///path")]
    [InlineData("file:")]
    [InlineData("https://good.example?a")]
    [InlineData("https://good.example#a")]
    [InlineData("https://good.example/a,b")]
    [InlineData("https://good.example/a b")]
    [InlineData("https://m\u00FCnchen.example")]
    [InlineData("https://\uFF47ood.example")]
    [InlineData("https://user@good.example")]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("https://good.example:99999")]
    public void Only_valid_origins_can_be_listed(string origin)
    {
        bool created = OriginCheck.TryCreate(["https://a", origin], out OriginCheck check, out string? invalid);

        Assert.False(created);
        Assert.Equal(origin, invalid);
        Assert.Same(OriginCheck.SameOrigin, check);
    }

    [Theory]
    [InlineData("Origin: http://evil.example", 403)]
    [InlineData("Origin: https://server.example.com", 403)] // PR-03: this connection is not over TLS
    [InlineData("Origin: null", 403)]
    [InlineData("Origin: http://server.example.com/path", 403)]
    [InlineData("Origin: http://server.example.com.evil.example", 403)]
    [InlineData("-Origin", 101)]
    [InlineData("Origin: http://SERVER.example.com:80", 101)]
    public void An_origin_that_is_present_must_be_the_servers_own(string change, int status)
    {
        WebSocketHandshakeError error = Check(ServerHandshakeRules.Default, change);

        Assert.Equal(status == 403 ? WebSocketHandshakeError.OriginNotAllowed : WebSocketHandshakeError.None, error);
        Assert.True(status == 101 || status == error.StatusCode());
    }

    [Fact]
    public void DNS_rebinding_does_not_help_a_page_of_another_origin() // PR-06
    {
        Assert.Equal(
            WebSocketHandshakeError.OriginNotAllowed,
            Check(ServerHandshakeRules.Default, "Host: 127.0.0.1:5000", "Origin: http://evil.example"));
    }

    [Fact]
    public void Any_origin_can_be_allowed_but_a_malformed_one_is_rejected()
    {
        ServerHandshakeRules rules = ServerHandshakeRules.Default with { DangerousAllowAnyOrigin = true };

        Assert.Equal(WebSocketHandshakeError.None, Check(rules, "Origin: http://evil.example"));
        Assert.Equal(WebSocketHandshakeError.None, Check(rules, "Origin: null"));
        Assert.Equal(WebSocketHandshakeError.InvalidOrigin, Check(rules, "Origin: http://a, http://b"));
    }

    [Fact]
    public void Same_origin_over_TLS_has_the_https_scheme()
    {
        ServerHandshakeRules rules = ServerHandshakeRules.Default with { IsSecure = true };

        Assert.Equal(WebSocketHandshakeError.None, Check(rules, "Origin: https://server.example.com"));
        Assert.Equal(WebSocketHandshakeError.OriginNotAllowed, Check(rules, "Origin: http://server.example.com"));
    }

    private static WebSocketHandshakeError Check(ServerHandshakeRules rules, params string[] changes) =>
        ServerHandshake.Check(Verdicts.Parse(HeadText.Request(changes)), rules, out _);

    private static OriginCheck Create(params string[] origins)
    {
        Assert.True(OriginCheck.TryCreate(origins, out OriginCheck check, out _));
        return check;
    }
}
