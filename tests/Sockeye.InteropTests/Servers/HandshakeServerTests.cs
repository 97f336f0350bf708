using System.Net;
using System.Text.Json;

namespace Sockeye.Tests;

/// <summary>Sockeye's client and the opening handshakes of other servers.</summary>
public abstract class HandshakeServerTests
{
    private static readonly NetworkCredential Alice = new("alice", "s3cret");

    [Theory]
    [InlineData(301, "/arrived?a=b", "/arrived?a=b")]
    [InlineData(302, "/arrived", "/arrived")]
    [InlineData(303, "/arrived", "/arrived")]
    [InlineData(307, "arrived", "/arrived")]
    [InlineData(308, "//HOST/arrived", "/arrived")]
    [InlineData(302, "ws://HOST/arrived", "/arrived")]
    [InlineData(307, "http://HOST/arrived", "/arrived")]
    public async Task Redirect_is_followed_to_another_path(int status, string location, string expected)
    {
        await using PeerServer server = await StartAsync();

        await using WebSocketConnection client = await ConnectAsync(
            To(server, status, location.Replace("HOST", server.Address.Authority, StringComparison.Ordinal)),
            new() { MaxRedirects = 1, Credentials = Alice, PreAuthenticate = true, RequestHeaders = [new("X-Key", "mine")] });
        SeenRequest seen = await SeenAsync(client);

        Assert.Equal(expected, seen.Path);
        Assert.Equal(server.At(expected), client.Response!.Address);
        Assert.Equal("mine", seen["X-Key"]);
        Assert.NotNull(seen["Authorization"]);
    }

    [Fact]
    public async Task Redirect_to_another_port_drops_secrets()
    {
        await using PeerServer here = await StartAsync();
        await using PeerServer there = await StartAsync();

        await using WebSocketConnection client = await ConnectAsync(
            To(here, 302, there.At("/arrived").AbsoluteUri),
            new()
            {
                MaxRedirects = 1,
                Credentials = Alice,
                PreAuthenticate = true,
                RequestHeaders = [new("X-Key", "mine"), new("Cookie", "own=1"), new("User-Agent", "tests")],
            });
        SeenRequest seen = await SeenAsync(client);

        Assert.Equal(there.Address.Authority, seen["Host"]);
        Assert.Equal("tests", seen["User-Agent"]);
        Assert.Null(seen["Authorization"]);
        Assert.Null(seen["X-Key"]);
        Assert.Null(seen["Cookie"]);
    }

    [Fact]
    public async Task Redirect_loop_ends_at_the_limit()
    {
        await using PeerServer server = await StartAsync();
        List<int> followed = [];

        WebSocketHandshakeException end = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(
            server.At("/circle"),
            new()
            {
                MaxRedirects = 3,
                OnRedirecting = (redirect, _) =>
                {
                    followed.Add(redirect.StatusCode);
                    return ValueTask.FromResult(true);
                },
            }));

