using System.Net;

namespace Sockeye.Tests;

/// <summary>A client answers authentication challenges (RFC 9110 §11.6) once, with as little information as necessary.</summary>
public sealed class ClientAuthenticationTests : IDisposable
{
    private const string Password = "s3cret";
    private const string BasicAlice = "Basic YWxpY2U6czNjcmV0";
    private const string Digest = "WWW-Authenticate: Digest realm=\"here\", nonce=\"one\", qop=\"auth\", algorithm=SHA-256";
    private const string DigestMd5 = "WWW-Authenticate: Digest realm=\"here\", nonce=\"md5\", qop=\"auth\"";
    private const string Stale = "WWW-Authenticate: Digest realm=\"here\", nonce=\"two\", qop=\"auth\", algorithm=SHA-256, stale=TRUE";
    private const string Basic = "WWW-Authenticate: Basic realm=\"here\"";
    private const string Negotiate = "WWW-Authenticate: Negotiate";

    private readonly RawServer _server = new();

    private static NetworkCredential Alice => new("alice", Password);

    public void Dispose() => _server.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Digest_answers_a_challenge_without_sending_the_password(bool useEventLoop)
    {
        List<string> requests = await RunAsync(
            new() { Credentials = Alice, UseEventLoop = useEventLoop }, [[Basic, DigestMd5, Digest]]);

        Assert.DoesNotContain("Authorization", requests[0], StringComparison.Ordinal);
        string answer = RawServer.Header(requests[1], "Authorization");
        Assert.StartsWith("Digest username=\"alice\", realm=\"here\", nonce=\"one\", uri=\"/chat?room=1\"", answer, StringComparison.Ordinal);
        Assert.Contains("algorithm=SHA-256", answer, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, requests[1], StringComparison.Ordinal);
        Assert.DoesNotContain(BasicAlice, requests[1], StringComparison.Ordinal);

        // RFC 6455 §4.1 (7): "for each connection".
        Assert.NotEqual(RawServer.Header(requests[0], "Sec-WebSocket-Key"), RawServer.Header(requests[1], "Sec-WebSocket-Key"));
    }

