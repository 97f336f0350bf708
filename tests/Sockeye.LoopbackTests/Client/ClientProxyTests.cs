using System.Net;

namespace Sockeye.Tests;

/// <summary>The process-wide proxy is changed here, so nothing else may connect meanwhile.</summary>
[Collection(nameof(ClientProxyTests))]
[CollectionDefinition(nameof(ClientProxyTests), DisableParallelization = true)]
public sealed class ClientProxyTests : IDisposable
{
    private readonly IWebProxy _before = HttpClient.DefaultProxy;

    public void Dispose() => HttpClient.DefaultProxy = _before;

    // RFC 6455 §4.1: "CONNECT example.com:80 HTTP/1.1".
    [Fact]
    public async Task A_proxy_gets_a_CONNECT_and_the_opening_handshake_runs_through_the_tunnel()
    {
        using var proxy = new RawServer();
        HttpClient.DefaultProxy = new WebProxy(new UriBuilder(proxy.Address) { Scheme = Uri.UriSchemeHttp }.Uri);
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync("ws://example.invalid/chat");
        (RawPeer peer, string connect) = await proxy.AcceptAsync();
        using RawPeer _ = peer;

        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
        string request = await peer.ReadHeadAsync();
        await peer.SendAsync(RawServer.Accepting(request));
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.StartsWith("CONNECT example.invalid:80 HTTP/1.1\r\n", connect, StringComparison.Ordinal);
        Assert.StartsWith("GET /chat HTTP/1.1\r\n", request, StringComparison.Ordinal);
        Assert.Equal("example.invalid", RawServer.Header(request, "Host"));
        client.Abort();
    }

    [Fact]
    public async Task UseProxy_false_uses_no_proxy()
    {
        await using WebSocketServer server = await Servers.StartEchoAsync();
        using var proxy = new RawServer();
        HttpClient.DefaultProxy = new WebProxy(new UriBuilder(proxy.Address) { Scheme = Uri.UriSchemeHttp }.Uri);

        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            server.Address(), new WebSocketClientOptions { UseProxy = false });

        Assert.False(proxy.HasPending);
    }
}
