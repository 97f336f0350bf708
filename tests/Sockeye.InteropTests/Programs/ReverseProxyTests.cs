using System.Net;
using System.Text;

namespace Sockeye.Tests;

/// <summary>Sockeye's client, a reverse proxy, and Sockeye's server.</summary>
public abstract class ReverseProxyTests
{
    // Pings come after a second, which is the shortest interval there is; four of them take longer than the timeout.
    private const int PingsBeyondTimeout = 4;
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(3);
    private static readonly KeepAliveOptions EverySecond =
        new KeepAliveOptions { PingInterval = TimeSpan.FromSeconds(1) };

    [Theory]
    [InlineData(BackendKind.Plain, false)]
    [InlineData(BackendKind.Plain, true)]
    [InlineData(BackendKind.Tls, false)]
    [InlineData(BackendKind.Tls, true)]
    [InlineData(BackendKind.UnixSocket, false)]
    [InlineData(BackendKind.UnixSocket, true)]
    public async Task Messages_pass_with_and_without_tls_on_either_side(BackendKind kind, bool isSecure)
    {
        await using BackendServer backend = await BackendServer.StartAsync(kind);
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());
        await using WebSocketConnection client = await ConnectAsync(isSecure ? proxy.Secure : proxy.Plain);
        WebSocketConnection server = await backend.NextConnectionAsync();

        foreach (int size in PeerPayloads.Sizes)
        {
            await client.SendAsync(PeerPayloads.Binary(size), WebSocketMessageKind.Binary, Deadline.Token());
            WebSocketMessage reply = await client.ReceiveMessageAsync(Deadline.Token());
            Assert.True(reply.Payload.Span.SequenceEqual(PeerPayloads.Binary(size)), $"{size} bytes came back as others.");
        }

