using System.Net;
using System.Net.WebSockets;

namespace Sockeye.Tests;

public sealed class HAProxyTests : ReverseProxyTests
{
    // The request of RFC 6455 §1.3. Without "ver" HAProxy would send HTTP/1.0, which gets 505.
    private const string UpgradeCheck = """
        option httpchk
          http-check send meth GET uri / ver HTTP/1.1 hdr Host localhost hdr Connection Upgrade hdr Upgrade websocket hdr Sec-WebSocket-Version 13 hdr Sec-WebSocket-Key dGhlIHNhbXBsZSBub25jZQ==
          http-check expect status 101
        """;

    private const string PlainCheck = """
        option httpchk
          http-check send meth GET uri / ver HTTP/1.1 hdr Host localhost
          http-check expect status 426
        """;

    [Fact]
    public async Task Plain_health_check_gets_426_and_marks_the_server_up()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using HAProxy proxy = await HAProxy.StartAsync(backend.Settings(), PlainCheck);

        WebSocketHandshakeFailure[] checks = [await backend.NextFailureAsync(), await backend.NextFailureAsync()];
        await using WebSocketConnection client = await ConnectAsync(proxy.Plain);

        Assert.All(checks, check => Assert.Equal((WebSocketHandshakeError.MissingUpgrade, 426), (check.Error, check.StatusCode)));
        await proxy.CheckedAsync("check_code", "426");
        Assert.StartsWith("UP", await proxy.ServerStateAsync("status"), StringComparison.Ordinal);
        Assert.Empty(backend.Warnings);
    }

    [Fact]
    public async Task Upgrade_health_check_gets_101_and_leaves_no_connection()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using HAProxy proxy = await HAProxy.StartAsync(backend.Settings(), UpgradeCheck);

        WebSocketConnection[] checks = [await backend.NextConnectionAsync(), await backend.NextConnectionAsync()];
        await Task.WhenAll(checks.Select(check => check.Closed)).WaitAsync(Deadline.Length);

        await proxy.CheckedAsync("check_code", "101");
        Assert.StartsWith("UP", await proxy.ServerStateAsync("status"), StringComparison.Ordinal);
        Assert.Empty(backend.Warnings);
    }

    /// <summary>A check that connects, and resets the connection at once.</summary>
    [Theory]
    [InlineData(BackendKind.Plain, "L4OK")]
    [InlineData(BackendKind.Tls, "L6OK")]
    public async Task Connect_only_health_check_is_not_logged(BackendKind kind, string expected)
    {
        await using BackendServer backend = await BackendServer.StartAsync(kind);
        await using HAProxy proxy = await HAProxy.StartAsync(backend.Settings(), "option tcp-check");

        await proxy.CheckedAsync("check_status", expected);
        await using WebSocketConnection client = await ConnectAsync(proxy.Plain);

        Assert.Empty(backend.Warnings);
    }

    [Fact]
    public async Task Soft_stop_of_the_proxy_keeps_open_connections()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using HAProxy proxy = await HAProxy.StartAsync(backend.Settings());
        await using WebSocketConnection client = await ConnectAsync(proxy.Plain);

        proxy.Process.Signal(HAProxy.SoftStopSignal);
        await PeerProcess.RefusesAsync(proxy.PlainPort);
        await client.SendAsync("still here?", Deadline.Token());
        WebSocketMessage reply = await client.ReceiveMessageAsync(Deadline.Token());
        string text = reply.GetText();
        WebSocketCloseResult closed = await client.CloseAsync(cancellationToken: Deadline.Token());

        Assert.Equal("still here?", text);
        Assert.True(closed.WasClean);
        Assert.Equal(0, await proxy.Process.EndsAsync());
    }

    /// <summary>HAProxy translates the CONNECT of HTTP/2 to an HTTP/1.1 upgrade (RFC 8441 §4).</summary>
    [Fact]
    public async Task Proxy_forwards_an_HTTP2_client_as_an_HTTP1_upgrade()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using HAProxy proxy = await HAProxy.StartAsync(backend.Settings());
        using SocketsHttpHandler handler = new() { SslOptions = TestCertificate.ForCheckingClient() };
        using HttpMessageInvoker invoker = new(handler);
        using ClientWebSocket client = new();
        client.Options.HttpVersion = HttpVersion.Version20;
        client.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        client.Options.AddSubProtocol("chat.v1");

        await client.ConnectAsync(proxy.Secure, invoker, Deadline.Token());
        await client.SendTextAsync("over HTTP/2");
        DotnetMessages.Received? reply = await client.ReceiveMessageAsync();
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, "", Deadline.Token());

        Assert.Equal("over HTTP/2", reply?.Text);
        Assert.Equal("chat.v1", client.SubProtocol);
        WebSocketCloseResult closed = await (await backend.NextConnectionAsync()).Closed.WaitAsync(Deadline.Length);
        Assert.Equal((WebSocketCloseCode.NormalClosure, true), (closed.Code, closed.WasClean));
    }

    private protected override async Task<ReverseProxy> StartProxyAsync(ReverseProxySettings settings) =>
        await HAProxy.StartAsync(settings);
}
