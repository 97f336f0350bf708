using System.Net;

namespace Sockeye.Tests;

/// <summary>The identity of a client in its request: credentials, host, cookies, version, and headers of a callback.</summary>
public sealed class ClientCredentialsTests
{
    private const string Alice = "Basic YWxpY2U6czNjcmV0";

    private static readonly NetworkCredential Bob = new("bob", "other");

    [Theory]
    [InlineData("alice:s3cret", Alice)]
    [InlineData("al%69ce:s3%63ret", Alice)]
    [InlineData("alice", "Basic YWxpY2U6")]
    [InlineData("alice:", "Basic YWxpY2U6")]
    [InlineData("us%40er:p%3Aa%2Fss", "Basic dXNAZXI6cDphL3Nz")]
    [InlineData("%C3%A4:%E2%82%AC", "Basic w6Q64oKs")]
    public async Task User_information_in_the_address_is_sent_percent_decoded(string userInfo, string expected)
    {
        Exchange exchange = await Exchange.RunAsync(new(), address => $"ws://{userInfo}@{address.Authority}/");

        Assert.Equal(expected, exchange.Header("Authorization"));
        Assert.DoesNotContain("@", exchange.Request, StringComparison.Ordinal);
        Assert.DoesNotContain("@", exchange.Response.Address.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_of_the_options_are_sent()
    {
        Exchange exchange = await Exchange.RunAsync(new() { Credentials = new NetworkCredential("alice", "s3cret"), PreAuthenticate = true });

        Assert.Equal(Alice, exchange.Header("Authorization"));
    }

    [Fact]
    public async Task User_information_in_the_address_overrides_credentials_in_the_options()
    {
        Exchange exchange = await Exchange.RunAsync(
            new() { Credentials = Bob, PreAuthenticate = true }, address => $"ws://alice:s3cret@{address.Authority}/");

        Assert.Equal(Alice, exchange.Header("Authorization"));
    }

    [Fact]
    public async Task An_Authorization_header_overrides_all_credentials()
    {
        Exchange exchange = await Exchange.RunAsync(
            new() { Credentials = Bob, PreAuthenticate = true, RequestHeaders = [new("authorization", "Bearer x")] },
            address => $"ws://alice:s3cret@{address.Authority}/");

        Assert.Equal("Bearer x", exchange.Header("Authorization"));
    }

    [Theory]
    [InlineData("a:b", "c")]
    [InlineData("a\n", "c")]
    [InlineData("a", "c\0")]
    public async Task Ambiguous_credentials_throw_before_anything_is_sent(
        string user, string password)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => WebSocketClient.ConnectAsync(
            "ws://localhost:1/", new WebSocketClientOptions { Credentials = new NetworkCredential(user, password) }).WithDeadline());
        await Assert.ThrowsAsync<ArgumentException>(() => WebSocketClient.ConnectAsync(
            $"ws://{Uri.EscapeDataString(user)}:{Uri.EscapeDataString(password)}@localhost:1/").WithDeadline());
    }

    [Fact]
    public async Task A_domain_with_a_colon_throws_before_anything_is_sent() =>
        await Assert.ThrowsAsync<ArgumentException>(() => WebSocketClient.ConnectAsync(
            "ws://localhost:1/", new WebSocketClientOptions { Credentials = new NetworkCredential("a", "b", "c:d") }).WithDeadline());