        WebSocketCloseResult closed = await client.CloseAsync(cancellationToken: Deadline.Token());
        Assert.True(closed.WasClean);
        Assert.True((await server.Closed.WaitAsync(Deadline.Length)).WasClean);
        Assert.Equal(isSecure, server.Request!.IsSecure);
        Assert.Empty(backend.Warnings);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Message_of_five_megabytes_passes_in_both_directions(bool isSecure)
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());
        await using WebSocketConnection client = await ConnectAsync(isSecure ? proxy.Secure : proxy.Plain);
        byte[] payload = PeerPayloads.Json(5_000_000, new Random(1));

        await client.SendAsync(payload, WebSocketMessageKind.Text, compress: false, Deadline.Token());
        WebSocketMessage reply = await client.ReceiveMessageAsync(Deadline.Token());

        Assert.True(reply.Payload.Span.SequenceEqual(payload));
    }

    [Fact]
    public async Task Close_code_and_reason_pass_in_both_directions()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());

        await using WebSocketConnection leaving = await ConnectAsync(proxy.Plain);
        await leaving.CloseAsync((WebSocketCloseCode)4001, "Auf Wiedersehen", Deadline.Token());
        WebSocketCloseResult left = await (await backend.NextConnectionAsync()).Closed.WaitAsync(Deadline.Length);
        await using WebSocketConnection sentAway = await ConnectAsync(new Uri(proxy.Plain, "/close"));
        await sentAway.SendAsync("4002 Bis später", Deadline.Token());
        WebSocketCloseResult sent = await sentAway.Closed.WaitAsync(Deadline.Length);

        Assert.Equal((4001, "Auf Wiedersehen", true), ((int)left.Code, left.Reason, left.WasClean));
        Assert.Equal((4002, "Bis später", true), ((int)sent.Code, sent.Reason, sent.WasClean));
    }

    [Fact]
    public async Task Subprotocol_and_compression_are_negotiated_through_the_proxy()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());

        await using WebSocketConnection client = await ConnectAsync(
            proxy.Plain, options => new() { Tls = options.Tls, Subprotocols = ["chat.v9", "chat.v1"] });
        await CompressedExchange.RunAsync(client, seed: 1);

        Assert.Equal("chat.v1", client.Subprotocol);
        Assert.StartsWith("permessage-deflate", client.Extensions, StringComparison.Ordinal);
        Assert.Equal(client.Extensions, (await backend.NextConnectionAsync()).Extensions);
    }

    [Fact]
    public async Task Rejection_passes_with_status_headers_and_body()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());

        WebSocketHandshakeException refusal = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(new Uri(proxy.Secure, "/secret")));

        Assert.Equal(401, refusal.StatusCode);
        Assert.Contains(new("WWW-Authenticate", "Basic realm=\"here\""), refusal.Headers);
        Assert.Equal("Say who you are.\n", Encoding.UTF8.GetString(refusal.Body.Span));
    }

    [Fact]
    public async Task Idle_connection_survives_if_the_server_pings()
    {
        await using BackendServer backend = await BackendServer.StartAsync(keepAlive: EverySecond);
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings(IdleTimeout));

        await Task.WhenAll(SurviveAsync(proxy.Plain), SurviveAsync(proxy.Secure));

        static async Task SurviveAsync(Uri address)
        {
            NotingHandler handler = new();
            await using WebSocketConnection client =
                await WebSocketClient.ConnectAsync(address, handler, OptionsFor(address), Deadline.Token());

            await handler.PingsAsync(PingsBeyondTimeout);
            await client.SendAsync("still here?", Deadline.Token());

            Assert.Equal("still here?", await handler.NextTextAsync());
        }
    }

    [Fact]
    public async Task Idle_connection_without_pings_ends_for_both_ends()
    {
        await using BackendServer backend = await BackendServer.StartAsync(keepAlive: KeepAliveOptions.Disabled);
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings(IdleTimeout));
        await using WebSocketConnection plain = await ConnectAsync(proxy.Plain);
        await using WebSocketConnection secure = await ConnectAsync(proxy.Secure);
        WebSocketConnection[] ofServer = [await backend.NextConnectionAsync(), await backend.NextConnectionAsync()];

        WebSocketCloseResult[] ends = await Task.WhenAll(
            from connection in ofServer.Append(plain).Append(secure) select connection.Closed).WaitAsync(Deadline.Length);

        Assert.All(ends, end => Assert.Equal(WebSocketCloseCode.AbnormalClosure, end.Code));
        Assert.Empty(backend.Warnings);
    }

    [Fact]
    public async Task Both_ends_see_the_connection_end_when_the_proxy_dies()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());
        await using WebSocketConnection client = await ConnectAsync(proxy.Secure);
        WebSocketConnection server = await backend.NextConnectionAsync();

        await proxy.Process.KillAsync();
        WebSocketCloseResult[] ends = await Task.WhenAll(client.Closed, server.Closed).WaitAsync(Deadline.Length);

        Assert.All(ends, end => Assert.Equal(WebSocketCloseCode.AbnormalClosure, end.Code));
    }

    [Fact]
    public async Task Stopping_server_closes_with_1001_through_the_proxy()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());
        await using WebSocketConnection client = await ConnectAsync(proxy.Secure);
        await backend.NextConnectionAsync();

        await backend.Server.StopAsync(Deadline.Token());
        WebSocketCloseResult closed = await client.Closed.WaitAsync(Deadline.Length);

        Assert.Equal(WebSocketCloseCode.GoingAway, closed.Code);
        Assert.True(closed.WasClean);
    }

    /// <summary>If the server is down, the proxy responds instead.</summary>
    [Fact]
    public async Task Client_gets_502_or_503_if_the_server_is_down()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());
        await backend.Server.StopAsync(Deadline.Token());

        WebSocketHandshakeException refusal =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(proxy.Plain));

        Assert.Equal(WebSocketHandshakeError.UnexpectedStatusCode, refusal.Error);
        Assert.True(refusal.StatusCode is 502 or 503, $"{refusal.StatusCode}");
    }

    /// <summary>
    /// The server closes behind what it refuses. The client's connection to the proxy goes on, and is upgraded in the end.
    /// </summary>
    [Fact]
    public async Task Rejected_requests_and_an_upgrade_share_one_connection_to_the_proxy()
    {
        await using BackendServer backend = await BackendServer.StartAsync();
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());
        await using RawHttp client = await RawHttp.ConnectAsync(proxy.PlainPort);
        string[] upgrade =
        [
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ];

        RawHttp.Answer plain = await client.GetAsync("/");
        RawHttp.Answer unknownVersion = await client.GetAsync("/", [.. upgrade[..2], "Sec-WebSocket-Version: 12", upgrade[3]]);
        RawHttp.Answer refused = await client.GetAsync("/secret", upgrade);
        RawHttp.Answer plainAgain = await client.GetAsync("/");
        RawHttp.Answer accepted = await client.GetAsync("/", upgrade);
        await client.SendAsync([0x81, 0x82, 0x00, 0x00, 0x00, 0x00, 0x48, 0x69]);
        byte[] echo = await client.ReceiveAsync(4);

        Assert.Equal(426, plain.Status);
        Assert.Equal(426, unknownVersion.Status);
        Assert.Equal("13, 8", unknownVersion["Sec-WebSocket-Version"]);
        Assert.Equal((401, "Say who you are.\n"), (refused.Status, refused.Body));
        Assert.Equal(426, plainAgain.Status);
        Assert.Equal(101, accepted.Status);
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", accepted["Sec-WebSocket-Accept"]);
        Assert.Equal("81024869", Convert.ToHexString(echo));
        Assert.Empty(backend.Warnings);
    }

    /// <summary>The client's own values of these headers are forwarded and must not be used.</summary>
    [Theory]
    [InlineData("/", BackendKind.Plain)]
    [InlineData("/", BackendKind.Tls)]
    [InlineData("/", BackendKind.UnixSocket)]
    [InlineData("/forwarded", BackendKind.Plain)]
    public async Task Server_takes_the_client_address_from_the_proxy_and_not_from_the_client(
        string path, BackendKind kind)
    {
        await using BackendServer backend = await BackendServer.StartAsync(kind, useForwarded: path == "/forwarded");
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());

        await using WebSocketConnection client = await ConnectAsync(
            new Uri(proxy.Secure, path),
            options => new()
            {
                Tls = options.Tls,
                LocalEndPoint = new IPEndPoint(IPAddress.Parse("127.0.0.7"), 0),
                Origin = $"https://127.0.0.1:{proxy.SecurePort}",
                RequestHeaders =
                [
                    new("X-Forwarded-For", "203.0.113.9"),
                    new("X-Forwarded-Proto", "http"),
                    new("Forwarded", "for=203.0.113.9;proto=http"),
                ],
            });
        WebSocketUpgradeRequest request = (await backend.NextConnectionAsync()).Request!;

        Assert.Equal(IPAddress.Parse("127.0.0.7"), request.ClientIPAddress);
        Assert.True(request.IsSecure);
    }

    [Theory]
    [InlineData(BackendKind.Plain)]
    [InlineData(BackendKind.Tls)]
    public async Task Page_served_by_the_proxy_without_tls_is_same_origin(BackendKind kind)
    {
        await using BackendServer backend = await BackendServer.StartAsync(kind);
        await using ReverseProxy proxy = await StartProxyAsync(backend.Settings());

        await using WebSocketConnection client = await ConnectAsync(
            proxy.Plain, _ => new() { Origin = $"http://127.0.0.1:{proxy.PlainPort}" });
        WebSocketHandshakeException refusal = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(proxy.Plain, _ => new() { Origin = "http://example.com" }));

        Assert.Equal(403, refusal.StatusCode);
    }

    private protected abstract Task<ReverseProxy> StartProxyAsync(ReverseProxySettings settings);

    private protected static WebSocketClientOptions OptionsFor(Uri address) =>
        new() { Tls = address.Scheme == Uri.UriSchemeWss ? TestCertificate.ForCheckingClient() : null };

    private protected static Task<WebSocketConnection> ConnectAsync(
        Uri address, Func<WebSocketClientOptions, WebSocketClientOptions>? change = null) =>
        WebSocketClient.ConnectAsync(address, change is null ? OptionsFor(address) : change(OptionsFor(address)), Deadline.Token());
}
