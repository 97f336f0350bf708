using System.Net;
using System.Text;

namespace Sockeye.Tests;

/// <summary>A client behind a proxy that the options name.</summary>
public abstract class ClientProxyOptionTests(ClientKind kind)
{
    private const string Target = "ws://example.invalid/chat";

    [Theory]
    [InlineData("ws://example.invalid/chat", "example.invalid:80")]
    [InlineData("ws://example.invalid:8080/", "example.invalid:8080")]
    [InlineData("ws://[2001:db8::1]/", "[2001:db8::1]:80")]
    public async Task A_proxy_gets_a_CONNECT_for_the_server(string address, string expected)
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(address, Through(proxy));

        (RawPeer peer, string connect) = await proxy.AcceptAsync();
        using RawPeer _ = peer;
        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
        string request = await peer.ReadHeadAsync();
        await peer.SendAsync(RawServer.Accepting(request));
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.StartsWith($"CONNECT {expected} HTTP/1.1\r\n", connect, StringComparison.Ordinal);
        Assert.DoesNotContain("Sec-WebSocket", connect, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(proxy.Address.Port, Assert.IsType<IPEndPoint>(client.RemoteEndPoint).Port);
        client.Abort();
    }

    // CT-32.
    [Fact]
    public async Task Proxy_credentials_answer_its_challenge_and_never_reach_the_server()
    {
        using var proxy = new RawServer();
        WebSocketClientOptions options = Through(proxy, new NetworkCredential("alice", "s3cret"), KeyValuePair.Create("X-Secret", "mine"));
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, options);

        (RawPeer first, string without) = await proxy.AcceptAsync();
        await first.SendAsync(
            "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        first.Dispose();
        (RawPeer second, string with) = await proxy.AcceptAsync();
        using RawPeer _ = second;
        await second.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
        string request = await second.ReadHeadAsync();
        await second.SendAsync(RawServer.Accepting(request));
        (await connecting.WithDeadline()).Abort();

        Assert.DoesNotContain("Proxy-Authorization", without, StringComparison.Ordinal);
        Assert.Equal("Basic YWxpY2U6czNjcmV0", RawServer.Header(with, "Proxy-Authorization"));
        Assert.DoesNotContain("Proxy-Authorization", request, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Secret", without + with, StringComparison.Ordinal);
        Assert.Equal("mine", RawServer.Header(request, "X-Secret"));
    }

    [Fact]
    public async Task TLS_runs_inside_the_tunnel()
    {
        await using TlsRawServer server = new("");
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync("wss://localhost/", kind.Options() with
        {
            Proxy = new WebProxy(AddressOf(proxy)),
            Tls = TestCertificate.ForClient(),
        });

        (RawPeer peer, string connect) = await proxy.AcceptAsync();
        using RawPeer _ = peer;
        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
        await using Relay tunnel = await Relay.ConnectAsync(peer, IPEndPoint.Parse(server.Address.Authority));
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.StartsWith("CONNECT localhost:443 ", connect, StringComparison.Ordinal);
        Assert.Equal("localhost", RawServer.Header(server.Request!, "Host"));
        client.Abort();
    }

    [Theory]
    [InlineData("ws://example.invalid/")]
    [InlineData("wss://example.invalid/")]
    [InlineData("wss://example.invalid:8443/a?b")]
    public async Task The_address_selects_the_proxy(string address)
    {
        List<Uri> asked = [];

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => WebSocketClient.ConnectAsync(
            address, kind.Options() with { Proxy = new AskedProxy(asked) }).WithDeadline());

        Assert.All(asked, uri => Assert.Equal(address, uri.ToString()));
        Assert.NotEmpty(asked);
    }

