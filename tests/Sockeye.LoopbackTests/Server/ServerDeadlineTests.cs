using System.Net.Security;
using System.Security.Authentication;

namespace Sockeye.Tests;

public sealed class ServerDeadlineTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly CountingPool _pool = new();

    [Theory]
    [EachServer("G", IsPlain = true)]
    [EachServer("GET / HT", IsPlain = true)]
    [EachServer("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: webs", IsPlain = true)]
    public async Task An_incomplete_request_gets_408(ServerKind kind, string beginning)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(beginning);
        await WhenHeadHasBegunAsync(kind);

        // The rest comes a byte at a time, which saves it nothing.
        Task<string> response = client.ReadToEndAsync();
        for (int second = 0; second < 9; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(response.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        string head = await response.WithDeadline();

        Assert.StartsWith("HTTP/1.1 408 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", head, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_client_that_sends_nothing_is_dropped_without_a_response(ServerKind kind)
    {
        WebSocketHandshakeFailure? failure = null;
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            TimeProvider = _time,
            OnHandshakeFailed = told =>
            {
                failure = told;
                return null;
            },
        });
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 1 && _time.TimerCount > 0, "it is waited for");

        _time.Advance(TimeSpan.FromSeconds(11));

        Assert.Equal("", await client.ReadToEndAsync());
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0, "no socket is left");
        Assert.Equal(WebSocketHandshakeError.TimedOut, failure!.Error);
        Assert.Null(failure.StatusCode);
    }

    [Theory]
    [EachServer]
    public async Task Silent_clients_block_others_no_longer_than_the_deadline(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Tls = kind.Tls(),
            TimeProvider = _time,
            MaxPendingHandshakes = 2,
        });
        using RawPeer one = await RawPeer.ConnectAsync(server.LocalEndPoint);
        using RawPeer other = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 2, "both have begun");
        Task<WebSocketConnection> waiting = WebSocketClient.ConnectAsync(
            server.Address(scheme: kind.Scheme()), new WebSocketClientOptions { Tls = kind.ClientTls() });
        Assert.False(waiting.IsCompleted);

        // In steps that are shorter than the deadline, so that the time of a client that has just been let in is not over too.
        const int While = 200;
        int polls = 0;
        await Deadlines.UntilAsync(
            () =>
            {
                _time.Advance(polls++ % While == 0 ? TimeSpan.FromSeconds(2) : TimeSpan.Zero);
                return waiting.IsCompleted;
            },
            "there is room");

        await using WebSocketConnection connection = await waiting.WithDeadline();
        await connection.SendAsync("in");
        Assert.Equal("in", (await connection.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_rejected_client_that_stays_connected_is_dropped_after_the_linger_time(ServerKind kind)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 405 ", await client.ReadToEndAsync(), StringComparison.Ordinal);

        // The server's direction has ended; its socket stays open and discards input until the linger time is over.
        _time.Advance(TimeSpan.FromSeconds(2));
        await Deadlines.UntilAsync(
            () =>
            {
                try
                {
                    client.Stream.Write(new byte[1]);
                    return false;
                }
                catch (IOException)
                {
                    return true;
                }
            },
            "the socket is gone");
    }

    [Theory]
    [InlineData(ServerKind.Tls)]
    [InlineData(ServerKind.TlsEventLoop)]
    [InlineData(ServerKind.OpenSslEventLoop)]
    public async Task A_client_that_is_silent_during_TLS_is_dropped(ServerKind kind)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await WhenTimersRunAsync();

        _time.Advance(TimeSpan.FromSeconds(11));

        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData(ServerKind.Tls)]
    [InlineData(ServerKind.TlsEventLoop)]
    [InlineData(ServerKind.OpenSslEventLoop)]
    public async Task An_incomplete_request_over_TLS_gets_408(ServerKind kind)
    {
        await using WebSocketServer server = await StartAsync(kind);
        using RawPeer client = await RawPeer.ConnectTlsAsync(server.LocalEndPoint);

        await client.SendAsync("GET ");
        await WhenHeadHasBegunAsync(kind);

        _time.Advance(TimeSpan.FromSeconds(11));

        Assert.StartsWith("HTTP/1.1 408 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.IsType<SslStream>(client.Stream);
    }

    [Fact]
    public async Task A_certificate_selection_that_times_out_drops_only_its_client()
    {
        var log = new CapturingLoggerFactory();
        var asked = new TaskCompletionSource();
        var selecting = new TaskCompletionSource<SslServerAuthenticationOptions>();
        var failed = new TaskCompletionSource<WebSocketHandshakeFailure>();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            TimeProvider = _time,
            LoggerFactory = log,
            SelectTls = (_, _) =>
            {
                asked.SetResult();
                return new(selecting.Task);
            },
            OnHandshakeFailed = failure =>
            {
                failed.SetResult(failure);
                return null;
            },
        });
        Task<RawPeer> connecting = RawPeer.ConnectTlsAsync(server.LocalEndPoint);
        await asked.Task.WithDeadline();

        _time.Advance(TimeSpan.FromSeconds(11));

        Assert.Equal(WebSocketHandshakeError.TlsFailed, (await failed.Task.WithDeadline()).Error);
        await Assert.ThrowsAnyAsync<IOException>(() => connecting);
        Assert.Equal(0, server.PendingHandshakeCount);

        selecting.SetException(new InvalidOperationException("broken on purpose"));
        await Deadlines.UntilAsync(() => log.Entries.Any(entry => entry.EventId == 110), "what came too late is logged");
    }

    [Theory]
    [EachServer(IsSecure = true)]
    public async Task TLS_and_the_request_share_one_deadline(ServerKind kind)
    {
        var asked = new TaskCompletionSource();
        var certificate = new TaskCompletionSource<SslServerAuthenticationOptions>();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            TimeProvider = _time,
            Pool = _pool,
            SelectTls = (_, _) =>
            {
                asked.SetResult();
                return new(certificate.Task);
            },
        });

        // In TLS 1.2 the server has the last word.
        SslClientAuthenticationOptions tls = TestCertificate.ForClient();
        tls.EnabledSslProtocols = SslProtocols.Tls12;
        Task<RawPeer> connecting = RawPeer.ConnectTlsAsync(server.LocalEndPoint, tls);
        await asked.Task.WithDeadline();
        _time.Advance(TimeSpan.FromSeconds(8));
        certificate.SetResult(TestCertificate.ForServer());
        using RawPeer client = await connecting;
        int rented = kind.UsesEventLoop() ? _pool.RentCount : 1;
        await client.SendAsync("GET ");
        await Deadlines.UntilAsync(() => _pool.RentCount > rented, "the beginning was read");

        Task<string> response = client.ReadToEndAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(response.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.StartsWith("HTTP/1.1 408 ", await response, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_peer_that_does_not_reply_to_a_close_frame_is_aborted_at_the_close_timeout(ServerKind kind)
    {
        var opened = new TaskCompletionSource<WebSocketConnection>();
        await using WebSocketServer server = await StartAsync(kind, async (connection, _) =>
        {
            opened.SetResult(connection);
            await connection.Closed;
        });
        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);
        WebSocketConnection connection = await opened.Task.WithDeadline();

        Task<WebSocketCloseResult> closing = connection.CloseAsync(WebSocketCloseCode.GoingAway, "bye").AsTask();
        Assert.Equal(1001, (await client.ReadFrameAsync()).CloseCode);
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(closing.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));
        WebSocketCloseResult result = await closing.WithDeadline();

        Assert.False(result.WasClean);
        Assert.IsType<TimeoutException>(result.Exception);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_peer_that_sends_no_pongs_is_aborted(ServerKind kind)
    {
        var opened = new TaskCompletionSource<WebSocketConnection>();
        await using WebSocketServer server = await StartAsync(kind, async (connection, _) =>
        {
            opened.SetResult(connection);
            await connection.Closed;
        });
        using RawPeer client = await RawPeer.OpenAsync(server.LocalEndPoint);
        WebSocketConnection connection = await opened.Task.WithDeadline();

        _time.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal(RawFrame.Ping, (await client.ReadFrameAsync()).First);

        // The clock of the test is faster than acknowledgements, which a system may delay: as long as the ping has not arrived, a peer is
        // not taken for silent.
        await Deadlines.UntilAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(21));
                return connection.Closed.IsCompleted;
            },
            "the connection has ended");
        WebSocketCloseResult result = await connection.Closed.WithDeadline();

        Assert.Equal(WebSocketCloseCode.AbnormalClosure, result.Code);
        Assert.IsType<TimeoutException>(result.Exception);
        await Assert.ThrowsAnyAsync<IOException>(() => client.Stream.ReadExactlyAsync(new byte[1]).WithDeadline());
    }

    private Task<WebSocketServer> StartAsync(
        ServerKind kind, Func<WebSocketConnection, CancellationToken, Task>? serve = null) =>
        WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                TimeProvider = _time,
                Pool = _pool,
            },
            serve ?? Servers.EchoAsync);

    // What is there of a head is kept in a buffer; all kinds but the event loop have one to read too.
    private Task WhenHeadHasBegunAsync(ServerKind kind) =>
        Deadlines.UntilAsync(() => _pool.RentCount >= (kind.UsesEventLoop() ? 1 : 2), "the beginning was read");

    // The server has accepted, and begun to count.
    private Task WhenTimersRunAsync() => Deadlines.UntilAsync(() => _time.TimerCount > 0, "a timer");
}
