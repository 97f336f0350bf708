namespace Sockeye.Tests;

public sealed class ClientRequestTests
{
    [Fact]
    public async Task The_request_has_the_required_and_the_requested_headers()
    {
        using var server = new RawServer();
        var options = new WebSocketClientOptions
        {
            Subprotocols = ["chat", "more"],
            Origin = "https://example.com",
            RequestHeaders = [new("Authorization", "Bearer x"), new("X-A", "1"), new("X-A", "2")],
        };
        Task<WebSocketConnection> connecting =
            WebSocketClient.ConnectAsync(new Uri(server.Address, "/a%20b?c=d%26"), options);
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request, "Sec-WebSocket-Protocol: more"));
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.StartsWith("GET /a%20b?c=d%26 HTTP/1.1\r\n", request, StringComparison.Ordinal);
        Assert.Equal(server.Address.Authority, RawServer.Header(request, "Host"));
        Assert.Equal("websocket", RawServer.Header(request, "Upgrade"));
        Assert.Equal("Upgrade", RawServer.Header(request, "Connection"));
        Assert.Equal("13", RawServer.Header(request, "Sec-WebSocket-Version"));
        Assert.Equal("chat, more", RawServer.Header(request, "Sec-WebSocket-Protocol"));
        Assert.Equal("https://example.com", RawServer.Header(request, "Origin"));
        Assert.Equal("Bearer x", RawServer.Header(request, "Authorization"));
        Assert.Equal(16, Convert.FromBase64String(RawServer.Header(request, "Sec-WebSocket-Key")).Length);
        Assert.Equal(
            "permessage-deflate; client_max_window_bits", RawServer.Header(request, "Sec-WebSocket-Extensions"));
        Assert.DoesNotContain("traceparent", request, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Cookie", request, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("1", RequestValues(request, "X-A"));
        Assert.Contains("2", RequestValues(request, "X-A"));
        Assert.Equal("more", client.Subprotocol);
        Assert.Null(client.Request);
        client.Abort();
    }

    [Theory]
    [InlineData("ws")]
    [InlineData("http")]
    public async Task Both_ws_and_http_schemes_connect(string scheme)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync();

        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address(scheme: scheme));

        Assert.Equal(WebSocketConnectionState.Open, client.State);
    }

    [Fact]
    public async Task A_server_may_select_no_subprotocol_if_AllowMissingSubprotocol_is_set()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync();
        var options = new WebSocketClientOptions { Subprotocols = ["chat"], AllowMissingSubprotocol = true };

        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address(), options);

        Assert.Null(client.Subprotocol);
        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(
                server.Address(), new WebSocketClientOptions { Subprotocols = ["chat"] }));
        Assert.Equal(WebSocketHandshakeError.MissingSubprotocol, thrown.Error);
    }

    // CT-02.
    [Fact]
    public async Task A_thousand_requests_have_different_keys()
    {
        const int Requests = 1000;
        using var server = new RawServer();
        var keys = new HashSet<string>(StringComparer.Ordinal);

        for (int i = 0; i < Requests; i++)
        {
            Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address);
            (RawPeer peer, string request) = await server.AcceptAsync();
            Assert.True(keys.Add(RawServer.Header(request, "Sec-WebSocket-Key")));
            await peer.SendAsync("HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            peer.Dispose();
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        }
    }

    // §4.1 (7): a key is for one connection.
    [Fact]
    public async Task A_server_that_closes_without_a_response_gets_no_second_request()
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address);
        (RawPeer peer, _) = await server.AcceptAsync();
        Task<(RawPeer Peer, string Request)> another = server.AcceptAsync();

        peer.Dispose();
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal(WebSocketHandshakeError.ConnectionLost, thrown.Error);
        Assert.False(another.IsCompleted);
        server.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(() => another);
    }

    [Theory]
    [EachClient("")]
    [EachClient("HTTP/1.1 101 Switching Protocols\r\nUpgr")]
    [EachClient("HTTP/1.1 103 Early Hints\r\n\r\n")]
    public async Task A_reset_before_the_response_is_complete_is_ConnectionLost(
        ClientKind kind, string answer)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, kind.Options());
        (RawPeer peer, _) = await server.AcceptAsync();
        await peer.SendAsync(answer);

        peer.Reset();
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal(
            (WebSocketHandshakeError.ConnectionLost, WebSocketHandshakePhase.Response), (thrown.Error, thrown.Phase));
        Assert.False(server.HasPending);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Protocol: chat", WebSocketHandshakeError.UnrequestedSubprotocol)]
    [InlineData("Sec-WebSocket-Protocol:", WebSocketHandshakeError.InvalidSubprotocols)]
    [InlineData("Sec-WebSocket-Extensions: permessage-deflate", WebSocketHandshakeError.UnrequestedExtension)]
    [InlineData("Sec-WebSocket-Extensions: x-made-up", WebSocketHandshakeError.UnrequestedExtension)]
    public async Task An_unrequested_subprotocol_or_extension_fails_the_handshake(string header, WebSocketHandshakeError error)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address, new WebSocketClientOptions { Compression = PerMessageDeflateOptions.Disabled });
        (RawPeer peer, string request) = await server.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync(RawServer.Accepting(request, header));

        Assert.DoesNotContain("Sec-WebSocket-Protocol", request, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Sec-WebSocket-Extensions", request, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(
            error, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline())).Error);
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Theory]
    [InlineData("ftp://127.0.0.1/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("ws://127.0.0.1/#fragment")]
    [InlineData("ws://127.0.0.1/#")]
    [InlineData("/relative")]
    [InlineData("relative")]
    [InlineData("127.0.0.1:80")]
    [InlineData("ws:///")]
    [InlineData("ws://")]
    [InlineData("ws://a b/")]
    [InlineData("")]
    public async Task An_invalid_websocket_address_throws(string address)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => WebSocketClient.ConnectAsync(address));
    }

    [Fact]
    public async Task A_relative_uri_throws()
    {
        await Assert.ThrowsAsync<ArgumentException>(
            () => WebSocketClient.ConnectAsync(new Uri("/chat", UriKind.Relative)));
        await Assert.ThrowsAsync<ArgumentNullException>(() => WebSocketClient.ConnectAsync((Uri)null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => WebSocketClient.ConnectAsync((string)null!));
    }

    public static TheoryData<string, Func<WebSocketClientOptions>> Injections => new()
    {
        { "header value", () => new() { RequestHeaders = [new("X-A", "b\r\nX-C: d")] } },
        { "header value, LF", () => new() { RequestHeaders = [new("X-A", "b\nX-C: d")] } },
        { "header value, NUL", () => new() { RequestHeaders = [new("X-A", "b\0")] } },
        { "header name", () => new() { RequestHeaders = [new("X-A: b\r\nX-C", "d")] } },
        { "header name with a space", () => new() { RequestHeaders = [new("X A", "d")] } },
        { "empty header name", () => new() { RequestHeaders = [new("", "d")] } },
        { "header of the handshake", () => new() { RequestHeaders = [new("Sec-WebSocket-Key", RawPeer.Key)] } },
        { "header of the handshake in other case", () => new() { RequestHeaders = [new("upgrade", "h2c")] } },
        { "header that announces a body", () => new() { RequestHeaders = [new("Content-Length", "5")] } },
        { "credentials of a proxy", () => new() { RequestHeaders = [new("proxy-authorization", "Basic YTpi")] } },
        { "origin", () => new() { Origin = "http://a\r\nX-C: d" } },
        { "subprotocol", () => new() { Subprotocols = ["a\r\nX-C: d"] } },
        { "subprotocol with a comma", () => new() { Subprotocols = ["a, b"] } },
        { "subprotocol twice", () => new() { Subprotocols = ["a", "a"] } },
        { "empty subprotocol", () => new() { Subprotocols = [""] } },
    };

    [Theory]
    [MemberData(nameof(Injections), DisableDiscoveryEnumeration = true)]
    public void Invalid_request_options_throw_when_they_are_set(string _, Func<WebSocketClientOptions> create)
    {
        Assert.ThrowsAny<ArgumentException>(create);
    }

    [Fact]
    public async Task Only_a_trusted_certificate_completes_the_handshake()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, Tls = TestCertificate.ForServer() });
        Uri address = server.Address(scheme: "wss");

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(address).WithDeadline());
        await using WebSocketConnection trusting = await WebSocketClient.ConnectAsync(
            address, new WebSocketClientOptions { Tls = TestCertificate.ForClient() }).WithDeadline();

        Assert.Equal(WebSocketHandshakeError.TlsFailed, thrown.Error);
        Assert.IsType<System.Security.Authentication.AuthenticationException>(thrown.InnerException);
        Assert.Equal(WebSocketConnectionState.Open, trusting.State);
    }

    [Fact]
    public async Task A_plain_client_does_not_connect_to_a_tls_port()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, Tls = TestCertificate.ForServer() });

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address()).WithDeadline());

        Assert.Equal((WebSocketHandshakeError.UnexpectedStatusCode, 400), (thrown.Error, thrown.StatusCode));
        Assert.Contains("wss", System.Text.Encoding.UTF8.GetString(thrown.Body.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tls_client_does_not_connect_to_a_plain_port()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync();

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address(scheme: "wss")).WithDeadline());

        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls), (thrown.Error, thrown.Phase));
    }

    private static IEnumerable<string> RequestValues(string request, string name) =>
        from line in request.Split("\r\n")
        where line.StartsWith(name + ": ", StringComparison.Ordinal)
        from value in line[(name.Length + 2)..].Split(", ")
        select value;
}
