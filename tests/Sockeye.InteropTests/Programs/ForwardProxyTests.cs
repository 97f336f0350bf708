using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sockeye.Tests;

/// <summary>Sockeye's client through a forward proxy to Sockeye's server.</summary>
public abstract class ForwardProxyTests
{
    private const int Stop = 19;

    private protected static readonly NetworkCredential Alice = new("alice", "s3cret");

    [Theory]
    [InlineData(BackendKind.Plain)]
    [InlineData(BackendKind.Tls)]
    public async Task Messages_pass_with_and_without_tls(BackendKind kind)
    {
        await using BackendServer backend = await BackendServer.StartAsync(kind);
        await using ForwardProxy proxy = await StartProxyAsync(credential: null);

        await using WebSocketConnection client = await ConnectAsync(backend, Options(proxy));
        foreach (int size in PeerPayloads.Sizes)
        {
            await client.SendAsync(PeerPayloads.Binary(size), WebSocketMessageKind.Binary, Deadline.Token());
            WebSocketMessage reply = await client.ReceiveMessageAsync(Deadline.Token());
            Assert.True(reply.Payload.Span.SequenceEqual(PeerPayloads.Binary(size)), $"{size} bytes came back as others.");
        }

        WebSocketCloseResult closed = await client.CloseAsync((WebSocketCloseCode)4001, "bye", Deadline.Token());
        WebSocketCloseResult seen = await (await backend.NextConnectionAsync()).Closed.WaitAsync(Deadline.Length);

        Assert.True(closed.WasClean);
        Assert.Equal((4001, "bye", true), ((int)seen.Code, seen.Reason, seen.WasClean));
    }

    [Theory]
    [InlineData(BackendKind.Plain)]
    [InlineData(BackendKind.Tls)]
    public async Task Proxy_credentials_reach_the_proxy_but_not_the_server(BackendKind kind)
    {
        await using BackendServer backend = await BackendServer.StartAsync(kind);
        await using ForwardProxy proxy = await StartProxyAsync(Alice);

        await using WebSocketConnection client = await ConnectAsync(backend, Options(proxy, Alice));
        WebSocketUpgradeRequest request = (await backend.NextConnectionAsync()).Request!;

        string secret = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Alice.UserName}:{Alice.Password}"));
        Assert.DoesNotContain(request.Headers, header => header.Key.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(request.Headers, header => header.Value.Contains(secret, StringComparison.Ordinal));
        Assert.Null(request.Headers["Authorization"]);
    }

    /// <summary>The proxy does not get the credentials of the server either.</summary>
    [Fact]
    public async Task Server_credentials_reach_the_server()
    {
        await using BackendServer backend = await BackendServer.StartAsync(BackendKind.Tls);
        await using ForwardProxy proxy = await StartProxyAsync(Alice);

        await using WebSocketConnection client = await ConnectAsync(
            backend, Options(proxy, Alice, new NetworkCredential("bob", "pass")), "/secret");

        string? authorization = (await backend.NextConnectionAsync()).Request!.Headers["Authorization"];
        Assert.Equal("Basic " + Convert.ToBase64String("bob:pass"u8), authorization);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    public async Task Proxy_rejects_a_wrong_password(string? password)
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ForwardProxy proxy = await StartProxyAsync(Alice);
        NetworkCredential? credential = password is null ? null : new NetworkCredential(Alice.UserName, password);

        WebSocketHandshakeException refusal = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(backend, Options(proxy, credential)));

