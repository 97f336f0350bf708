using System.Collections.Concurrent;
using System.Text;

namespace Sockeye.Tests;

/// <summary>Plain HTTP requests to which the application responds, for example health checks.</summary>
public sealed class PlainRequestTests
{
    private const string Expected =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\nX-A: 1\r\n\r\n";

    [Theory]
    [EachServer("GET /health HTTP/1.1\r\nHost: a\r\n\r\n", Expected + "ok\n", false)]
    [EachServer("GET /health HTTP/1.1\r\nHost: a\r\n\r\n", Expected + "ok\n", true)]
    [EachServer("HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n", Expected, false)]
    [EachServer("HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n", Expected, true)]
    [EachServer("GET //health?a=%00 HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\n\r\n", Expected + "ok\n", false)]
    [EachServer("GET http://a/health HTTP/1.1\r\nHost: b\r\nConnection: keep-alive\r\n\r\n", Expected + "ok\n", false)]
    [EachServer("GET /health HTTP/1.0\r\n\r\n", Expected + "ok\n", false)]
    [EachServer("GET /health HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", Expected + "ok\n", true)]
    public async Task A_plain_request_gets_the_applications_response_and_the_connection_is_closed(
        ServerKind kind, string request, string expected, bool isLate)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await StartAsync(
            Servers.OptionsOf(kind) with { LoggerFactory = log, OnHandshakeFailed = _ => throw new InvalidOperationException() },
            isLate);
        using RawPeer client = await ConnectAsync(kind, server);

        await client.SendAsync(request);

