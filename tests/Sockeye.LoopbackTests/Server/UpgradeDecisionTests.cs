using System.Collections.Concurrent;

namespace Sockeye.Tests;

/// <summary>The upgrade decisions of an application, synchronous or asynchronous.</summary>
public sealed class UpgradeDecisionTests
{
    // Whether the application decides at once, or takes its time.
    public static TheoryData<ServerKind, bool> Ways
    {
        get
        {
            var ways = new TheoryData<ServerKind, bool>();
            foreach (ServerKind kind in Enum.GetValues<ServerKind>())
            {
                if (kind.WhyNot() is null)
                {
                    ways.Add(kind, false);
                    ways.Add(kind, true);
                }
            }

            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task An_acceptance_sets_headers_cookies_subprotocol_and_user_state(ServerKind kind, bool isLate)
    {
        var user = new object();
        var seen = new TaskCompletionSource<WebSocketConnection>();
        await using WebSocketServer server = await StartAsync(kind, Decide(isLate, _ => new WebSocketUpgradeAcceptance
        {
            Subprotocol = "v1",
            Headers = [new("X-Request-Id", "7"), new("X-Request-Id", "8")],
            Cookies = [new("a", "1") { Secure = true, SameSite = WebSocketSameSite.Strict }, new("b", "2") { Path = "/" }],
            UserState = user,
        }), connection => seen.TrySetResult(connection));

        using RawPeer client = await ConnectAsync(kind, server);
        await client.SendAsync(RawPeer.Request("/", "Sec-WebSocket-Protocol: v2, v1"));
        string head = await client.ReadHeadAsync();

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nSec-WebSocket-Protocol: v1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Request-Id: 7\r\nX-Request-Id: 8\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nSet-Cookie: a=1; SameSite=Strict; Secure\r\nSet-Cookie: b=2; Path=/\r\n", head, StringComparison.Ordinal);
        WebSocketConnection connection = await seen.Task.WithDeadline();
        Assert.Equal("v1", connection.Subprotocol);
        Assert.Same(user, connection.UserState);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_rejection_has_status_reason_headers_and_body_and_ends_the_transport(ServerKind kind, bool isLate)
    {
        await using WebSocketServer server = await StartAsync(kind, Decide(isLate, _ => new WebSocketUpgradeRejection
        {
            StatusCode = 401,
            ReasonPhrase = "Who are you",
            Headers = [new("WWW-Authenticate", "Basic realm=\"x\"")],
            Body = "né\n",
        }));

        using RawPeer client = await ConnectAsync(kind, server);

        // What is behind a refused request is another one for a proxy, and never looked at here.
        await client.SendAsync(RawPeer.Request() + "GET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n");
        string response = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 401 Who are you\r\nConnection: close\r\n", response, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Length: 4\r\n", response, StringComparison.Ordinal);
        Assert.EndsWith("\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\nn\xC3\xA9\n", response, StringComparison.Ordinal);
        Assert.Empty(server.GetConnections());
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_plain_acceptance_uses_the_servers_handler_and_options(ServerKind kind, bool isLate)
    {
        await using WebSocketServer server = await StartAsync(kind, Decide(isLate, _ => WebSocketUpgradeDecision.Accept()));
        using RawPeer client = await ConnectAsync(kind, server);

        // The first frame does not wait for the answer.
        await client.SendAsync(RawPeer.Request());
        await client.SendMaskedAsync(0x81, "hi"u8.ToArray());

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal("hi"u8.ToArray(), (await client.ReadFrameAsync()).Payload);
        await client.SendMaskedAsync(0x81, "ho"u8.ToArray());
        Assert.Equal("ho"u8.ToArray(), (await client.ReadFrameAsync()).Payload);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_decision_that_throws_or_is_invalid_gets_500(ServerKind kind, bool isLate)
    {
        Queue<Func<WebSocketUpgradeDecision>> decisions = new(
        [
            () => throw new InvalidOperationException("broken"),
            () => null!,
            () => new WebSocketUpgradeAcceptance { Subprotocol = "not offered" },
            () => WebSocketUpgradeDecision.Accept(),
        ]);
        await using WebSocketServer server = await StartAsync(kind, Decide(isLate, _ => decisions.Dequeue()()));

        for (int bad = 0; bad < 3; bad++)
        {
            using RawPeer client = await ConnectAsync(kind, server);
            await client.SendAsync(RawPeer.Request("/", "Sec-WebSocket-Protocol: v1"));
            Assert.StartsWith("HTTP/1.1 500 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        }

        using RawPeer good = await ConnectAsync(kind, server);
        await good.SendAsync(RawPeer.Request());
        Assert.StartsWith("HTTP/1.1 101 ", await good.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_slow_decision_blocks_no_other_client(ServerKind kind)
    {
        const int Waiting = 200;
        var gate = new TaskCompletionSource();
        int asked = 0;
        await using WebSocketServer server = await StartAsync(kind, async (request, _) =>
        {
            if (request.Path == "/slow")
            {
                Interlocked.Increment(ref asked);
                await gate.Task;
            }

            return WebSocketUpgradeDecision.Accept();
        });

        RawPeer[] slow = await Task.WhenAll(Enumerable.Range(0, Waiting).Select(async _ =>
        {
            RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
            await client.SendAsync(RawPeer.Request("/slow"));
            return client;
        }));
        await Deadlines.UntilAsync(() => Volatile.Read(ref asked) == Waiting, "all wait");
        using RawPeer quick = await RawPeer.OpenAsync(server.LocalEndPoint);
        Assert.Single(server.GetConnections());

        gate.SetResult();
        foreach (RawPeer client in slow)
        {
            Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
            client.Dispose();
        }
    }

    [Theory]
    [EachServer]
    public async Task A_client_that_disconnects_cancels_the_decision_and_gets_no_connection(ServerKind kind)
    {
        var asked = new TaskCompletionSource();
        var canceled = new TaskCompletionSource();
        var failures = new ConcurrentQueue<WebSocketHandshakeFailure>();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                OnHandshakeFailed = failure =>
                {
                    failures.Enqueue(failure);
                    return null;
                },
                OnUpgrade = async (_, cancellation) =>
                {
                    using CancellationTokenRegistration registration = cancellation.Register(canceled.SetResult);
                    asked.SetResult();
                    await canceled.Task;
                    return WebSocketUpgradeDecision.Accept();
                },
            },
            (_, _) => throw new InvalidOperationException("No connection was to be served."));

        RawPeer client = await ConnectAsync(kind, server);
        await client.SendAsync(RawPeer.Request("/left"));
        await asked.Task.WithDeadline();
        client.Dispose();

        await canceled.Task.WithDeadline();
        await Deadlines.UntilAsync(() => !failures.IsEmpty, "the failure is reported");
        WebSocketHandshakeFailure failure = Assert.Single(failures);
        Assert.Equal(WebSocketHandshakeError.ConnectionLost, failure.Error);
        Assert.Null(failure.StatusCode);
        Assert.Equal("/left", failure.Request!.Path);
        Assert.Empty(server.GetConnections());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task The_handshake_deadline_includes_the_decision(ServerKind kind)
    {
        var time = new ManualTimeProvider();
        var asked = new TaskCompletionSource();
        var canceled = new TaskCompletionSource();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                TimeProvider = time,
                OnUpgrade = async (_, cancellation) =>
                {
                    asked.SetResult();
                    await Task.Delay(Timeout.InfiniteTimeSpan, cancellation)
                        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    canceled.SetResult();
                    return WebSocketUpgradeDecision.Accept();
                },
            },
            Servers.EchoAsync);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request());
        await asked.Task.WithDeadline();

        time.Advance(TimeSpan.FromSeconds(11));

        Assert.StartsWith("HTTP/1.1 408 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        await canceled.Task.WithDeadline();
        Assert.Empty(server.GetConnections());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_stopping_server_rejects_undecided_requests_with_503(ServerKind kind)
    {
        var asked = new TaskCompletionSource();
        WebSocketServer server = await StartAsync(kind, async (_, cancellation) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            return WebSocketUpgradeDecision.Accept();
        });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request());
        await asked.Task.WithDeadline();

        await server.StopAsync().WithDeadline();

        Assert.StartsWith("HTTP/1.1 503 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [EachServer]
    public async Task Bytes_after_an_undecided_request_are_kept_up_to_a_limit(ServerKind kind)
    {
        const int Count = 600;
        var decision = new TaskCompletionSource<WebSocketUpgradeDecision>();
        var asked = new TaskCompletionSource();
        await using WebSocketServer server = await StartAsync(kind, (_, _) =>
        {
            asked.TrySetResult();
            return new ValueTask<WebSocketUpgradeDecision>(decision.Task);
        });
        using RawPeer client = await ConnectAsync(kind, server);
        await client.SendAsync(RawPeer.Request());
        await asked.Task.WithDeadline();

        // 600 KB: the server takes a little of it, and leaves the rest to the transport.
        byte[] payload = Payloads.Bytes(1000);
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Count; i++)
            {
                await client.SendMaskedAsync(0x82, payload);
            }
        });
        await Deadlines.UntilAsync(() => sending.IsCompleted || !client.CanSend, "the server has left the rest to the transport");
        decision.SetResult(WebSocketUpgradeDecision.Accept());

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(payload, (await client.ReadFrameAsync()).Payload);
        }

        await sending.WithDeadline();
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task OnHandshakeFailed_may_replace_the_response(ServerKind kind)
    {
        WebSocketHandshakeFailure? seen = null;
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                OnHandshakeFailed = failure =>
                {
                    seen = failure;
                    return failure.Error == WebSocketHandshakeError.MissingUpgrade
                        ? new WebSocketUpgradeRejection { StatusCode = 404, Body = "<p>no page</p>", ContentType = "text/html" }
                        : failure.Error == WebSocketHandshakeError.MissingKey ? throw new InvalidOperationException("a broken hook")
                        : null;
                },
            },
            Servers.EchoAsync);

        using RawPeer page = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await page.SendAsync("GET /page?q HTTP/1.1\r\nHost: localhost\r\n\r\n");
        string response = await page.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/html\r\n", response, StringComparison.Ordinal);
        Assert.Equal(426, seen!.StatusCode);
        Assert.Equal("/page?q", seen.Request!.Target);
        Assert.Equal(page.LocalEndPoint, seen.RemoteEndPoint);

        using RawPeer other = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await other.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", await other.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal(WebSocketHandshakeError.MissingKey, seen.Error);

        using RawPeer garbage = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await garbage.SendAsync("\0\0\0\0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", await garbage.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Null(seen.Request);
    }

    [Fact]
    public async Task OnUpgrade_gets_the_whole_request()
    {
        WebSocketUpgradeRequest? seen = null;
        await using WebSocketServer server = await StartAsync(ServerKind.Socket, Decide(isLate: true, request =>
        {
            seen = request;
            return WebSocketUpgradeDecision.Accept();
        }));

        using RawPeer client = await RawPeer.OpenAsync(
            server.LocalEndPoint,
            "/a%20b?c=%20",
            "Cookie: a=1; b=\"2\"; =x; flag; c=%zz",
            "Origin: http://localhost",
            "Sec-WebSocket-Protocol: V1, v1",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_max_window_bits=\"10\", x-y");

        Assert.Equal("GET", seen!.Method);
        Assert.Equal("/a%20b?c=%20", seen.Target);
        Assert.Equal("/a b", seen.Path);
        Assert.Equal("2", seen.GetCookie("b"));
        Assert.Equal("%zz", seen.GetCookie("c"));
        Assert.Null(seen.GetCookie("flag"));
        Assert.Equal(3, seen.Cookies.Count);
        Assert.Equal(["permessage-deflate", "x-y"], seen.Extensions.Select(one => one.Name));
        Assert.Equal(
            [new("client_max_window_bits", null), new("server_max_window_bits", "10")], seen.Extensions[0].Parameters);
        Assert.Equal(client.LocalEndPoint, seen.RemoteEndPoint);
        Assert.Equal(server.LocalEndPoint, seen.LocalEndPoint);
        Assert.Null(seen.Tls);
        Assert.False(seen.IsSecure);
        Assert.Equal("http://localhost", seen.Origin);
        Assert.Equal("localhost", seen.Host);
        Assert.Equal("c=%20", seen.Query);
        Assert.Equal(13, seen.Version);
        Assert.Equal(["V1", "v1"], seen.Subprotocols);
        Assert.Equal(RawPeer.Key, seen.Headers["sec-websocket-key"]);
    }

    private static Task<WebSocketServer> StartAsync(
        ServerKind kind, Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketUpgradeDecision>> onUpgrade,
        Action<WebSocketConnection>? opened = null) =>
        WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                OnUpgrade = onUpgrade,
            },
            async (connection, cancellation) =>
            {
                opened?.Invoke(connection);
                await Servers.EchoAsync(connection, cancellation);
            });

    private static Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketUpgradeDecision>> Decide(
        bool isLate, Func<WebSocketUpgradeRequest, WebSocketUpgradeDecision> decide) =>
        async (request, _) =>
        {
            if (isLate)
            {
                await Task.Yield();
            }

            return decide(request);
        };

    private static Task<RawPeer> ConnectAsync(ServerKind kind, WebSocketServer server) => kind.IsSecure()
        ? RawPeer.ConnectTlsAsync(server.LocalEndPoint)
        : RawPeer.ConnectAsync(server.LocalEndPoint);
}