        Assert.Equal((WebSocketHandshakeError.ProxyFailed, WebSocketHandshakePhase.Proxy), (refusal.Error, refusal.Phase));
        Assert.Equal(StatusOfRefusal(isAnonymous: password is null), refusal.StatusCode);
    }

    [Fact]
    public async Task Proxy_reports_that_the_server_is_unreachable()
    {
        await using ForwardProxy proxy = await StartProxyAsync(credential: null);

        WebSocketHandshakeException refusal = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync($"ws://127.0.0.1:{FreePort.Next()}", Options(proxy), Deadline.Token()));

        Assert.Equal((WebSocketHandshakeError.ProxyFailed, WebSocketHandshakePhase.Proxy), (refusal.Error, refusal.Phase));
    }

    [Fact]
    public async Task Rejection_by_the_server_is_not_attributed_to_the_proxy()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ForwardProxy proxy = await StartProxyAsync(credential: null);

        WebSocketHandshakeException refusal = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(backend, Options(proxy), "/secret"));

        Assert.Equal((WebSocketHandshakeError.UnexpectedStatusCode, 401), (refusal.Error, refusal.StatusCode));
    }

    [Fact]
    public async Task Unreachable_proxy_is_named_in_the_exception()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ForwardProxy proxy = await StartProxyAsync(credential: null);
        await proxy.Process.KillAsync();

        WebSocketHandshakeException failure = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(backend, Options(proxy)));

        Assert.Equal((WebSocketHandshakeError.NotReachable, WebSocketHandshakePhase.Connect), (failure.Error, failure.Phase));
    }

    [Fact]
    public async Task Proxy_that_dies_before_its_response_ends_the_attempt()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ForwardProxy proxy = await StartProxyAsync(credential: null);
        WebSocketClientOptions options = new()
        {
            Proxy = new WebProxy(proxy.Address),
            ConnectCallback = async (context, cancellation) =>
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.EndPoint, cancellation);
                await proxy.Process.KillAsync();
                return new NetworkStream(socket, ownsSocket: true);
            },
        };

        WebSocketHandshakeException failure = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(backend, options));

        Assert.Equal(WebSocketHandshakeError.ProxyFailed, failure.Error);
    }

    [Fact]
    public async Task Silent_proxy_fails_the_attempt_at_the_handshake_timeout()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ForwardProxy proxy = await StartProxyAsync(credential: null);
        proxy.Process.Signal(Stop);
        WebSocketClientOptions options = new()
        {
            Proxy = new WebProxy(proxy.Address),
            HandshakeTimeout = TimeSpan.FromMilliseconds(500),
        };

        WebSocketHandshakeException failure = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(backend, options));

        Assert.Equal((WebSocketHandshakeError.TimedOut, WebSocketHandshakePhase.Proxy), (failure.Error, failure.Phase));
    }

    [Fact]
    public async Task Both_ends_see_the_connection_end_when_the_proxy_dies()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ForwardProxy proxy = await StartProxyAsync(credential: null);
        await using WebSocketConnection client = await ConnectAsync(backend, Options(proxy));
        WebSocketConnection server = await backend.NextConnectionAsync();

        await proxy.Process.KillAsync();
        WebSocketCloseResult[] ends = await Task.WhenAll(client.Closed, server.Closed).WaitAsync(Deadline.Length);

        Assert.All(ends, end => Assert.Equal(WebSocketCloseCode.AbnormalClosure, end.Code));
    }

    /// <summary>The proxy's response to missing or wrong credentials; null if it does not use HTTP.</summary>
    private protected abstract int? StatusOfRefusal(bool isAnonymous);

    private protected abstract Task<ForwardProxy> StartProxyAsync(NetworkCredential? credential);

    private static WebSocketClientOptions Options(
        ForwardProxy proxy, NetworkCredential? ofProxy = null, NetworkCredential? ofServer = null)
    {
        WebProxy address = new(proxy.Address) { Credentials = ofProxy };
        return new() { Proxy = address, Credentials = ofServer };
    }

    private static Task<WebSocketConnection> ConnectAsync(
        BackendServer backend, WebSocketClientOptions options, string path = "/") =>
        WebSocketClient.ConnectAsync(
            new Uri(backend.Address, path),
            backend.Address.Scheme == Uri.UriSchemeWss ? options with { Tls = TestCertificate.ForCheckingClient() } : options,
            Deadline.Token());
}