    [Fact]
    public async Task The_host_can_be_set()
    {
        Exchange exchange = await Exchange.RunAsync(new() { Host = "example.com:8080" });

        Assert.Equal("example.com:8080", exchange.Header("Host"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\r\nX: y")]
    [InlineData("user@host")]
    [InlineData("host:99999")]
    [InlineData("host/path")]
    [InlineData("h\u00F6st")]
    public void An_invalid_host_throws(string host) =>
        Assert.Throws<ArgumentException>(() => new WebSocketClientOptions { Host = host });

    [Theory]
    [InlineData("ws://127.0.0.1:80/", "127.0.0.1")]
    [InlineData("ws://[::1]:80/", "[::1]")]
    [InlineData("ws://EXAMPLE.invalid/", "example.invalid")]
    [InlineData("ws://example.invalid:8080/", "example.invalid:8080")]
    [InlineData("ws://example.invalid:443/", "example.invalid:443")]
    [InlineData("ws://b\u00FCcher.invalid/", "xn--bcher-kva.invalid")]
    public async Task The_default_port_is_omitted_from_the_Host_header(string address, string expected)
    {
        Exchange exchange = await Exchange.RunAsync(new(), _ => address);

        Assert.Equal(expected, exchange.Header("Host"));
    }

    [Fact]
    public async Task No_origin_is_sent_by_default()
    {
        Exchange exchange = await Exchange.RunAsync(new());

        Assert.DoesNotContain("Origin", exchange.Request, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(13, "Origin", "Sec-WebSocket-Origin")]
    [InlineData(8, "Sec-WebSocket-Origin", "\r\nOrigin")]
    public async Task The_origin_header_name_depends_on_the_version(int version, string name, string other)
    {
        Exchange exchange = await Exchange.RunAsync(new() { Origin = "https://a.example", ProtocolVersion = version });

        Assert.Equal("https://a.example", exchange.Header(name));
        Assert.Equal($"{version}", exchange.Header("Sec-WebSocket-Version"));
        Assert.DoesNotContain(other, exchange.Request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(12)]
    [InlineData(14)]
    public void An_unsupported_version_throws(int version) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketClientOptions { ProtocolVersion = version });

    [Fact]
    public async Task An_Origin_option_with_an_origin_header_throws()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => WebSocketClient.ConnectAsync(
            "ws://localhost:1/",
            new WebSocketClientOptions { Origin = "http://a", RequestHeaders = [new("origin", "http://b")] }));
    }

    [Fact]
    public async Task Cookies_are_sent_and_received_cookies_are_stored()
    {
        var cookies = new CookieContainer();
        cookies.Add(new Uri("http://127.0.0.1/"), new Cookie("a", "1"));
        cookies.Add(new Uri("http://elsewhere.invalid/"), new Cookie("b", "2"));
        cookies.Add(new Cookie("s", "3", "/", "127.0.0.1") { Secure = true });

        Exchange exchange = await Exchange.RunAsync(
            new() { Cookies = cookies, RequestHeaders = [new("Cookie", "own=0")] },
            answerHeaders:
            [
                "Set-Cookie: c=4; Expires=Wed, 09 Jun 2100 10:18:14 GMT", "Set-Cookie: d=5; HttpOnly", "Set-Cookie: =",
                "Set-Cookie: e=6; Domain=elsewhere.invalid",
            ]);

        Assert.Equal("own=0; a=1", exchange.Header("Cookie"));
        Assert.Equal("a=1; c=4; d=5", cookies.GetCookieHeader(new Uri("http://127.0.0.1/")));
        Assert.Equal("b=2", cookies.GetCookieHeader(new Uri("http://elsewhere.invalid/")));
    }

    [Fact]
    public async Task A_cookie_of_a_rejection_is_stored()
    {
        var cookies = new CookieContainer();

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => Exchange.RunAsync(
            new() { Cookies = cookies },
            answer: "HTTP/1.1 401 No\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"));

        Assert.Equal(1, cookies.Count);
    }

    [Fact]
    public async Task The_connection_has_the_headers_of_the_response()
    {
        Exchange exchange = await Exchange.RunAsync(
            new() { Subprotocols = ["chat"] },
            answerHeaders: ["Sec-WebSocket-Protocol: chat", "X-A: 1", "x-a: 2", "Set-Cookie: a=b", "X-Empty:"]);

        Assert.Equal(101, exchange.Response.StatusCode);
        Assert.Equal("1, 2", exchange.Response.Headers["X-A"]);
        Assert.Equal("a=b", exchange.Response.Headers["set-cookie"]);
        Assert.Equal("", exchange.Response.Headers["X-Empty"]);
        Assert.Null(exchange.Response.Headers["X-B"]);
        Assert.Contains(exchange.Response.Headers, header => header.Key == "Upgrade");
        Assert.Equal("chat", exchange.Subprotocol);
    }

    [Fact]
    public async Task A_server_connection_has_no_response()
    {
        var seen = new TaskCompletionSource<WebSocketUpgradeResponse?>();
        await using WebSocketServer server = await WebSocketServer.StartAsync(Servers.Options, (connection, _) =>
        {
            seen.SetResult(connection.Response);
            return Task.CompletedTask;
        });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());

        Assert.Null(await seen.Task.WithDeadline());
    }

