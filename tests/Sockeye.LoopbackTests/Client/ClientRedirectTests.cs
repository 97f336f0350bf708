using System.Net;
using System.Net.Security;

namespace Sockeye.Tests;

public sealed class ClientRedirectTests
{
    private static readonly string[] Secrets = ["Authorization", "Cookie", "X-Api-Key"];

    private static WebSocketClientOptions Following => new() { MaxRedirects = 10 };

    private static WebSocketClientOptions WithSecrets => new()
    {
        MaxRedirects = 10,
        Host = "first.example",
        Origin = "https://page.example",
        RequestHeaders = [.. Secrets.Select(name => KeyValuePair.Create(name, "secret")), new("User-Agent", "tests")],
    };

    [Theory]
    [InlineData(300)]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirects_are_followed_if_MaxRedirects_is_set(int status)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, Following);

        string first = await RedirectAsync(server, "/there?a=b", status);
        WebSocketConnection client = await FinishAsync(server, connecting, out Task<string> second);

        Assert.StartsWith("GET /there?a=b HTTP/1.1\r\n", await second, StringComparison.Ordinal);
        Assert.Equal("/there?a=b", client.Response!.Address.PathAndQuery);

        // CT-25.
        Assert.NotEqual(
            RawServer.Header(first, "Sec-WebSocket-Key"), RawServer.Header(await second, "Sec-WebSocket-Key"));
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task Redirects_are_not_followed_by_default(int status)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address);

        await RedirectAsync(server, "/there", status);
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal(WebSocketHandshakeError.UnexpectedStatusCode, thrown.Error);
        Assert.Equal(status, thrown.StatusCode);
        Assert.Contains(thrown.Headers, header => header is { Key: "Location", Value: "/there" });
        Assert.False(server.HasPending);
    }

    [Theory]
    [InlineData(304)]
    [InlineData(305)]
    [InlineData(306)]
    [InlineData(399)]
    [InlineData(200)]
    [InlineData(503)]
    public async Task Other_3xx_statuses_are_not_followed(int status)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, Following);

        await RedirectAsync(server, "/there", status);
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal(WebSocketHandshakeError.UnexpectedStatusCode, thrown.Error);
        Assert.Equal(WebSocketHandshakePhase.Validation, thrown.Phase);
    }

    // CT-21.
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task A_loop_of_redirects_ends_at_the_limit(int limit)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address, new WebSocketClientOptions { MaxRedirects = limit });

        for (int i = 0; i <= limit; i++)
        {
            await RedirectAsync(server, "/again");
        }

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal(WebSocketHandshakeError.TooManyRedirects, thrown.Error);
        Assert.Equal(WebSocketHandshakePhase.Redirect, thrown.Phase);
        Assert.Equal(302, thrown.StatusCode);
        Assert.False(server.HasPending);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(51)]
    public void A_redirect_limit_out_of_range_throws(int limit) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketClientOptions { MaxRedirects = limit });

    [Theory]
    [MemberData(nameof(ClientRedirectCases.Bad), MemberType = typeof(ClientRedirectCases), DisableDiscoveryEnumeration = true)]
    public async Task An_invalid_location_is_InvalidRedirect_and_no_request_is_sent(string headers, WebSocketHandshakeError expected)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, Following);
        (RawPeer peer, _) = await server.AcceptAsync();
        using RawPeer _1 = peer;

        await peer.SendAsync($"HTTP/1.1 302 Found\r\n{headers}Content-Length: 0\r\n\r\n");
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal(expected, thrown.Error);
        Assert.False(server.HasPending);
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    [Fact]
    public async Task A_network_path_reference_redirects_to_its_host()
    {
        using var first = new RawServer();
        using var second = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(first.Address, Following);

        await RedirectAsync(first, $"//{second.Address.Authority}/x");
        WebSocketConnection client = await FinishAsync(second, connecting, out _);

        Assert.Equal(second.Address.Port, client.Response!.Address.Port);
    }

    [Fact]
    public async Task A_redirect_to_the_same_server_keeps_all_headers()
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, WithSecrets);

        await RedirectAsync(server, "/there");
        await FinishAsync(server, connecting, out Task<string> second);

        Assert.All(Secrets, name => Assert.Equal("secret", RawServer.Header(second.Result, name)));
        Assert.Equal("first.example", RawServer.Header(await second, "Host"));
    }

    [Theory]
    [InlineData("ws")]
    [InlineData("http")]
    public async Task A_redirect_to_another_server_drops_secrets_for_all_further_requests(string scheme)
    {
        using var first = new RawServer();
        using var second = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(first.Address, WithSecrets);

        await RedirectAsync(first, $"{scheme}://{second.Address.Authority}/");
        string foreign = await RedirectAsync(second, first.Address.ToString());
        await FinishAsync(first, connecting, out Task<string> back);

        Assert.Equal(second.Address.Authority, RawServer.Header(foreign, "Host"));
        foreach (string request in new[] { foreign, await back })
        {
            Assert.All(Secrets, name => Assert.DoesNotContain(name + ":", request, StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain("secret", request, StringComparison.Ordinal);
            Assert.Equal("tests", RawServer.Header(request, "User-Agent"));
            Assert.Equal("https://page.example", RawServer.Header(request, "Origin"));
        }
    }

    [Fact]
    public async Task Credentials_are_not_sent_to_another_server()
    {
        using var first = new RawServer();
        using var second = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"ws://alice:s3cret@{first.Address.Authority}/",
            new WebSocketClientOptions { MaxRedirects = 2, Credentials = new NetworkCredential("bob", "other"), PreAuthenticate = true });

        string request = await RedirectAsync(first, "/");
        string same = await RedirectAsync(first, $"ws://mallory:x@{second.Address.Authority}/");
        await FinishAsync(second, connecting, out Task<string> foreign);

        Assert.Equal("Basic YWxpY2U6czNjcmV0", RawServer.Header(request, "Authorization"));
        Assert.Equal("Basic YWxpY2U6czNjcmV0", RawServer.Header(same, "Authorization"));
        Assert.DoesNotContain("Authorization", await foreign, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task User_information_of_the_first_address_overrides_that_of_a_location()
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"ws://alice:s3cret@{server.Address.Authority}/", Following);

        await RedirectAsync(server, $"ws://mallory:x@{server.Address.Authority}/");
        await FinishAsync(server, connecting, out Task<string> second);

        Assert.Equal("Basic YWxpY2U6czNjcmV0", RawServer.Header(await second, "Authorization"));
    }

    [Fact]
    public async Task User_information_of_a_location_is_used_if_no_other_credentials_exist()
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, Following);

        await RedirectAsync(server, $"ws://alice:s3cret@{server.Address.Authority}/");
        await FinishAsync(server, connecting, out Task<string> second);

        Assert.Equal("Basic YWxpY2U6czNjcmV0", RawServer.Header(await second, "Authorization"));
    }

    // Nor if they are given by the options, as credentials or as a cache that has none for this server.
    [Theory]
    [InlineData("alice", false)]
    [InlineData("alice", true)]
    [InlineData(null, false)]
    public async Task Credentials_in_the_options_override_those_of_a_location(string? user, bool preAuthenticate)
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address,
            Following with
            {
                Credentials = user is null ? new CredentialCache() : new NetworkCredential(user, "s3cret"),
                PreAuthenticate = preAuthenticate,
            });

        await RedirectAsync(server, $"ws://mallory:x@{server.Address.Authority}/");
        (RawPeer asking, string second) = await server.AcceptAsync();
        if (user is not null && !preAuthenticate)
        {
            Assert.DoesNotContain("Authorization", second, StringComparison.OrdinalIgnoreCase);
            await asking.SendAsync("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
            asking.Dispose();
            (asking, second) = await server.AcceptAsync();
        }

        using RawPeer peer = asking;
        await peer.SendAsync(RawServer.Accepting(second));
        (await connecting.WithDeadline()).Abort();

        Assert.Equal(user is not null, second.Contains("Authorization: Basic YWxpY2U6czNjcmV0\r\n", StringComparison.Ordinal));
        Assert.Equal(user is not null, second.Contains("Authorization", StringComparison.OrdinalIgnoreCase));
    }

    // Who the client is to the first server is not for another to say.
    [Fact]
    public async Task User_information_in_a_redirect_back_from_another_server_is_not_used()
    {
        using var first = new RawServer();
        using var second = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(first.Address, Following);

        await RedirectAsync(first, second.Address.ToString());
        await RedirectAsync(second, $"ws://mallory:x@{first.Address.Authority}/");
        await FinishAsync(first, connecting, out Task<string> back);

        Assert.DoesNotContain("Authorization", await back, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_certificate_is_sent_only_to_the_first_server_unless_a_callback_allows_it(bool keep)
    {
        var shown = new TaskCompletionSource<string?>();
        await using TlsRawServer elsewhere = new("", new SslServerAuthenticationOptions
        {
            ServerCertificate = TestCertificate.Value,
            ClientCertificateRequired = true,
            AllowTlsResume = false,
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                shown.TrySetResult(certificate?.GetCertHashString()) | true,
        });
        await using TlsRawServer server = new(
            $"HTTP/1.1 302 Found\r\nLocation: {elsewhere.Address}\r\nContent-Length: 0\r\n\r\n");
        SslClientAuthenticationOptions tls = TestCertificate.ForClient();
        tls.AllowTlsResume = false;
        tls.ClientCertificates = [TestCertificate.Value];
        tls.LocalCertificateSelectionCallback = static (_, _, certificates, _, _) => certificates[0];

        WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
        {
            MaxRedirects = 1,
            Tls = tls,
            OnRedirecting = (redirect, _) =>
            {
                redirect.KeepHeaders = keep;
                return ValueTask.FromResult(true);
            },
        }).WithDeadline();

        client.Abort();
        Assert.Equal(keep ? TestCertificate.Value.GetCertHashString() : null, await shown.Task.WithDeadline());
    }

    [Fact]
    public async Task A_redirect_callback_gets_the_target_and_may_keep_the_headers()
    {
        using var first = new RawServer();
        using var second = new RawServer();
        List<WebSocketRedirect> seen = [];
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(first.Address, new WebSocketClientOptions
        {
            MaxRedirects = 1,
            RequestHeaders = WithSecrets.RequestHeaders,
            OnRedirecting = (redirect, _) =>
            {
                seen.Add(redirect);
                redirect.KeepHeaders = true;
                return ValueTask.FromResult(true);
            },
        });

        await RedirectAsync(first, second.Address + "x", 307);
        await FinishAsync(second, connecting, out Task<string> request);

        Assert.Equal("secret", RawServer.Header(await request, "Authorization"));
        WebSocketRedirect only = Assert.Single(seen);
        Assert.Equal((first.Address, new Uri(second.Address, "x")), (only.From, only.To));
        Assert.Equal((307, 1, false), (only.StatusCode, only.Count, only.IsSameOrigin));
        Assert.Contains(only.Headers, header => header.Key == "Location");
    }

    [Fact]
    public async Task A_redirect_callback_may_drop_the_headers()
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
        {
            MaxRedirects = 1,
            RequestHeaders = WithSecrets.RequestHeaders,
            OnRedirecting = (redirect, _) =>
            {
                redirect.KeepHeaders = false;
                return ValueTask.FromResult(true);
            },
        });

        await RedirectAsync(server, "/");
        await FinishAsync(server, connecting, out Task<string> request);

        Assert.DoesNotContain("secret", await request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_that_a_callback_declines_is_not_followed()
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
        {
            MaxRedirects = 1,
            OnRedirecting = (_, _) => ValueTask.FromResult(false),
        });

        await RedirectAsync(server, "/");
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal(WebSocketHandshakeError.UnexpectedStatusCode, thrown.Error);
        Assert.False(server.HasPending);
    }

    [Fact]
    public async Task An_exception_in_a_redirect_callback_ends_the_attempt()
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
        {
            MaxRedirects = 1,
            OnRedirecting = (_, _) => throw new IOException("Not there."),
        });

        await RedirectAsync(server, "/");

        Assert.Equal(
            "Not there.", (await Assert.ThrowsAsync<IOException>(() => connecting.WithDeadline())).Message);
    }

    [Fact]
    public async Task The_request_callback_is_called_for_each_request()
    {
        using var server = new RawServer();
        List<(int, string)> seen = [];
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
        {
            MaxRedirects = 1,
            OnSendingRequest = (request, _) =>
            {
                seen.Add((request.RedirectCount, request.Address.AbsolutePath));
                request.Headers = request.Headers.With("X-Hop", $"{request.RedirectCount}");
                return default;
            },
        });

        string first = await RedirectAsync(server, "/b");
        await FinishAsync(server, connecting, out Task<string> second);

        Assert.Equal([(0, "/"), (1, "/b")], seen);
        Assert.Equal("0", RawServer.Header(first, "X-Hop"));
        Assert.Equal("1", RawServer.Header(await second, "X-Hop"));
    }

    // CT-25.
    [Fact]
    public async Task Cookies_of_a_redirect_are_not_stored_and_stored_cookies_are_sent_by_path()
    {
        using var server = new RawServer();
        var cookies = new CookieContainer();
        cookies.Add(new Uri("http://127.0.0.1/b"), new Cookie("a", "1", "/b"));
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address, new WebSocketClientOptions { MaxRedirects = 1, Cookies = cookies });

        string first = await RedirectAsync(server, "/b", 302, "Set-Cookie: evil=1\r\n");
        await FinishAsync(server, connecting, out Task<string> second);

        Assert.DoesNotContain("Cookie", first, StringComparison.Ordinal);
        Assert.Equal("a=1", RawServer.Header(await second, "Cookie"));
        Assert.Equal(1, cookies.Count);
    }

    [Fact]
    public async Task The_handshake_timeout_covers_all_redirects()
    {
        var time = new ManualTimeProvider();
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            server.Address,
            new WebSocketClientOptions
            {
                MaxRedirects = 5,
                TimeProvider = time,
                HandshakeTimeout = TimeSpan.FromSeconds(10),
            });

        await RedirectAsync(server, "/");
        (RawPeer peer, _) = await server.AcceptAsync();
        using RawPeer _1 = peer;
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.False(connecting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(5));

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal((WebSocketHandshakeError.TimedOut, WebSocketHandshakePhase.Response), (thrown.Error, thrown.Phase));
        Assert.Equal("", await peer.ReadToEndAsync());
    }

    // CT-23.
    [Theory]
    [InlineData("ws")]
    [InlineData("http")]
    public async Task A_redirect_from_TLS_to_plain_text_is_InsecureRedirect(string scheme)
    {
        await using WebSocketServer elsewhere = await Servers.StartEchoAsync();
        await using TlsRawServer server = new(
            $"HTTP/1.1 302 Found\r\nLocation: {elsewhere.Address(scheme: scheme)}\r\nContent-Length: 0\r\n\r\n");

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(
                server.Address,
                new WebSocketClientOptions { MaxRedirects = 5, Tls = TestCertificate.ForClient() }).WithDeadline());

        Assert.Equal(WebSocketHandshakeError.InsecureRedirect, thrown.Error);
        Assert.Equal(WebSocketHandshakePhase.Redirect, thrown.Phase);
        Assert.Equal(302, thrown.StatusCode);
    }

    // A callback does not change that.
    [Fact]
    public async Task A_redirect_from_wss_to_ws_does_not_call_the_callback()
    {
        await using WebSocketServer elsewhere = await Servers.StartEchoAsync();
        await using TlsRawServer server = new(
            $"HTTP/1.1 302 Found\r\nLocation: {elsewhere.Address()}\r\nContent-Length: 0\r\n\r\n");
        bool isAsked = false;

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
            {
                MaxRedirects = 5,
                Tls = TestCertificate.ForClient(),
                OnRedirecting = (redirect, _) => ValueTask.FromResult(isAsked = redirect.KeepHeaders = true),
            }).WithDeadline());

        Assert.Equal(WebSocketHandshakeError.InsecureRedirect, thrown.Error);
        Assert.False(isAsked);
    }

    [Fact]
    public async Task OnSendingRequest_may_remove_headers_after_a_redirect()
    {
        using var server = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(server.Address, new WebSocketClientOptions
        {
            MaxRedirects = 1,
            RequestHeaders = WithSecrets.RequestHeaders,
            OnSendingRequest = (request, _) =>
            {
                request.Headers = request.RedirectCount == 1 ? request.Headers.Without("cookie") : request.Headers;
                return default;
            },
        });

        string first = await RedirectAsync(server, "/");
        await FinishAsync(server, connecting, out Task<string> second);

        Assert.Equal("secret", RawServer.Header(first, "Cookie"));
        Assert.DoesNotContain("Cookie", await second, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("secret", RawServer.Header(await second, "Authorization"));
    }

    // CT-22: another scheme is another origin.
    [Fact]
    public async Task A_redirect_from_ws_to_wss_is_cross_origin()
    {
        await using WebSocketServer secure = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, Tls = TestCertificate.ForServer() },
            async (connection, _) => await connection.SendAsync(
                connection.Request!.Headers["Authorization"] ?? "none"));
        using var first = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(first.Address, new WebSocketClientOptions
        {
            MaxRedirects = 1,
            Credentials = new NetworkCredential("alice", "s3cret"),
            PreAuthenticate = true,
            Tls = TestCertificate.ForClient(),
        });

        await RedirectAsync(first, secure.Address(scheme: "wss").ToString());
        await using WebSocketConnection client = await connecting.WithDeadline();

        Assert.Equal("none", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    private static async Task<string> RedirectAsync(
        RawServer server, string location, int status = 302, string headers = "")
    {
        (RawPeer peer, string request) = await server.AcceptAsync();
        await peer.SendAsync($"HTTP/1.1 {status} Go\r\nLocation: {location}\r\n{headers}Content-Length: 0\r\n\r\n");
        peer.Dispose();
        return request;
    }

    private static Task<WebSocketConnection> FinishAsync(
        RawServer server, Task<WebSocketConnection> connecting, out Task<string> request)
    {
        var asked = new TaskCompletionSource<string>();
        request = asked.Task;
        return RunAsync();

        async Task<WebSocketConnection> RunAsync()
        {
            (RawPeer peer, string head) = await server.AcceptAsync();
            using RawPeer _ = peer;
            asked.SetResult(head);
            await peer.SendAsync(RawServer.Accepting(head));
            WebSocketConnection client = await connecting.WithDeadline();
            client.Abort();
            return client;
        }
    }
}
