using System.Diagnostics.Metrics;
using System.Net;

namespace Sockeye.Tests;

/// <summary>What a proxy sends before, behind and instead of the response that opens a tunnel.</summary>
public sealed class ClientProxyRejectionTests
{
    private const string Basic = "Proxy-Authenticate: Basic realm=\"x\"\r\n";
    private const string Digest = "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256\r\n";
    private const string Stale =
        "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n2\", stale=true, qop=\"auth\", algorithm=SHA-256\r\n";

    // RFC 9110 §11.7.1: the response to a request with credentials comes on the same connection, which some schemes depend on.
    [Theory]
    [EachClient("Content-Length: 0\r\n\r\n")]
    [EachClient("Content-Length: 5\r\n\r\nnope!")]
    [EachClient("Content-Length: 8\r\n\r\n\r\n\r\n\n\n\r\n")]
    [EachClient("Transfer-Encoding: chunked\r\n\r\n5\r\nnope!\r\n0\r\n\r\n")]
    public async Task A_challenge_with_a_body_leaves_the_connection_usable(ClientKind kind, string rest)
    {
        using var proxy = new RawServer(Servers.OwnAddress);
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync("ws://example.invalid/chat", Through(kind, proxy));
        (RawPeer peer, _) = await proxy.AcceptAsync();
        using RawPeer _1 = peer;

        await peer.SendAsync("HTTP/1.1 407 No\r\n" + Digest + rest);
        await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 407 No\r\n" + Stale + rest);
        string connect = await peer.ReadHeadAsync();
        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
        string request = await peer.ReadHeadAsync();
        await peer.SendAsync(RawServer.Accepting(request) + "\u0081\u0005hello");
        WebSocketConnection client = await connecting.WithDeadline();

        Assert.Contains("nonce=\"n2\"", RawServer.Header(connect, "Proxy-Authorization"), StringComparison.Ordinal);
        Assert.Equal("hello", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.False(proxy.HasPending);
        client.Abort();
    }

    // A response that came before its request answers nothing.
    [Theory]
    [EachClient]
    public async Task A_200_right_behind_a_challenge_opens_no_tunnel(ClientKind kind)
    {
        using var proxy = new RawServer(Servers.OwnAddress);
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync("ws://example.invalid/chat", Through(kind, proxy));
        (RawPeer first, _) = await proxy.AcceptAsync();
        using RawPeer _1 = first;

        await first.SendAsync("HTTP/1.1 407 No\r\n" + Basic + "Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");

        (RawPeer second, string connect) = await proxy.AcceptAsync();
        using RawPeer _2 = second;
        Assert.Contains("Proxy-Authorization: Basic ", connect, StringComparison.Ordinal);
        Assert.Equal("", await first.ReadToEndAsync());
        second.Dispose();
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());
    }

    // CT-30, where the proxy has the name and the port of the server.
    [Theory]
    [EachClient("x")]
    [EachClient("\r\n")]
    public async Task Bytes_that_a_proxy_at_the_address_of_the_server_inserts_before_TLS_fail_TLS(ClientKind kind, string injected)
    {
        await using TlsRawServer server = new("");
        using var proxy = new RawServer();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"wss://{proxy.Address.Authority}/", Through(kind, proxy) with { Tls = TestCertificate.ForClient() });
        (RawPeer peer, string connect) = await proxy.AcceptAsync();
        using RawPeer _1 = peer;
        Assert.StartsWith($"CONNECT {proxy.Address.Authority} ", connect, StringComparison.Ordinal);

        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n" + injected);
        await using Relay tunnel = await Relay.ConnectAsync(peer, IPEndPoint.Parse(server.Address.Authority));
        WebSocketHandshakeException thrown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => connecting.WithDeadline());

        Assert.Equal((WebSocketHandshakeError.TlsFailed, WebSocketHandshakePhase.Tls), (thrown.Error, thrown.Phase));
    }

    // Its buffers would be kept until its finalizer runs.
    [Theory]
    [EachClient("ws")]
    [EachClient("wss")]
    public async Task The_HTTP_client_keeps_no_connection_of_a_tunnel(ClientKind kind, string scheme)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(
            Servers.OptionsOf(scheme == "wss" ? ServerKind.Tls : ServerKind.Socket));
        using var proxy = new RawServer(Servers.OwnAddress);
        int port = proxy.Address.Port;
        long open = 0;
        long opened = 0;
        using var meters = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name == "http.client.open_connections")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<long>((_, change, tags, _) =>
        {
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                // Other tests have connections too.
                if (tag is { Key: "server.address", Value: "a.tunnel.invalid" } || (tag.Key == "server.port" && Equals(tag.Value, port)))
                {
                    Interlocked.Add(ref open, change);
                    Interlocked.Add(ref opened, Math.Max(change, 0));
                    return;
                }
            }
        });
        meters.Start();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            $"{scheme}://a.tunnel.invalid/", Through(kind, proxy) with { Tls = scheme == "wss" ? TestCertificate.ForClient() : null });
        (RawPeer peer, _) = await proxy.AcceptAsync();
        using RawPeer _1 = peer;
        await peer.SendAsync("HTTP/1.1 200 OK\r\n\r\n");
        await using Relay tunnel = await Relay.ConnectAsync(peer, server.LocalEndPoint);

        WebSocketConnection client = await connecting.WithDeadline();
        await client.SendAsync("through");
        Assert.Equal("through", (await client.ReceiveMessageAsync().WithDeadline()).GetText());
        client.Abort();

        Assert.NotEqual(0, Interlocked.Read(ref opened));
        await Deadlines.UntilAsync(() => Interlocked.Read(ref open) == 0, "the HTTP client has closed its connections");
    }

    private static WebSocketClientOptions Through(ClientKind kind, RawServer proxy) => kind.Options() with
    {
        Proxy = new WebProxy($"http://{proxy.Address.Authority}/") { Credentials = new NetworkCredential("alice", "s3cret") },
    };
}
