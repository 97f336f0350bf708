using System.Collections.Concurrent;

namespace Sockeye.Tests;

/// <summary>What a pending upgrade decision holds, and how it ends.</summary>
public sealed class UndecidedUpgradeTests
{
    [Theory]
    [EachServer]
    public async Task An_exception_in_a_canceled_decision_is_logged(ServerKind kind)
    {
        var log = new CapturingLoggerFactory();
        var asked = new TaskCompletionSource();
        await using WebSocketServer server = await StartAsync(kind, log, (_, cancellation) =>
        {
            cancellation.Register(static () => throw new InvalidOperationException("broken on purpose"));
            asked.SetResult();
            return new(new TaskCompletionSource<WebSocketUpgradeDecision>().Task);
        });

        using (RawPeer client = await ConnectAsync(kind, server))
        {
            await client.SendAsync(RawPeer.Request());
            await asked.Task.WithDeadline();
        }

        await Deadlines.UntilAsync(() => log.Entries.Any(entry => entry.EventId == 108), "it is logged");
        CapturingLoggerFactory.LogEntry logged = Assert.Single(log.Entries, entry => entry.EventId == 108);
        Assert.Equal(
            "broken on purpose", Assert.Single(Assert.IsType<AggregateException>(logged.Exception).InnerExceptions).Message);
    }

