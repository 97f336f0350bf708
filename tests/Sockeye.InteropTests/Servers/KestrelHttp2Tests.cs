using System.Net;
using System.Net.Security;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Sockeye.Tests;

/// <summary>Sockeye's client over HTTP/2 (RFC 8441) with Kestrel.</summary>
public sealed class KestrelHttp2Tests
{
    [Theory]
    [InlineData(true, WebSocketHttp2Policy.WhenOffered)]
    [InlineData(true, WebSocketHttp2Policy.Only)]
    [InlineData(false, WebSocketHttp2Policy.Only)]
    public async Task Messages_of_every_length_come_back_over_HTTP2(bool isSecure, WebSocketHttp2Policy policy)
    {
        await using KestrelHttp2Server server = await StartAsync(isSecure);
        await using WebSocketConnection connection = await ConnectAsync(server, "/echo", policy);

        foreach (int size in PeerPayloads.Sizes)
        {
            ValueTask sending = connection.SendAsync(PeerPayloads.Binary(size), WebSocketMessageKind.Binary, cancellationToken: Deadline.Token());
            WebSocketMessage received = await connection.ReceiveMessageAsync(Deadline.Token());
            await sending;
            Assert.Equal(PeerPayloads.Sha256(PeerPayloads.Binary(size)), PeerPayloads.Sha256(received.Payload.Span));
        }

        WebSocketCloseResult closed = await connection.CloseAsync(reason: "done", cancellationToken: Deadline.Token());

        Assert.True(closed.WasClean);
        Assert.Equal("1000 done", await server.NextEndAsync());
        Assert.Equal(200, connection.Response!.StatusCode);
    }

    // RFC 8441 §5: no key, no accept, no Upgrade, no Connection.
    [Fact]
    public async Task The_request_is_an_extended_CONNECT_with_the_requested_headers()
    {
        await using KestrelHttp2Server server = await StartAsync(isSecure: true);
        var cookies = new CookieContainer();
        cookies.Add(new Uri("https://127.0.0.1/"), new Cookie("sent", "1"));

        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            new Uri(server.Address, "/compress?a=b"),
            new WebSocketClientOptions
            {
                Http2 = WebSocketHttp2Policy.WhenOffered,
                Tls = KestrelHttp2Server.Trusting,
                Subprotocols = ["other", "chat"],
                Origin = "https://example.com",
                Credentials = new NetworkCredential("alice", "s3cret"),
                PreAuthenticate = true,
                Cookies = cookies,
                Host = "example.com",
                RequestHeaders = [new("X-A", "b"), new("Keep-Alive", "5"), new("Proxy-Connection", "x")],
            },
            Deadline.Token());

