namespace Sockeye.Tests;

public sealed class ServerDelegateTests
{
    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_delegate_that_returns_closes_its_connection_with_1000(ServerKind kind)
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind),
            async (connection, cancellation) => await connection.SendAsync("bye", cancellation));
        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);

        Assert.Equal("bye", (await client.ReadFrameAsync()).PayloadText);
        RawFrame close = await client.ReadFrameAsync();

        Assert.Equal(RawFrame.Close, close.First);
        Assert.Equal(1000, close.CloseCode);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_delegate_that_returns_early_closes_cleanly_with_unread_messages(ServerKind kind)
    {
        // The clock stands still: no deadline comes to the rescue.
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                TimeProvider = new ManualTimeProvider(),
            },
            async (connection, cancellation) => await connection.ReceiveAsync(cancellation));
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());

        for (int i = 0; i < 64; i++)
        {
            try
            {
                await client.SendAsync(new byte[64 * 1024]).WithDeadline();
            }
            catch (WebSocketClosedException)
            {
                break;
            }
        }

        WebSocketCloseResult result = await client.Closed.WithDeadline();

        Assert.Equal(WebSocketCloseCode.NormalClosure, result.Code);
        Assert.True(result.WasClean);
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "the server's end is over too");
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_delegate_that_throws_closes_its_connection_with_1011_and_is_logged(ServerKind kind)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, EventLoop = kind.Loops(), TlsEngine = kind.TlsEngine(), LoggerFactory = log },
            async (connection, cancellation) =>
            {
                await connection.ReceiveAsync(cancellation);
                throw new InvalidOperationException("broken on purpose");
            });
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(server.Address());
        await using WebSocketConnection other = await WebSocketClient.ConnectAsync(server.Address());

        await client.SendAsync("go");
        WebSocketCloseResult result = await client.Closed.WithDeadline();

        Assert.Equal(WebSocketCloseCode.InternalError, result.Code);
        Assert.Contains(log.Entries, entry => entry is { EventId: 203, Exception.Message: "broken on purpose" });
        Assert.Equal(WebSocketConnectionState.Open, other.State);
    }

    [Theory]
    [EachServer(false, IsPlain = true)]
    [EachServer(true, IsPlain = true)]
    public async Task The_token_of_a_delegate_is_canceled_when_the_peer_disconnects(ServerKind kind, bool reset)
    {
        var fallen = new TaskCompletionSource();
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = Servers.Loopback, EventLoop = kind.Loops(), TlsEngine = kind.TlsEngine(), LoggerFactory = log },
            async (_, cancellation) =>
            {
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
                }
                finally
                {
                    fallen.SetResult();
                }
            });
        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);

        if (reset)
        {
            client.Reset();
        }
        else
        {
            client.Dispose();
        }

        await fallen.Task.WithDeadline();
        await Deadlines.UntilAsync(() => server.GetConnections().Count == 0, "the connection is forgotten");

        // That it was canceled is a consequence of its connection's end, and no fault.
        await Deadlines.UntilAsync(() => log.Entries.Any(entry => entry.EventId == 204), "the end is logged");
        Assert.DoesNotContain(log.Entries, entry => entry.EventId == 203);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_handler_that_throws_closes_only_its_own_connection_with_1011(ServerKind kind)
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            Servers.OptionsOf(kind), new ThrowingHandler());

        foreach (string what in new[] { "/open", "/message", "/async", "/ping" })
        {
            using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint, what);
            await client.SendMaskedAsync(what == "/ping" ? RawFrame.Ping : RawFrame.Text, 0x61);
            RawFrame frame = await client.ReadFrameAsync();
            while (frame.First == RawFrame.Pong)
            {
                frame = await client.ReadFrameAsync();
            }

            Assert.Equal(RawFrame.Close, frame.First);
            Assert.Equal(1011, frame.CloseCode);
        }
    }

    private sealed class ThrowingHandler : WebSocketHandler
    {
        public override void OnOpened(WebSocketConnection connection) => ThrowIf(connection, "/open");

        public override void OnMessage(
            WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
        {
            ThrowIf(connection, "/message");
            base.OnMessage(connection, payload, kind);
        }

        public override async ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
        {
            await Task.Yield();
            ThrowIf(connection, "/async");
        }

        public override void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload) =>
            ThrowIf(connection, "/ping");

        public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) =>
            throw new InvalidOperationException("thrown on purpose at the end");

        private static void ThrowIf(WebSocketConnection connection, string path)
        {
            if (connection.Request!.Path == path)
            {
                throw new InvalidOperationException("thrown on purpose");
            }
        }
    }
}