    [Theory]
    [MemberData(nameof(ProxyAnswers.Bad), MemberType = typeof(ProxyAnswers), DisableDiscoveryEnumeration = true)]
    public async Task A_proxy_that_opens_no_tunnel_fails_the_handshake(string answer, int? status)
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, Through(proxy));
        (RawPeer peer, _) = await proxy.AcceptAsync();
        using RawPeer _1 = peer;

        await peer.SendAsync(answer);
        peer.EndOutput();
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal((WebSocketHandshakeError.ProxyFailed, WebSocketHandshakePhase.Proxy), (thrown.Error, thrown.Phase));
        Assert.Equal(status, thrown.StatusCode);
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Fact]
    public async Task A_proxy_that_dies_before_its_response_fails_the_handshake()
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, Through(proxy));

        (RawPeer peer, _) = await proxy.AcceptAsync();
        proxy.Dispose();
        peer.Dispose();
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal(WebSocketHandshakeError.ProxyFailed, thrown.Error);
    }

    [Fact]
    public async Task A_proxy_that_closes_without_a_response_gets_at_most_two_requests()
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, Through(proxy));
        for (int i = 0; i < 2; i++)
        {
            (RawPeer peer, _) = await proxy.AcceptAsync();
            peer.Dispose();
        }

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal((WebSocketHandshakeError.ProxyFailed, WebSocketHandshakePhase.Proxy), (thrown.Error, thrown.Phase));
        Assert.False(proxy.HasPending);
    }

    [Fact]
    public async Task A_silent_proxy_fails_at_the_handshake_timeout()
    {
        var time = new ManualTimeProvider();
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, kind.Options() with
        {
            Proxy = new WebProxy(AddressOf(proxy)),
            TimeProvider = time,
        });
        (RawPeer peer, _) = await proxy.AcceptAsync();
        using RawPeer _1 = peer;

        time.Advance(TimeSpan.FromSeconds(16));

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal((WebSocketHandshakeError.TimedOut, WebSocketHandshakePhase.Proxy), (thrown.Error, thrown.Phase));
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Fact]
    public async Task An_unreachable_proxy_is_NotReachable()
    {
        var gone = new RawServer(Servers.OwnAddress);
        WebSocketClientOptions options = Through(gone);
        gone.Dispose();

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(Target, options).WithDeadline());

        Assert.Equal((WebSocketHandshakeError.NotReachable, WebSocketHandshakePhase.Connect), (thrown.Error, thrown.Phase));
    }

    // CT-30: what comes before the request cannot answer it.
    [Fact]
    public async Task Bytes_that_a_proxy_inserts_before_the_response_fail_the_handshake()
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, Through(proxy));
        (RawPeer peer, _) = await proxy.AcceptAsync();
        using RawPeer _1 = peer;

        await peer.SendAsync(
            "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Accept: {RawPeer.Accept}\r\n\r\n");

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
    }

    // CT-30: what follows the answer of the proxy is read by TLS, which does not know it. A HelloRequest it would ignore
    // (RFC 5246 §7.4.1.1), and nothing would come of it.
    [Theory]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    [InlineData("\r\n")]
    [InlineData("x")]
    [InlineData("\u0015\u0003\u0003\0\u0002\u0001\0")]
    [InlineData("\u0015\u0003\u0003\0\u0002\u0002\u0028")]
    [InlineData("\u0017\u0003\u0003\0\u0005hello")]
    public async Task Bytes_that_a_proxy_inserts_before_TLS_fail_TLS(string injected)
    {
        await using TlsRawServer server = new("");
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync("wss://localhost/", kind.Options() with
        {
            Proxy = new WebProxy(AddressOf(proxy)),
            Tls = TestCertificate.ForClient(),
        });
        (RawPeer peer, _) = await proxy.AcceptAsync();
        using RawPeer _1 = peer;

        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n" + injected);
        await using Relay tunnel = await Relay.ConnectAsync(peer, IPEndPoint.Parse(server.Address.Authority));
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls), (thrown.Error, thrown.Phase));
    }

    // CT-30: "with bad credentials: retry once".
    [Fact]
    public async Task A_proxy_that_rejects_the_credentials_fails_the_handshake_with_its_status()
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            Target, Through(proxy, new NetworkCredential("alice", "wrong")));
        for (int i = 0; i < 2; i++)
        {
            (RawPeer peer, string request) = await proxy.AcceptAsync();
            Assert.Equal(i == 1, request.Contains("Proxy-Authorization: Basic ", StringComparison.Ordinal));
            await peer.SendAsync(
                "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            peer.Dispose();
        }

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal((WebSocketHandshakeError.ProxyFailed, 407), (thrown.Error, thrown.StatusCode));
        Assert.False(proxy.HasPending);
    }

    [Fact]
    public async Task Credentials_in_the_address_of_a_proxy_are_sent_to_the_proxy()
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, kind.Options() with
        {
            Proxy = new WebProxy($"http://al%69ce:s3%63ret@{proxy.Address.Authority}/"),
        });
        (RawPeer first, _) = await proxy.AcceptAsync();
        await first.SendAsync(
            "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        first.Dispose();
        (RawPeer second, string request) = await proxy.AcceptAsync();
        second.Dispose();
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal("Basic YWxpY2U6czNjcmV0", RawServer.Header(request, "Proxy-Authorization"));
    }

    // CT-30.
    [Fact]
    public async Task A_proxy_may_speak_HTTP_1_0()
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, Through(proxy));
        (RawPeer peer, _) = await proxy.AcceptAsync();
        using RawPeer _1 = peer;

        await peer.SendAsync("HTTP/1.0 200 Connection established\r\n\r\n");
        await peer.SendAsync(RawServer.Accepting(await peer.ReadHeadAsync()));

        (await connecting.WithDeadline()).Abort();
    }

    // RFC 9110 §9.3.6: any 2xx opens the tunnel, and a server "MUST NOT send any Transfer-Encoding or Content-Length", which "a
    // client MUST ignore". §15.2: interim answers come before it.
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 201 Created\r\n\r\n")]
    [InlineData("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n")]
    [InlineData("HTTP/1.0 204\r\n\r\n")]
    [InlineData("HTTP/1.1 205 Reset Content\r\nContent-Length: 1000\r\n\r\n")]
    [InlineData("HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 299 Fine\r\nContent-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 299 Fine\r\n\r\n")]
    public async Task Any_2xx_of_a_proxy_opens_the_tunnel(string answer)
    {
        foreach (bool isWhole in new[] { true, false })
        {
            using var proxy = new RawServer();
            Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, Through(proxy));
            (RawPeer peer, _) = await proxy.AcceptAsync();
            using RawPeer _1 = peer;

            foreach (string part in isWhole ? [answer] : answer.Select(letter => $"{letter}"))
            {
                await peer.SendAsync(part);
            }

            await peer.SendAsync(RawServer.Accepting(await peer.ReadHeadAsync()));
            WebSocketConnection client = await connecting.WithDeadline();
            await client.SendAsync("through");

            Assert.Equal("through", (await peer.ReadFrameAsync()).PayloadText);
            client.Abort();
        }
    }

    [Theory]
    [InlineData("ws://example.invalid/", 299)]
    [InlineData("wss://localhost/", 204)]
    public async Task A_challenging_proxy_may_open_the_tunnel_on_the_same_connection_with_any_2xx(
        string address, int status)
    {
        await using TlsRawServer server = new("");
        using var proxy = new RawServer();
        bool isSecure = address.StartsWith("wss", StringComparison.Ordinal);
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(address, kind.Options() with
        {
            Proxy = new WebProxy(AddressOf(proxy)) { Credentials = new NetworkCredential("alice", "s3cret") },
            Tls = isSecure ? TestCertificate.ForClient() : null,
        });
        (RawPeer peer, _) = await proxy.AcceptAsync();
        using RawPeer _1 = peer;
        await peer.SendAsync("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
        string again = await peer.ReadHeadAsync();
        await peer.SendAsync($"HTTP/1.1 {status} Fine\r\n\r\n");

        Assert.Equal("Basic YWxpY2U6czNjcmV0", RawServer.Header(again, "Proxy-Authorization"));
        if (!isSecure)
        {
            await peer.SendAsync(RawServer.Accepting(await peer.ReadHeadAsync()));
            (await connecting.WithDeadline()).Abort();
            return;
        }

        await using Relay tunnel = await Relay.ConnectAsync(peer, IPEndPoint.Parse(server.Address.Authority));
        (await connecting.WithDeadline()).Abort();
    }

    // RFC 7616: the HTTP client answers this challenge as it does the other.
    [Fact]
    public async Task A_proxy_that_requests_Digest_never_gets_the_password()
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            Target, Through(proxy, new NetworkCredential("alice", "s3cret")));
        (RawPeer peer, _) = await proxy.AcceptAsync();
        using RawPeer _1 = peer;

        await peer.SendAsync(
            "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
            + "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\nContent-Length: 0\r\n\r\n");
        string again = await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
        await peer.SendAsync(RawServer.Accepting(await peer.ReadHeadAsync()));
        (await connecting.WithDeadline()).Abort();

        Assert.StartsWith("Digest username=\"alice\"", RawServer.Header(again, "Proxy-Authorization"), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", again, StringComparison.Ordinal);
        Assert.DoesNotContain("YWxpY2U6czNjcmV0", again, StringComparison.Ordinal);
    }

    // CT-31: base64 holds them as they are, and nothing of it is a line of its own.
    [Theory]
    [InlineData("a\r\nX-Injected: 1", "b")]
    [InlineData("a", "b\r\n\r\nGET / HTTP/1.1")]
    [InlineData("a\0", "\n")]
    public async Task Proxy_credentials_cannot_inject_header_lines(string user, string password)
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            Target, Through(proxy, new NetworkCredential(user, password)));
        (RawPeer first, _) = await proxy.AcceptAsync();
        await first.SendAsync(
            "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        first.Dispose();
        (RawPeer second, string request) = await proxy.AcceptAsync();
        second.Dispose();
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.All(
            request.TrimEnd().Split("\r\n")[1..],
            line => Assert.Matches("^(Host|Proxy-Authorization|User-Agent|Proxy-Connection|Connection): [ -~]+$", line));
        Assert.Equal(
            $"{user}:{password}",
            Encoding.UTF8.GetString(Convert.FromBase64String(
                RawServer.Header(request, "Proxy-Authorization")["Basic ".Length..])));
    }

    // CT-31.
    [Theory]
    [InlineData("ws://a\r\nX: y/")]
    [InlineData("ws://a\nb/")]
    [InlineData("ws://a%0d%0aX: y/")]
    [InlineData("ws://a%0D%0Ab/")]
    [InlineData("ws://a b/")]
    [InlineData("ws://a\0b/")]
    [InlineData("ws://a\tb/")]
    public async Task A_host_with_a_line_break_throws_before_the_proxy_is_contacted(string address)
    {
        using var proxy = new RawServer();

        await Assert.ThrowsAnyAsync<ArgumentException>(
            () => WebSocketClient.ConnectAsync(address, Through(proxy)).WithDeadline());

        Assert.False(proxy.HasPending);
    }

    // A server behind a proxy that goes without an answer is not asked again, and neither is the proxy.
    [Fact]
    public async Task CONNECT_is_sent_once()
    {
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, Through(proxy));
        (RawPeer peer, _) = await proxy.AcceptAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
        await peer.ReadHeadAsync();

        peer.Dispose();
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal((WebSocketHandshakeError.ConnectionLost, WebSocketHandshakePhase.Response), (thrown.Error, thrown.Phase));
        Assert.False(proxy.HasPending);
    }

    // RFC 1928 §3 to §6, RFC 1929.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_SOCKS_proxy_gets_the_host_name_of_the_server(bool hasCredentials)
    {
        using var proxy = new RawListener();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, kind.Options() with
        {
            Proxy = new WebProxy($"socks5://127.0.0.1:{proxy.Port}")
            {
                Credentials = hasCredentials ? new NetworkCredential("al", "pw") : null,
            },
        });
        using RawPeer peer = await proxy.AcceptAsync();

        byte[] greeting = await ReadAsync(peer, 2);
        byte[] methods = await ReadAsync(peer, greeting[1]);
        await peer.SendAsync(hasCredentials ? [5, 2] : new byte[] { 5, 0 });
        if (hasCredentials)
        {
            Assert.Contains((byte)2, methods);
            Assert.Equal([1, 2, (byte)'a', (byte)'l', 2, (byte)'p', (byte)'w'], await ReadAsync(peer, 7));
            await peer.SendAsync(new byte[] { 1, 0 });
        }

        byte[] connect = await ReadAsync(peer, 5 + "example.invalid".Length + 2);
        await peer.SendAsync(new byte[] { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0 });
        string request = await peer.ReadHeadAsync();
        await peer.SendAsync(RawServer.Accepting(request));
        (await connecting.WithDeadline()).Abort();

        Assert.Equal([5, 1, 0, 3, 15], connect[..5]);
        Assert.Equal("example.invalid", Encoding.ASCII.GetString(connect[5..^2]));
        Assert.Equal([0, 80], connect[^2..]);
        Assert.StartsWith("GET /chat HTTP/1.1\r\n", request, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(ProxyAnswers.BadSocks), MemberType = typeof(ProxyAnswers), DisableDiscoveryEnumeration = true)]
    public async Task A_SOCKS_proxy_that_opens_no_tunnel_fails_the_handshake(string greeting, string reply)
    {
        using var proxy = new RawListener();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Target, kind.Options() with
        {
            Proxy = new WebProxy($"socks5://127.0.0.1:{proxy.Port}"),
        });
        using RawPeer peer = await proxy.AcceptAsync();

        await peer.SendAsync(Convert.FromHexString(greeting));
        await peer.SendAsync(Convert.FromHexString(reply));
        peer.EndOutput();
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal((WebSocketHandshakeError.ProxyFailed, WebSocketHandshakePhase.Proxy), (thrown.Error, thrown.Phase));

        // The client has closed its socket.
        await peer.ReadToEndAsync();
    }

    private static Uri AddressOf(RawServer proxy) => new($"http://{proxy.Address.Authority}/");

    private WebSocketClientOptions Through(
        RawServer proxy, NetworkCredential? credentials = null, params KeyValuePair<string, string>[] headers) => kind.Options() with
        {
            Proxy = new WebProxy(AddressOf(proxy)) { Credentials = credentials },
            RequestHeaders = [.. headers],
        };

    private static async Task<byte[]> ReadAsync(RawPeer peer, int length)
    {
        byte[] bytes = new byte[length];
        await peer.Stream.ReadExactlyAsync(bytes).WithDeadline();
        return bytes;
    }

    private sealed class AskedProxy(List<Uri> asked) : IWebProxy
    {
        public ICredentials? Credentials { get; set; }

        public Uri? GetProxy(Uri destination)
        {
            asked.Add(destination);
            return new Uri("http://127.0.0.1:1/");
        }

        public bool IsBypassed(Uri host)
        {
            asked.Add(host);
            return false;
        }
    }
}