        KestrelHttp2Server.Asked asked = await server.NextRequestAsync();
        Assert.Equal(("HTTP/2", "CONNECT"), (asked.Protocol, asked.Method));
        Assert.Equal("13", asked.Headers["Sec-WebSocket-Version"]);
        Assert.Equal("other, chat", asked.Headers["Sec-WebSocket-Protocol"]);
        Assert.Equal("permessage-deflate; client_max_window_bits", asked.Headers["Sec-WebSocket-Extensions"]);
        Assert.Equal("https://example.com", asked.Headers["Origin"]);
        Assert.Equal("Basic YWxpY2U6czNjcmV0", asked.Headers["Authorization"]);
        Assert.Equal("sent=1", asked.Headers["Cookie"]);
        Assert.Equal("example.com", asked.Headers["Host"]);
        Assert.Equal("b", asked.Headers["X-A"]);
        Assert.Empty(asked.Headers.Keys.Intersect(
            ["Sec-WebSocket-Key", "Connection", "Upgrade", "Keep-Alive", "Proxy-Connection"],
            StringComparer.OrdinalIgnoreCase));
        Assert.Equal("chat", connection.Subprotocol);
        Assert.StartsWith("permessage-deflate", connection.Extensions, StringComparison.Ordinal);
        Assert.Equal("1", cookies.GetCookies(new Uri("https://127.0.0.1/"))["given"]!.Value);
        await connection.SendAsync(new string('a', 10_000), cancellationToken: Deadline.Token());
        Assert.Equal(10_000, (await connection.ReceiveMessageAsync(Deadline.Token())).Payload.Length);
    }

    [Theory]
    [InlineData(HttpProtocols.Http1, true, WebSocketHttp2Policy.WhenOffered)]
    [InlineData(HttpProtocols.Http1AndHttp2, true, WebSocketHttp2Policy.Never)]
    [InlineData(HttpProtocols.Http1, false, WebSocketHttp2Policy.WhenOffered)]
    public async Task HTTP1_is_used_if_HTTP2_is_unavailable(HttpProtocols protocols, bool isSecure, WebSocketHttp2Policy policy)
    {
        await using KestrelHttp2Server server = await KestrelHttp2Server.StartAsync(protocols, isSecure);

        await using WebSocketConnection connection = await ConnectAsync(server, "/echo", policy);

        Assert.Equal("HTTP/1.1", (await server.NextRequestAsync()).Protocol);
        Assert.Equal(101, connection.Response!.StatusCode);
    }

    // RFC 7301. An application's list of protocols may have been made for other clients.
    [Fact]
    public async Task A_client_without_HTTP2_does_not_offer_it()
    {
        await using KestrelHttp2Server server = await StartAsync(isSecure: true);
        SslClientAuthenticationOptions tls = KestrelHttp2Server.Trusting;
        tls.ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address, new WebSocketClientOptions { Tls = tls }, Deadline.Token());

        Assert.Equal("HTTP/1.1", (await server.NextRequestAsync()).Protocol);
        Assert.Equal(2, tls.ApplicationProtocols.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_without_HTTP2_fails_the_handshake_if_HTTP2_is_required(bool isSecure)
    {
        await using KestrelHttp2Server server = await KestrelHttp2Server.StartAsync(HttpProtocols.Http1, isSecure);

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(server, "/echo", WebSocketHttp2Policy.Only));

        // Without TLS it answers by HTTP/1.1, and drops what it did not understand: the reset may overtake the answer.
        WebSocketHandshakeError[] expected = isSecure
            ? [WebSocketHandshakeError.ExtendedConnectNotOffered]
            : [WebSocketHandshakeError.ExtendedConnectNotOffered, WebSocketHandshakeError.ConnectionLost];
        Assert.Contains(thrown.Error, expected);
    }

    [Fact]
    public async Task A_rejection_has_status_headers_and_body()
    {
        await using KestrelHttp2Server server = await StartAsync(isSecure: true);

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => ConnectAsync(server, "/refuse", WebSocketHttp2Policy.WhenOffered));

        Assert.Equal((WebSocketHandshakeError.UnexpectedStatusCode, 401), (thrown.Error, thrown.StatusCode));
        Assert.Equal("who are you?", Encoding.UTF8.GetString(thrown.Body.Span));
        Assert.Contains(thrown.Headers, header => header is { Key: "WWW-Authenticate", Value: "Basic realm=\"x\"" });
    }

    [Fact]
    public async Task A_server_that_selects_no_subprotocol_fails_the_handshake()
    {
        await using KestrelHttp2Server server = await StartAsync(isSecure: true);

        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(
                server.Address,
                new WebSocketClientOptions
                {
                    Http2 = WebSocketHttp2Policy.Only,
                    Tls = KestrelHttp2Server.Trusting,
                    Subprotocols = ["other"],
                },
                Deadline.Token()));

        Assert.Equal(WebSocketHandshakeError.MissingSubprotocol, thrown.Error);
        Assert.Equal("aborted", await server.NextEndAsync());
    }

    [Fact]
    public async Task A_redirect_is_followed_over_HTTP2()
    {
        await using KestrelHttp2Server server = await StartAsync(isSecure: true);

        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            new Uri(server.Address, "/redirect"),
            new WebSocketClientOptions
            {
                Http2 = WebSocketHttp2Policy.WhenOffered,
                Tls = KestrelHttp2Server.Trusting,
                MaxRedirects = 1,
            },
            Deadline.Token());

        Assert.Equal("HTTP/2", (await server.NextRequestAsync()).Protocol);
        Assert.Equal("HTTP/2", (await server.NextRequestAsync()).Protocol);
        Assert.Equal("/echo?from=redirect", connection.Response!.Address.PathAndQuery);
    }

    [Fact]
    public async Task A_close_by_the_server_is_received_with_its_code()
    {
        await using KestrelHttp2Server server = await StartAsync(isSecure: true);
        await using WebSocketConnection connection = await ConnectAsync(server, "/echo", WebSocketHttp2Policy.Only);

        await connection.SendAsync("close", Deadline.Token());
        WebSocketCloseResult closed = await connection.Closed.WaitAsync(Deadline.Length);

        Assert.Equal((true, 1001, "gone"), (closed.WasClean, (int)closed.Code, closed.Reason));
        Assert.Equal(1001, int.Parse((await server.NextEndAsync())[..4], System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task A_stream_reset_by_the_server_is_an_abnormal_closure()
    {
        await using KestrelHttp2Server server = await StartAsync(isSecure: true);
        await using WebSocketConnection connection = await ConnectAsync(server, "/echo", WebSocketHttp2Policy.Only);

        await connection.SendAsync("abort", Deadline.Token());
        WebSocketCloseResult closed = await connection.Closed.WaitAsync(Deadline.Length);

        Assert.Equal((false, 1006), (closed.WasClean, (int)closed.Code));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_abort_of_the_client_ends_the_stream_for_the_server(bool isSecure)
    {
        await using KestrelHttp2Server server = await StartAsync(isSecure);
        WebSocketConnection connection = await ConnectAsync(server, "/echo", WebSocketHttp2Policy.Only);

        connection.Abort();

        Assert.Equal("aborted", await server.NextEndAsync());
        Assert.Equal(1006, (int)(await connection.Closed.WaitAsync(Deadline.Length)).Code);
    }

    [Fact]
    public async Task Canceling_ends_a_request_without_a_response()
    {
        await using KestrelHttp2Server server = await StartAsync(isSecure: true);
        using var cancellation = new CancellationTokenSource();
        Task<WebSocketConnection> connecting = WebSocketClient.ConnectAsync(
            new Uri(server.Address, "/silent"),
            new WebSocketClientOptions { Http2 = WebSocketHttp2Policy.Only, Tls = KestrelHttp2Server.Trusting },
            cancellation.Token);
        await server.NextRequestAsync();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(Deadline.Length));
        Assert.Equal("aborted", await server.NextEndAsync());
    }

    [Fact]
    public async Task Each_WebSocket_has_its_own_HTTP2_connection()
    {
        const int Count = 20;
        await using KestrelHttp2Server server = await StartAsync(isSecure: true);

        WebSocketConnection[] connections = await Task.WhenAll(Enumerable.Range(0, Count)
            .Select(_ => ConnectAsync(server, "/echo", WebSocketHttp2Policy.Only)));
        var used = new HashSet<string>();
        foreach (WebSocketConnection connection in connections)
        {
            used.Add((await server.NextRequestAsync()).Connection);
            await connection.SendAsync("hello", Deadline.Token());
            Assert.Equal("hello", (await connection.ReceiveMessageAsync(Deadline.Token())).GetText());
        }

        Assert.Equal(Count, used.Count);
        Assert.All(
            await Task.WhenAll(connections.Select(connection => connection.CloseAsync(cancellationToken: Deadline.Token()).AsTask())),
            closed => Assert.True(closed.WasClean));
    }

    private static Task<KestrelHttp2Server> StartAsync(bool isSecure) =>
        KestrelHttp2Server.StartAsync(isSecure ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http2, isSecure);

    private static Task<WebSocketConnection> ConnectAsync(
        KestrelHttp2Server server, string path, WebSocketHttp2Policy policy) => WebSocketClient.ConnectAsync(
            new Uri(server.Address, path),
            new WebSocketClientOptions
            {
                Http2 = policy,
                Tls = server.Address.Scheme == Uri.UriSchemeWss ? KestrelHttp2Server.Trusting : null,
            },
            Deadline.Token());
}