    [Theory]
    [EachServer]
    public async Task A_client_reset_is_reported_and_frees_its_place(ServerKind kind)
    {
        var asked = new ConcurrentQueue<TaskCompletionSource<WebSocketUpgradeDecision>>();
        var failures = new ConcurrentQueue<WebSocketHandshakeFailure>();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                MaxConnections = 1,
                MaxConnectionsPerAddress = 1,
                OnHandshakeFailed = failure =>
                {
                    failures.Enqueue(failure);
                    return null;
                },
                OnUpgrade = (request, _) =>
                {
                    if (request.Path == "/stays")
                    {
                        return new(WebSocketUpgradeDecision.Accept());
                    }

                    var decision = new TaskCompletionSource<WebSocketUpgradeDecision>();
                    asked.Enqueue(decision);
                    return new(decision.Task);
                },
            },
            Servers.EchoAsync);

        using (RawPeer client = await ConnectAsync(kind, server))
        {
            await client.SendAsync(RawPeer.Request("/left"));
            await Deadlines.UntilAsync(() => !asked.IsEmpty, "the application is asked");
            client.Reset();
        }

        await Deadlines.UntilAsync(() => !failures.IsEmpty && server.PendingHandshakeCount == 0, "the failure is reported");
        Assert.Equal(WebSocketHandshakeError.ConnectionLost, Assert.Single(failures).Error);

        // What is decided now decides nothing.
        asked.Single().SetResult(WebSocketUpgradeDecision.Accept());
        using RawPeer other = await ConnectAsync(kind, server);
        await other.SendAsync(RawPeer.Request("/stays"));
        Assert.StartsWith("HTTP/1.1 101 ", await other.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Single(failures);
    }

    [Theory]
    [EachServer]
    public async Task OnHandshakeFailed_gets_the_request(ServerKind kind)
    {
        var asked = new ConcurrentQueue<string>();
        var failures = new ConcurrentQueue<WebSocketHandshakeFailure>();
        WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                HandshakeTimeout = TimeSpan.FromSeconds(1),
                OnHandshakeFailed = failure =>
                {
                    failures.Enqueue(failure);
                    return null;
                },
                OnUpgrade = (request, _) =>
                {
                    asked.Enqueue(request.Path);
                    return new(new TaskCompletionSource<WebSocketUpgradeDecision>().Task);
                },
            },
            Servers.EchoAsync);

        using (RawPeer late = await ConnectAsync(kind, server))
        {
            await late.SendAsync(RawPeer.Request("/late"));
            Assert.StartsWith("HTTP/1.1 408 ", await late.ReadHeadAsync(), StringComparison.Ordinal);
        }

        using RawPeer stopped = await ConnectAsync(kind, server);
        await stopped.SendAsync(RawPeer.Request("/stopped"));
        await Deadlines.UntilAsync(() => asked.Count == 2, "the application is asked");
        await server.StopAsync().WithDeadline();
        Assert.StartsWith("HTTP/1.1 503 ", await stopped.ReadHeadAsync(), StringComparison.Ordinal);

        Assert.Equal(
            [(WebSocketHandshakeError.TimedOut, "/late"), (WebSocketHandshakeError.ServerUnavailable, "/stopped")],
            failures.Select(failure => (failure.Error, failure.Request?.Path)));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task The_token_is_not_canceled_after_the_decision(ServerKind kind)
    {
        var canceled = new TaskCompletionSource();
        await using WebSocketServer server = await StartAsync(kind, new CapturingLoggerFactory(), async (request, cancellation) =>
        {
            cancellation.Register(canceled.SetResult);
            await Task.Yield();
            return request.Path == "/in" ? WebSocketUpgradeDecision.Accept() : WebSocketUpgradeDecision.Reject(403);
        });

        foreach ((string path, int status) in new[] { ("/in", 101), ("/out", 403) })
        {
            using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
            await client.SendAsync(RawPeer.Request(path));
            Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        }

        await Deadlines.UntilAsync(
            () => server.PendingHandshakeCount == 0 && server.GetConnections().Count == 0, "both are over");
        Assert.False(canceled.Task.IsCompleted);
    }

    [Theory]
    [EachServer]
    public async Task Every_end_of_a_handshake_frees_its_place(ServerKind kind)
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                MaxConnections = 1,
                MaxConnectionsPerAddress = 1,
                SelectSubprotocol = static request => request.Path == "/selected-badly" ? "none" : null,
                OnUpgrade = async (request, cancellation) =>
                {
                    switch (request.Path)
                    {
                        case "/throws":
                            throw new InvalidOperationException("broken on purpose");
                        case "/nothing":
                            return null!;
                        case "/refused":
                            return WebSocketUpgradeDecision.Reject(403);
                        case "/refused-late":
                            await Task.Yield();
                            return WebSocketUpgradeDecision.Reject(403);
                        case "/leaves":
                            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
                            return WebSocketUpgradeDecision.Accept();
                        case "/not-offered":
                            return new WebSocketUpgradeAcceptance { Subprotocol = "x" };
                        default:
                            return WebSocketUpgradeDecision.Accept();
                    }
                },
            },
            new ThrowingHandler());

        // One place: a handshake that does not release it blocks the next.
        foreach (string path in new[]
        {
            "/throws", "/nothing", "/refused", "/refused-late", "/leaves", "/not-offered", "/selected-badly",
            "/throws-when-opened", "/goes-at-once",
        })
        {
            using (RawPeer client = await ConnectAsync(kind, server))
            {
                await client.SendAsync(RawPeer.Request(path, "Sec-WebSocket-Protocol: v1"));
                if (path is not ("/leaves" or "/goes-at-once"))
                {
                    await client.ReadToEndAsync();
                }
            }

            await Deadlines.UntilAsync(
                () => server.PendingHandshakeCount == 0 && server.ConnectionCount == 0, "nothing is left of " + path);
            using RawPeer next = await ConnectAsync(kind, server);
            await next.SendAsync(RawPeer.Request());
            string head = await next.ReadHeadAsync();
            Assert.True(head.StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal), $"After {path}: {head}");
            next.Dispose();
            await Deadlines.UntilAsync(() => server.ConnectionCount == 0, "the next one has gone");
        }
    }

    [Theory]
    [EachServer]
    public async Task Decisions_that_race_a_stop_end_with_101_or_503_and_leak_no_client(ServerKind kind)
    {
        const int Clients = 16;
        for (int round = 0; round < 10; round++)
        {
            var asked = new ConcurrentQueue<TaskCompletionSource<WebSocketUpgradeDecision>>();
            WebSocketServer server = await StartAsync(kind, new CapturingLoggerFactory(), (_, _) =>
            {
                var decision = new TaskCompletionSource<WebSocketUpgradeDecision>();
                asked.Enqueue(decision);
                return new(decision.Task);
            });
            RawPeer[] clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async _ =>
            {
                RawPeer client = await ConnectAsync(kind, server);
                await client.SendAsync(RawPeer.Request());
                return client;
            }));
            await Deadlines.UntilAsync(() => asked.Count == Clients, "all wait");

            Task deciding = Task.Run(() => Parallel.ForEach(
                asked, static decision => decision.SetResult(WebSocketUpgradeDecision.Accept())));
            Thread.SpinWait(round * 5_000);
            Task stopping = server.StopAsync();
            foreach (RawPeer client in clients)
            {
                string status = (await client.ReadHeadAsync()).Split(' ')[1];
                Assert.True(status is "101" or "503", status);
                if (status == "101")
                {
                    Assert.Equal(1001, (await client.ReadFrameAsync()).CloseCode);
                }

                client.Dispose();
            }

            await deciding.WithDeadline();
            await stopping.WithDeadline();
            await server.Completion.WithDeadline();
            Assert.Equal(0, server.ConnectionCount);
            await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "no handshake is left");
        }
    }

    private static Task<WebSocketServer> StartAsync(
        ServerKind kind, CapturingLoggerFactory log,
        Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketUpgradeDecision>> onUpgrade) =>
        Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
            LoggerFactory = log,
            OnUpgrade = onUpgrade,
        });

    private static Task<RawPeer> ConnectAsync(ServerKind kind, WebSocketServer server) => kind.IsSecure()
        ? RawPeer.ConnectTlsAsync(server.LocalEndPoint)
        : RawPeer.ConnectAsync(server.LocalEndPoint);

    private sealed class ThrowingHandler : WebSocketHandler
    {
        public override void OnOpened(WebSocketConnection connection)
        {
            if (connection.Request!.Path == "/throws-when-opened")
            {
                throw new InvalidOperationException("broken on purpose");
            }
        }
    }
}