        Assert.Equal(expected, await client.ReadToEndAsync());
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "nothing is left of it");
        Assert.Contains(log.Entries, entry => entry.EventId == 112 && entry.Message.EndsWith("with 200", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Entries, entry => entry.EventId is >= 101 and <= 111);
    }

    [Theory]
    [EachServer(false)]
    [EachServer(true)]
    public async Task Bytes_after_a_plain_request_are_never_parsed(ServerKind kind, bool isLate)
    {
        var asked = new ConcurrentQueue<string>();
        await using WebSocketServer server = await StartAsync(Servers.OptionsOf(kind), isLate, asked);
        using RawPeer client = await ConnectAsync(kind, server);

        await client.SendAsync(
            "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
            + string.Concat(Enumerable.Repeat("GET /secret HTTP/1.1\r\nHost: a\r\n\r\n", 5_000))
            + RawPeer.Request("/secret"));

        Assert.Equal(Expected + "ok\n", await client.ReadToEndAsync());
        Assert.Equal(["/health"], asked);
        Assert.Empty(server.GetConnections());
    }

    [Theory]
    [EachServer("GET /other HTTP/1.1\r\nHost: a\r\n\r\n", 426, true, IsPlain = true)]
    [EachServer("HEAD /other HTTP/1.1\r\nHost: a\r\n\r\n", 405, true, IsPlain = true)]
    [EachServer("GET /other HTTP/1.0\r\n\r\n", 505, true, IsPlain = true)]
    [EachServer("POST /health HTTP/1.1\r\nHost: a\r\n\r\n", 405, false, IsPlain = true)]
    [EachServer("OPTIONS /health HTTP/1.1\r\nHost: a\r\n\r\n", 405, false, IsPlain = true)]
    [EachServer("GET /health HTTP/1.1\r\n\r\n", 400, false, IsPlain = true)]
    [EachServer("GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, false, IsPlain = true)]
    [EachServer("GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400, false, IsPlain = true)]
    [EachServer("GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400, false, IsPlain = true)]
    [EachServer("GET /health HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", 400, false, IsPlain = true)]
    [EachServer("GET /../health HTTP/1.0\r\n\r\n", 400, false, IsPlain = true)]
    [EachServer("GET /health/%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, false, IsPlain = true)]
    [EachServer("GET /health HTTP/2.0\r\nHost: a\r\n\r\n", 505, false, IsPlain = true)]
    [EachServer("GET /health HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n", 400, false, IsPlain = true)]
    public async Task Other_requests_and_null_responses_are_rejected_as_by_default(
        ServerKind kind, string request, int status, bool isAsked)
    {
        var asked = new ConcurrentQueue<string>();
        await using WebSocketServer server = await StartAsync(Servers.OptionsOf(kind), isLate: false, asked);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(request);

        string response = await client.ReadToEndAsync();
        Assert.StartsWith($"HTTP/1.1 {status} ", response, StringComparison.Ordinal);
        Assert.Equal(isAsked ? 1 : 0, asked.Count);
        Assert.Equal(request.StartsWith("HEAD", StringComparison.Ordinal), response.EndsWith("\r\n\r\n", StringComparison.Ordinal));
    }

    [Theory]
    [EachServer("a.example", 200, IsPlain = true)]
    [EachServer("b.example", 421, IsPlain = true)]
    public async Task A_plain_request_needs_an_allowed_host(ServerKind kind, string host, int status)
    {
        await using WebSocketServer server =
            await StartAsync(Servers.OptionsOf(kind) with { AllowedHosts = ["a.example"] }, isLate: false);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        using RawPeer without = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync($"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n");
        await without.SendAsync("GET /health HTTP/1.0\r\n\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", await without.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [EachServer("/own", "route", IsPlain = true)]
    [EachServer("//own", "route", IsPlain = true)]
    [EachServer("/inherits", "server", IsPlain = true)]
    [EachServer("/unmapped", "server", IsPlain = true)]
    public async Task A_route_responds_to_its_paths_and_the_server_to_all_others(ServerKind kind, string path, string expected)
    {
        await using WebSocketServer server = await Servers.StartAsync(
            Servers.OptionsOf(kind) with { OnPlainRequest = (_, _) => new(new WebSocketPlainResponse { Body = "server" }) },
            new WebSocketRoutes()
                .Map("/own", new EchoHandler(), new WebSocketRouteOptions
                {
                    OnPlainRequest = (_, _) => new(new WebSocketPlainResponse { Body = "route" }),
                })
                .Map("/inherits", new EchoHandler()));
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.EndsWith("\r\n\r\n" + expected, await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_full_server_still_responds_to_plain_requests(ServerKind kind)
    {
        await using WebSocketServer server =
            await StartAsync(Servers.OptionsOf(kind) with { MaxConnections = 1 }, isLate: false);
        using RawPeer open = await RawPeer.OpenAsync(server.LocalEndPoint, "/health");
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        await open.SendMaskedAsync(RawFrame.Text, 0x61);
        Assert.Equal("a", (await open.ReadFrameAsync()).PayloadText);
    }

    [Theory]
    [EachServer(false, IsPlain = true)]
    [EachServer(true, IsPlain = true)]
    public async Task A_callback_that_throws_gets_500_and_is_logged(ServerKind kind, bool isLate)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(Servers.OptionsOf(kind) with
        {
            LoggerFactory = log,
            OnPlainRequest = async (_, _) =>
            {
                if (isLate)
                {
                    await Task.Yield();
                }

                throw new InvalidOperationException("not healthy");
            },
        });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 500 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal("not healthy", Assert.Single(log.Entries, entry => entry.EventId == 102).Exception!.Message);
    }

    [Fact]
    public async Task A_prepared_upgrade_has_the_plain_response_of_the_application()
    {
        var options = new WebSocketAcceptorOptions
        {
            OnPlainRequest = (request, _) => new(
                request.Path == "/health" ? new WebSocketPlainResponse { StatusCode = 503, Body = "no" } : null),
        };
        await using var acceptor = new WebSocketAcceptor(options);

        using WebSocketPreparedUpgrade response = await PrepareAsync("/health");
        using WebSocketPreparedUpgrade refusal = await PrepareAsync("/");

        Assert.Equal((false, WebSocketHandshakeError.MissingUpgrade, 503), (response.IsAccepted, response.Error, response.StatusCode));
        Assert.Equal("no", Encoding.UTF8.GetString(response.Body.Span));
        Assert.Equal((WebSocketHandshakeError.MissingUpgrade, 426), (refusal.Error, refusal.StatusCode));

        Task<WebSocketPreparedUpgrade> PrepareAsync(string path) => acceptor.PrepareAsync(
            new WebSocketHandshakeInput { Request = new WebSocketParsedRequest("GET", path, [new("Host", "a")]) }).WithDeadline();
    }

    [Theory]
    [InlineData(199)]
    [InlineData(101)]
    [InlineData(600)]
    public void A_status_out_of_range_throws(int status) => Assert.Throws<ArgumentOutOfRangeException>(
        nameof(WebSocketPlainResponse.StatusCode), () => new WebSocketPlainResponse { StatusCode = status });

    [Fact]
    public void An_invalid_response_property_throws_when_set()
    {
        Assert.Throws<ArgumentException>(() => new WebSocketPlainResponse { ReasonPhrase = "a\r\nX: y" });
        Assert.Throws<ArgumentException>(() => new WebSocketPlainResponse { ContentType = "a\n" });
        Assert.Throws<ArgumentException>(() => new WebSocketPlainResponse { Headers = [new("Content-Length", "5")] });
        Assert.Throws<ArgumentException>(() => new WebSocketPlainResponse { Headers = [new("Content-Type", "a/b")] });
        Assert.Throws<ArgumentException>(() => new WebSocketPlainResponse { Headers = [new("X", "a\r\nY: z")] });
        Assert.Throws<ArgumentNullException>(() => new WebSocketPlainResponse { Body = null! });
    }

    private static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, bool isLate, ConcurrentQueue<string>? asked = null) =>
        Servers.StartEchoAsync(options with
        {
            OnPlainRequest = async (request, _) =>
            {
                asked?.Enqueue(request.Path);
                if (isLate)
                {
                    await Task.Yield();
                }

                return request.Path == "/health"
                    ? new WebSocketPlainResponse { Body = "ok\n", Headers = [new("X-A", "1")] }
                    : null;
            },
        });

    private static Task<RawPeer> ConnectAsync(ServerKind kind, WebSocketServer server) => kind.IsSecure()
        ? RawPeer.ConnectTlsAsync(server.LocalEndPoint)
        : RawPeer.ConnectAsync(server.LocalEndPoint);
}