    [Fact]
    public async Task An_asynchronous_callback_may_set_headers_before_the_request_is_sent()
    {
        var token = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<Exchange> running = Exchange.RunAsync(new()
        {
            RequestHeaders = [new("X-A", "1"), new("X-B", "2"), new("x-b", "3")],
            OnSendingRequest = async (request, _) =>
            {
                Assert.Equal(0, request.RedirectCount);
                Assert.Equal("127.0.0.1", request.Address.Host);
                Assert.Equal("1", request.Headers["x-a"]);
                request.Headers = request.Headers.Without("X-B");
                request.Host = "other.example";
                request.Headers = request.Headers.With("Authorization", await token.Task);
            },
        });

        token.SetResult("Bearer late");
        Exchange exchange = await running;

        Assert.Equal("Bearer late", exchange.Header("Authorization"));
        Assert.Equal("other.example", exchange.Header("Host"));
        Assert.DoesNotContain("X-B", exchange.Request, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Key", "x")]
    [InlineData("Connection", "close")]
    [InlineData("Host", "a")]
    [InlineData("Proxy-Authorization", "Basic YTpi")]
    [InlineData("X-A", "b\r\nX-C: d")]
    [InlineData("X A", "b")]
    public async Task A_callback_cannot_set_forbidden_headers(string name, string value)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => WebSocketClient.ConnectAsync(
            "ws://localhost:1/",
            new WebSocketClientOptions
            {
                OnSendingRequest = (request, _) =>
                {
                    request.Headers = request.Headers.With(name, value);
                    return default;
                },
            }).WithDeadline());
    }

    [Fact]
    public async Task An_exception_in_a_callback_ends_the_attempt_before_anything_is_sent()
    {
        using var server = new RawServer();
        var options = new WebSocketClientOptions { OnSendingRequest = (_, _) => throw new IOException("No token.") };

        IOException thrown = await Assert.ThrowsAsync<IOException>(
            () => WebSocketClient.ConnectAsync(server.Address, options).WithDeadline());

        Assert.Equal("No token.", thrown.Message);
        Assert.False(server.HasPending);
    }

    [Fact]
    public async Task A_callback_that_never_completes_fails_at_the_handshake_timeout()
    {
        var time = new ManualTimeProvider();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            "ws://localhost:1/",
            new WebSocketClientOptions
            {
                TimeProvider = time,
                OnSendingRequest = async (_, token) => await Task.Delay(Timeout.Infinite, token),
            });

        time.Advance(TimeSpan.FromSeconds(16));

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal(WebSocketHandshakeError.TimedOut, thrown.Error);
    }

    [Fact]
    public void Derived_options_keep_other_values_and_show_no_secret_in_a_log()
    {
        var options = new WebSocketClientOptions
        {
            Credentials = new NetworkCredential("alice", "s3cret"),
            PreAuthenticate = true,
            RequestHeaders = [new("Authorization", "Bearer s3cret")],
            MaxRedirects = 3,
        };

        WebSocketClientOptions derived = options with { Host = "example.com" };

        Assert.Equal(3, derived.MaxRedirects);
        Assert.Same(options.Credentials, derived.Credentials);
        Assert.Throws<ArgumentException>(() => options with { Host = "no host" });
        Assert.DoesNotContain("s3cret", derived.ToString(), StringComparison.Ordinal);
    }
}