    [Theory]
    [InlineData(DigestMd5, "Digest ")]
    [InlineData(Basic, BasicAlice)]
    [InlineData("WWW-Authenticate: Bearer, Basic realm=\"a, b\"", BasicAlice)]
    [InlineData("www-authenticate: BASIC", BasicAlice)]
    [InlineData("WWW-Authenticate: Digest realm=\"here\", nonce=\"x\", algorithm=SHA-512-256, Basic realm=\"here\"", BasicAlice)]
    public async Task The_strongest_supported_challenge_is_answered(string challenge, string expected)
    {
        List<string> requests = await RunAsync(new() { Credentials = Alice }, [[challenge]]);

        Assert.DoesNotContain("Authorization", requests[0], StringComparison.Ordinal);
        Assert.StartsWith(expected, RawServer.Header(requests[1], "Authorization"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stale_nonce_is_retried_with_the_new_one()
    {
        List<string> requests = await RunAsync(new() { Credentials = Alice }, [[Digest], [Stale]]);

        Assert.Contains("nonce=\"one\"", RawServer.Header(requests[1], "Authorization"), StringComparison.Ordinal);
        Assert.Contains("nonce=\"two\"", RawServer.Header(requests[2], "Authorization"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, Digest, Digest)]
    [InlineData(2, Digest, Basic)]
    [InlineData(2, Basic, Basic)]
    [InlineData(2, Basic, Digest)]
    [InlineData(3, Digest, Stale, Stale)]
    [InlineData(1, "WWW-Authenticate: Bearer realm=\"here\"")]
    [InlineData(1, "X-No: challenge")]
    public async Task Wrong_credentials_are_not_sent_again(int expected, params string[] challenges)
    {
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Address, new() { Credentials = Alice });

        for (int i = 0; i < expected; i++)
        {
            await RefuseAsync(challenges[i]);
        }

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal((WebSocketHandshakeError.UnexpectedStatusCode, 401), (thrown.Error, thrown.StatusCode));
        Assert.False(_server.HasPending);
    }

    [Fact]
    public async Task User_information_of_the_address_is_sent_preemptively_and_answers_Digest()
    {
        List<string> requests = await RunAsync(
            new(), [[Digest]], $"ws://alice:{Password}@{_server.Address.Authority}/chat?room=1");

        Assert.Equal(BasicAlice, RawServer.Header(requests[0], "Authorization"));
        Assert.StartsWith("Digest ", RawServer.Header(requests[1], "Authorization"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preemptive_credentials_that_are_rejected_are_not_sent_again()
    {
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            Address, new() { Credentials = Alice, PreAuthenticate = true });

        Assert.Equal(BasicAlice, RawServer.Header(await RefuseAsync(Basic), "Authorization"));
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.False(_server.HasPending);
    }

    [Fact]
    public async Task An_Authorization_header_of_the_application_is_not_replaced()
    {
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            Address, new() { Credentials = Alice, RequestHeaders = [new("Authorization", "Bearer x")] });

        await RefuseAsync(Digest);
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.False(_server.HasPending);
    }

    [Theory]
    [InlineData("ws", "Digest", "Digest ")]
    [InlineData("http", "Digest", "Digest ")]
    [InlineData("ws", "Basic", "Basic ")]
    public async Task A_credential_cache_selects_by_address_and_scheme(string scheme, string type, string expected)
    {
        var cache = new CredentialCache { { new Uri($"{scheme}://{_server.Address.Authority}/"), type, Alice } };

        List<string> requests = await RunAsync(new() { Credentials = cache }, [[Digest, Basic]]);

        Assert.StartsWith(expected, RawServer.Header(requests[1], "Authorization"), StringComparison.Ordinal);
    }

    // As HttpClient does. "CORP\\alice:s3cret".
    [Theory]
    [InlineData(Basic, false, "Basic Q09SUFxhbGljZTpzM2NyZXQ=")]
    [InlineData(null, true, "Basic Q09SUFxhbGljZTpzM2NyZXQ=")]
    [InlineData(Digest, false, "Digest username=\"alice\", ")]
    public async Task A_domain_is_sent_with_Basic_and_not_with_Digest(
        string? challenge, bool preAuthenticate, string expected)
    {
        List<string> requests = await RunAsync(
            new() { Credentials = new NetworkCredential("alice", Password, "CORP"), PreAuthenticate = preAuthenticate },
            challenge is null ? [] : [[challenge]]);

        Assert.StartsWith(expected, RawServer.Header(requests[^1], "Authorization"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Basic", "a:b", "x", Basic)]
    [InlineData("Basic", "a\n", "x", Basic)]
    [InlineData("Digest", "a\r\nX: y", "x", Digest)]
    [InlineData("Digest", "a", "x\0", DigestMd5)]
    public async Task Unusable_cached_credentials_are_named_in_the_exception(
        string type, string user, string password, string challenge)
    {
        var cache = new CredentialCache
        {
            { new Uri($"http://{_server.Address.Authority}/"), type, new NetworkCredential(user, password) },
        };
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Address, new() { Credentials = cache });

        await RefuseAsync(challenge);

        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.Equal(WebSocketHandshakeError.UnexpectedStatusCode, thrown.Error);
        Assert.Equal(401, thrown.StatusCode);
        Assert.Equal("no"u8.ToArray(), thrown.Body.ToArray());
        Assert.Contains($"the credentials for {type} cannot be used", thrown.Message, StringComparison.Ordinal);
        Assert.False(_server.HasPending);
    }

    [Fact]
    public async Task Unusable_credentials_do_not_prevent_answering_the_next_challenge()
    {
        var server = new Uri($"http://{_server.Address.Authority}/");
        var cache = new CredentialCache
        {
            { server, "Digest", new NetworkCredential("a\n", "x") },
            { server, "Basic", Alice },
        };

        List<string> requests = await RunAsync(new() { Credentials = cache }, [[Digest, Basic]]);

        Assert.Equal(BasicAlice, RawServer.Header(requests[1], "Authorization"));
    }

    [Fact]
    public async Task Invalid_cached_credentials_throw_with_PreAuthenticate_before_anything_is_sent()
    {
        var cache = new CredentialCache { { Address, "Basic", new NetworkCredential("a:b", "x") } };

        ArgumentException thrown = await Assert.ThrowsAsync<ArgumentException>(
            () => WebSocketClient.ConnectAsync(Address, new() { Credentials = cache, PreAuthenticate = true }).WithDeadline());

        Assert.Equal("options", thrown.ParamName);
        Assert.False(_server.HasPending);
    }

    [Fact]
    public async Task A_cache_without_matching_credentials_answers_no_challenge()
    {
        var elsewhere = new CredentialCache { { new Uri("ws://elsewhere.invalid/"), "Digest", Alice } };
        foreach (ICredentials credentials in new[] { elsewhere, CredentialCache.DefaultCredentials })
        {
            Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(Address, new() { Credentials = credentials });
            await RefuseAsync(Digest + "\r\n" + Basic);

            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
            Assert.False(_server.HasPending);
        }
    }

    [Theory]
    [InlineData(Digest)]
    [InlineData(Basic)]
    [InlineData(Negotiate)]
    public async Task Another_origin_gets_no_credentials_even_if_it_challenges(string challenge)
    {
        using var other = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            Address, new() { Credentials = Alice, MaxRedirects = 1, NegotiateToken = static (_, _) => "token" });
        (RawPeer first, _) = await _server.AcceptAsync();
        await first.SendAsync($"HTTP/1.1 302 Found\r\nLocation: {other.Address}\r\nContent-Length: 0\r\n\r\n");
        (RawPeer second, string request) = await other.AcceptAsync();
        await second.SendAsync($"HTTP/1.1 401 No\r\n{challenge}\r\nContent-Length: 0\r\n\r\n");

        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
        Assert.DoesNotContain("Authorization", request, StringComparison.Ordinal);
        Assert.False(other.HasPending);
        first.Dispose();
        second.Dispose();
    }

    // RFC 4559, with a platform that has a ticket, and with one that has none.
    [Theory]
    [InlineData("token", "Negotiate token")]
    [InlineData(null, "Digest ")]
    public async Task Negotiate_is_preferred_if_the_platform_has_a_token(string? token, string expected)
    {
        string? asked = null;
        List<string> requests = await RunAsync(
            new()
            {
                Credentials = Alice,
                NegotiateToken = (credential, host) =>
                {
                    asked = $"{credential.UserName} {host}";
                    return token;
                },
            },
            [[Digest, Negotiate]]);

        Assert.Equal("alice 127.0.0.1", asked);
        Assert.StartsWith(expected, RawServer.Header(requests[1], "Authorization"), StringComparison.Ordinal);
    }

    // No key distribution center is there for tests: the platform has no token, whatever it lacks, and says so without an exception.
    [Fact]
    public async Task Without_a_Kerberos_ticket_the_next_challenge_is_answered()
    {
        List<string> requests = await RunAsync(new() { Credentials = Alice }, [[Negotiate, Digest]]);

        Assert.StartsWith("Digest ", RawServer.Header(requests[1], "Authorization"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cookies_of_a_challenge_and_callback_headers_are_sent_with_the_credentials()
    {
        int calls = 0;
        List<string> requests = await RunAsync(
            new()
            {
                Credentials = Alice,
                Cookies = new CookieContainer(),
                OnSendingRequest = (request, _) =>
                {
                    request.Headers = request.Headers.With("X-Call", $"{++calls}");
                    return default;
                },
            },
            [[Digest, "Set-Cookie: node=7"]]);

        Assert.Equal("node=7", RawServer.Header(requests[1], "Cookie"));
        Assert.Equal("2", RawServer.Header(requests[1], "X-Call"));
        Assert.Contains("Authorization: Digest", requests[1], StringComparison.Ordinal);
    }

    private Uri Address => new(_server.Address, "/chat?room=1");

    private async Task<List<string>> RunAsync(WebSocketClientOptions options, string[][] refusals, string? address = null)
    {
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(address ?? Address.ToString(), options);
        List<string> requests = [];
        foreach (string[] headers in refusals)
        {
            requests.Add(await RefuseAsync(string.Join("\r\n", headers)));
        }

        (RawPeer peer, string request) = await _server.AcceptAsync();
        using RawPeer _ = peer;
        requests.Add(request);
        await peer.SendAsync(RawServer.Accepting(request));
        (await connecting.WithDeadline()).Abort();
        return requests;
    }

    private async Task<string> RefuseAsync(string headers)
    {
        (RawPeer peer, string request) = await _server.AcceptAsync();
        await peer.SendAsync($"HTTP/1.1 401 No\r\n{headers}\r\nContent-Length: 2\r\n\r\nno");
        peer.Dispose();
        return request;
    }
}