        Assert.Equal((WebSocketHandshakeError.TooManyRedirects, 307), (end.Error, end.StatusCode));
        Assert.Equal([307, 307, 307], followed);
    }

    [Fact]
    public async Task Redirect_is_not_followed_by_default()
    {
        await using PeerServer server = await StartAsync();

        WebSocketHandshakeException refusal = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(To(server, 301, "/arrived")));

        Assert.Equal((WebSocketHandshakeError.UnexpectedStatusCode, 301), (refusal.Error, refusal.StatusCode));
        Assert.Contains(new("Location", "/arrived"), refusal.Headers);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/")]
    [InlineData("ws://")]
    public async Task Redirect_to_an_invalid_websocket_url_is_not_followed(string location)
    {
        await using PeerServer server = await StartAsync();

        WebSocketHandshakeException refusal = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(To(server, 302, location), new() { MaxRedirects = 5 }));

        Assert.Equal(WebSocketHandshakeError.InvalidRedirect, refusal.Error);
    }

    [Fact]
    public async Task Rejection_has_status_headers_and_body()
    {
        await using PeerServer server = await StartAsync();

        WebSocketHandshakeException refusal = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(server.At("/secret")));

        Assert.Equal((WebSocketHandshakeError.UnexpectedStatusCode, 401), (refusal.Error, refusal.StatusCode));
        Assert.Contains(new("WWW-Authenticate", "Basic realm=\"here\""), refusal.Headers);
        Assert.Equal("Say who you are", TextOf(refusal));
    }

    [Fact]
    public async Task Client_authenticates_with_credentials()
    {
        await using PeerServer server = await StartAsync();

        await using WebSocketConnection byOption = await ConnectAsync(server.At("/secret"), new() { Credentials = Alice });
        await using WebSocketConnection byAddress = await ConnectAsync(
            new UriBuilder(server.At("/secret")) { UserName = "alice", Password = "s3cret" }.Uri);

        Assert.Equal("/secret", (await SeenAsync(byOption)).Path);
        Assert.Equal("/secret", (await SeenAsync(byAddress)).Path);
    }

    [Fact]
    public async Task Cookies_set_by_the_server_are_sent_with_the_next_request()
    {
        await using PeerServer server = await StartAsync();
        WebSocketClientOptions options = new() { Cookies = new CookieContainer() };

        await using WebSocketConnection first = await ConnectAsync(server.At("/cookie"), options);
        await using WebSocketConnection second = await ConnectAsync(server.At("/"), options);

        Assert.Null((await SeenAsync(first))["Cookie"]);
        Assert.Equal("session=abc", (await SeenAsync(second))["Cookie"]);
    }

    [Fact]
    public async Task Subprotocol_is_the_one_that_the_server_selects()
    {
        await using PeerServer server = await StartAsync();

        await using WebSocketConnection client = await ConnectAsync(
            server.At("/"), new() { Subprotocols = ["chat.v9", "chat.v1", "chat.v2"] });
        WebSocketHandshakeException refusal = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(server.At("/"), new() { Subprotocols = ["chat.v9"] }));
        await using WebSocketConnection without = await ConnectAsync(
            server.At("/"), new() { Subprotocols = ["chat.v9"], AllowMissingSubprotocol = true });

        Assert.Equal("chat.v1", client.Subprotocol);
        Assert.Equal(WebSocketHandshakeError.MissingSubprotocol, refusal.Error);
        Assert.Null(without.Subprotocol);
    }

    [Fact]
    public async Task Server_of_another_version_lists_its_versions()
    {
        await using PeerServer server = await StartAsync();

        WebSocketHandshakeException refusal = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(server.At("/version")));

        Assert.Equal((WebSocketHandshakeError.UnexpectedStatusCode, 426), (refusal.Error, refusal.StatusCode));
        Assert.Contains(new("Sec-WebSocket-Version", "25"), refusal.Headers);
    }

    [Fact]
    public async Task Version_8_of_the_protocol_is_supported()
    {
        await using PeerServer server = await StartAsync();

        await using WebSocketConnection client = await ConnectAsync(
            server.At("/"), new() { ProtocolVersion = 8, Origin = "http://example.com" });
        SeenRequest seen = await SeenAsync(client);

        Assert.Equal("8", seen["Sec-WebSocket-Version"]);
        Assert.Equal("http://example.com", seen["Sec-WebSocket-Origin"]);
    }

    private protected abstract ScriptPeer Peer { get; }

    /// <summary>Where the library puts what its user says to a refusal.</summary>
    private protected abstract string TextOf(WebSocketHandshakeException refusal);

    private static Uri To(PeerServer server, int status, string location) =>
        server.At($"/to?status={status}&location={Uri.EscapeDataString(location)}");

    private static Task<WebSocketConnection> ConnectAsync(Uri address, WebSocketClientOptions? options = null) =>
        WebSocketClient.ConnectAsync(address, options, Deadline.Token());

    private static async Task<SeenRequest> SeenAsync(WebSocketConnection connection)
    {
        WebSocketMessage message = await connection.ReceiveMessageAsync(Deadline.Token());
        return JsonSerializer.Deserialize<SeenRequest>(message.Payload.Span, JsonSerializerOptions.Web)!;
    }

    private Task<PeerServer> StartAsync() => Peer.StartServerAsync("handshakes");

    /// <summary>The request as the server saw it. Node.js writes names in small letters.</summary>
    private sealed record SeenRequest(string Path, Dictionary<string, string> Headers)
    {
        public string? this[string name] => Headers.GetValueOrDefault(name.ToLowerInvariant());
    }
}
