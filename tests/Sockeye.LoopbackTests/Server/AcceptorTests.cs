using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Sockeye.Testing;

namespace Sockeye.Tests;

/// <summary>Opening handshakes on streams that the application provides.</summary>
public sealed class AcceptorTests
{
    private static WebSocketAcceptor Acceptor => new(new() { Subprotocols = ["v1"] });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(int.MaxValue)]
    public async Task A_handshake_is_accepted_on_any_duplex_stream_with_bytes_read_in_advance(int readAlready)
    {
        (Stream near, Stream far) = Duplex();
        byte[] request = Encoding.ASCII.GetBytes(RawPeer.Request("/x", "Sec-WebSocket-Protocol: v1"));
        byte[] all = [.. request, .. Wire.Masked(RawFrame.Bytes(0x81, "hi"u8.ToArray()))];
        readAlready = Math.Min(readAlready, all.Length);
        await far.WriteAsync(all.AsMemory(readAlready));

        await using WebSocketConnection connection = await Acceptor.AcceptAsync(
            near, new WebSocketHandshakeInput
            {
                Received = all.AsMemory(0, readAlready),
                RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, 1),
                IsSecure = true,
            }).WithDeadline();
        WebSocketMessage message = await connection.ReceiveMessageAsync().WithDeadline();

        Assert.Equal("hi", message.GetText());
        Assert.Equal("v1", connection.Subprotocol);
        Assert.Equal("/x", connection.Request!.Path);
        Assert.True(connection.Request.IsSecure);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 1), connection.RemoteEndPoint);
        Assert.StartsWith("HTTP/1.1 101 ", await HeadAsync(far), StringComparison.Ordinal);
        connection.Abort();
    }

    [Fact]
    public async Task A_parsed_request_is_accepted_with_the_bytes_after_it()
    {
        (Stream near, Stream far) = Duplex();
        var request = new WebSocketParsedRequest("GET", "/parsed?x=1",
        [
            new("Host", "localhost"), new("upgrade", "websocket"), new("connection", "keep-alive, Upgrade"),
            new("Sec-WebSocket-Key", RawPeer.Key), new("Sec-WebSocket-Version", "13"),
        ]);

        await using WebSocketConnection connection = await Acceptor.AcceptAsync(
            near, new WebSocketHandshakeInput
            {
                Request = request,
                Received = Wire.Masked(RawFrame.Bytes(0x81, "early"u8.ToArray())),
            }).WithDeadline();

        Assert.Equal("early", (await connection.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal("x=1", connection.Request!.Query);
        Assert.Contains("\r\nSec-WebSocket-Accept: " + RawPeer.Accept + "\r\n", await HeadAsync(far), StringComparison.Ordinal);
        connection.Abort();
    }

    [Fact]
    public async Task A_handshake_above_the_limit_replaces_the_oldest_silent_one()
    {
        var time = new ManualTimeProvider();
        var options = new WebSocketAcceptorOptions { MaxPendingHandshakes = 1, TimeProvider = time };
        var acceptor = new WebSocketAcceptor(options);
        (Stream first, Stream _) = Duplex();
        (Stream second, Stream far) = Duplex();
        Task<WebSocketConnection> ousted = acceptor.AcceptAsync(first);
        time.Advance(TimeSpan.FromSeconds(1));

        Task<WebSocketConnection> accepting = acceptor.AcceptAsync(second);
        await far.WriteAsync(Encoding.ASCII.GetBytes(RawPeer.Request()));

        await using WebSocketConnection connection = await accepting.WithDeadline();
        var exception = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ousted.WithDeadline());
        Assert.Equal(WebSocketHandshakeError.TimedOut, exception.Error);
        connection.Abort();
    }

    [Theory]
    [InlineData("G T", "/", "Host", "a")]
    [InlineData("GET", "/ a", "Host", "a")]
    [InlineData("GET", "", "Host", "a")]
    [InlineData("GET", "/\r\nX: y", "Host", "a")]
    [InlineData("GET", "/", "Host", "a\r\nX: y")]
    [InlineData("GET", "/", "Ho st", "a")]
    public void A_stream_without_a_request_is_rejected(string method, string target, string name, string value) =>
        Assert.Throws<ArgumentException>(() => new WebSocketParsedRequest(method, target, [new(name, value)]));

    [Fact]
    public async Task A_rejection_is_sent_and_thrown_with_its_status()
    {
        (Stream near, Stream far) = Duplex();
        await far.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));

        Task<WebSocketConnection> accepting = Acceptor.AcceptAsync(near);
        Assert.StartsWith("HTTP/1.1 426 ", await HeadAsync(far), StringComparison.Ordinal);
        await far.DisposeAsync();
        WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => accepting).WithDeadline();

        Assert.Equal(WebSocketHandshakeError.MissingUpgrade, thrown.Error);
        Assert.Equal(426, thrown.StatusCode);
    }

    [Fact]
    public async Task The_log_says_that_the_address_of_a_stream_is_unknown()
    {
        var log = new CapturingLoggerFactory();
        await using var acceptor = new WebSocketAcceptor(new WebSocketAcceptorOptions { LoggerFactory = log });
        (Stream near, Stream far) = Duplex();
        await far.WriteAsync(Encoding.ASCII.GetBytes(RawPeer.Request("/", "Origin: https://elsewhere.example")));

        Task<WebSocketConnection> accepting = acceptor.AcceptAsync(near);
        Assert.StartsWith("HTTP/1.1 403 ", await HeadAsync(far), StringComparison.Ordinal);
        await far.DisposeAsync();
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => accepting).WithDeadline();

        Assert.StartsWith(
            "Rejected an opening handshake from an unknown address with 403: ",
            Assert.Single(log.Entries, entry => entry.EventId == 101).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OnUpgrade_decides_about_a_detached_handshake()
    {
        var handler = new EchoHandler();
        var options = new WebSocketAcceptorOptions
        {
            OnUpgrade = async (request, _) =>
            {
                await Task.Yield();
                return request.Path == "/in"
                    ? WebSocketUpgradeDecision.Accept(handler) with { UserState = "me" }
                    : WebSocketUpgradeDecision.Reject(402);
            },
        };
        await using var acceptor = new WebSocketAcceptor(options);
        (Stream near, Stream far) = Duplex();
        await far.WriteAsync(Encoding.ASCII.GetBytes(RawPeer.Request("/in")));
        await using WebSocketConnection connection = await acceptor.AcceptAsync(near).WithDeadline();
        Assert.Equal("me", connection.UserState);
        connection.Abort();

        (Stream other, Stream otherFar) = Duplex();
        await otherFar.WriteAsync(Encoding.ASCII.GetBytes(RawPeer.Request("/out")));
        Task<WebSocketConnection> refused = acceptor.AcceptAsync(other);
        Assert.StartsWith("HTTP/1.1 402 ", await HeadAsync(otherFar), StringComparison.Ordinal);
        await otherFar.DisposeAsync();
        Assert.Equal(402, (await Assert.ThrowsAsync<WebSocketHandshakeException>(() => refused).WithDeadline()).StatusCode);
    }

    [Fact]
    public async Task A_lost_client_a_cancellation_and_a_reused_stream_throw_different_exceptions()
    {
        (Stream near, Stream far) = Duplex();
        Task<WebSocketConnection> leaving = Acceptor.AcceptAsync(near);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Acceptor.AcceptAsync(near));
        await far.DisposeAsync();
        WebSocketHandshakeException left = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => leaving).WithDeadline();
        Assert.Equal(WebSocketHandshakeError.ConnectionLost, left.Error);

        (Stream other, Stream otherFar) = Duplex();
        using var cancellation = new CancellationTokenSource();
        Task<WebSocketConnection> waiting = Acceptor.AcceptAsync(other, cancellationToken: cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting).WithDeadline();
        Assert.Equal("", await new StreamReader(otherFar).ReadToEndAsync().WithDeadline());
    }

    [Fact]
    public async Task A_connection_accepted_after_cancellation_is_aborted()
    {
        using var cancellation = new CancellationTokenSource();
        var opened = new TaskCompletionSource<WebSocketConnection>();
        var handler = new OpenHandler(opened);
        var options = new WebSocketAcceptorOptions
        {
            OnUpgrade = (_, _) =>
            {
                cancellation.Cancel();
                return WebSocketUpgradeDecision.Accept(handler);
            },
        };
        await using var acceptor = new WebSocketAcceptor(options);
        (Stream near, Stream far) = Duplex();
        Task<WebSocketConnection> accepting = acceptor.AcceptAsync(near, cancellationToken: cancellation.Token);

        await far.WriteAsync(Encoding.ASCII.GetBytes(RawPeer.Request()));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting).WithDeadline();
        await (await opened.Task.WithDeadline()).Closed.WithDeadline();
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("GET", 408)]
    public async Task A_client_that_sends_no_request_in_time_fails_the_handshake(string beginning, int? status)
    {
        var time = new ManualTimeProvider();
        var options = new WebSocketAcceptorOptions { TimeProvider = time };
        var acceptor = new WebSocketAcceptor(options);
        (Stream near, Stream far) = Duplex();
        await using (far)
        {
            Task<WebSocketConnection> accepting = acceptor.AcceptAsync(
                near, new WebSocketHandshakeInput { Received = Encoding.ASCII.GetBytes(beginning) });
            await Deadlines.UntilAsync(
                () =>
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    return accepting.IsCompleted;
                },
                "it fails");

            WebSocketHandshakeException thrown = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => accepting);
            Assert.Equal(WebSocketHandshakeError.TimedOut, thrown.Error);
            Assert.Equal(status, thrown.StatusCode);
        }
    }

    [Fact]
    public async Task The_buffer_of_bytes_read_in_advance_may_be_reused_at_once()
    {
        // More than one read takes, so that some of it is still to be read when the connection is there.
        (Stream near, Stream far) = Duplex();
        byte[] payload = Payloads.Bytes(300_000);
        byte[] received =
        [
            .. Encoding.ASCII.GetBytes(RawPeer.Request()), .. Wire.Masked(RawFrame.Bytes(RawFrame.Binary, payload)),
        ];

        Task<WebSocketConnection> accepting =
            Acceptor.AcceptAsync(near, new WebSocketHandshakeInput { Received = received });
        Array.Clear(received);
        await using WebSocketConnection connection = await accepting.WithDeadline();

        Assert.Equal(payload, (await connection.ReceiveMessageAsync().WithDeadline()).Payload.ToArray());
        connection.Abort();
        await far.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(int.MaxValue)]
    public async Task A_handshake_is_accepted_on_an_authenticated_SslStream_with_bytes_read_in_advance(int readAlready)
    {
        using var listener = new Socket(
            AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(Servers.Loopback);
        listener.Listen();
        Task<RawPeer> connecting = RawPeer.ConnectTlsAsync(listener.LocalEndPoint!);
        var tls = new SslStream(
            new NetworkStream(await listener.AcceptAsync(TestContext.Current.CancellationToken), ownsSocket: true));
        await tls.AuthenticateAsServerAsync(TestCertificate.ForServer()).WithDeadline();
        using RawPeer client = await connecting;
        byte[] all = [.. Encoding.ASCII.GetBytes(RawPeer.Request()), .. Wire.Masked(RawFrame.Bytes(0x81, "hi"u8))];
        await client.SendAsync(all);
        byte[] received = new byte[Math.Min(readAlready, all.Length)];
        await tls.ReadExactlyAsync(received, TestContext.Current.CancellationToken);

        await using WebSocketConnection connection = await Acceptor.AcceptAsync(
            tls, new WebSocketHandshakeInput { Received = received, IsSecure = true }).WithDeadline();

        Assert.Equal("hi", (await connection.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.True(connection.Request!.IsSecure);
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await connection.SendAsync("ho");
        Assert.Equal("ho", (await client.ReadFrameAsync()).PayloadText);
        connection.Abort();
    }

    [Fact]
    public async Task Addresses_passed_by_another_server_are_used_for_proxies_and_caps()
    {
        // As a socket for both protocols shows an IPv4 address.
        var mapped = new IPEndPoint(IPAddress.Loopback.MapToIPv6(), 1);
        var options = new WebSocketAcceptorOptions
        {
            TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")],
            MaxConnectionsPerAddress = 1,
        };
        await using var acceptor = new WebSocketAcceptor(options);

        async Task<WebSocketConnection> AcceptAsync(string client)
        {
            (Stream near, Stream far) = Duplex();
            await far.WriteAsync(Encoding.ASCII.GetBytes(RawPeer.Request("/", "X-Forwarded-For: " + client)));
            Task<WebSocketConnection> accepting =
                acceptor.AcceptAsync(near, new WebSocketHandshakeInput { RemoteEndPoint = mapped });
            if (!(await HeadAsync(far)).StartsWith("HTTP/1.1 101 ", StringComparison.Ordinal))
            {
                await far.DisposeAsync();
            }

            return await accepting.WithDeadline();
        }

        await using WebSocketConnection one = await AcceptAsync("192.0.2.1");
        Assert.Equal(IPAddress.Parse("192.0.2.1"), one.Request!.ClientIPAddress);
        WebSocketHandshakeException refused =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => AcceptAsync("::ffff:192.0.2.1"));
        Assert.Equal(429, refused.StatusCode);
        await using WebSocketConnection other = await AcceptAsync("::ffff:192.0.2.2");
        one.Abort();
        other.Abort();
    }

    [Fact]
    public async Task Routes_and_handlers_serve_accepted_connections()
    {
        await using var acceptor = new WebSocketAcceptor(
            new(), new WebSocketRoutes().Map("/echo", new EchoHandler()).Map("/serve", (connection, _) => connection.SendAsync("hi").AsTask()));

        await using WebSocketConnection echo = await ConnectAsync(acceptor, "/echo");
        await echo.SendAsync("something");
        Assert.Equal("something", (await echo.ReceiveMessageAsync().WithDeadline()).GetText());
        await using WebSocketConnection served = await ConnectAsync(acceptor, "/serve");
        Assert.Equal("hi", (await served.ReceiveMessageAsync().WithDeadline()).GetText());
        WebSocketHandshakeException unknown =
            await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(acceptor, "/other"));
        Assert.Equal(404, unknown.StatusCode);
        Assert.Equal(["/echo"], acceptor.GetConnections().Select(connection => connection.Request!.Path).Where(path => path == "/echo"));
    }

    [Fact]
    public async Task An_acceptor_has_a_set_of_connections_of_its_own()
    {
        await using var acceptor = new WebSocketAcceptor(new() { MaxConnections = 2 }, new EchoHandler());
        await using var other = new WebSocketAcceptor(new() { MaxConnections = 2 }, new EchoHandler());
        await using WebSocketConnection one = await ConnectAsync(acceptor);
        await using WebSocketConnection two = await ConnectAsync(acceptor);
        await using WebSocketConnection elsewhere = await ConnectAsync(other);

        Assert.Equal(2, acceptor.ConnectionCount);
        Assert.Equal(2, acceptor.GetConnections().Count);
        WebSocketHandshakeException full = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(acceptor));
        Assert.Equal(503, full.StatusCode);
        Assert.Equal(2, acceptor.Broadcast("to two"));
        Assert.Equal("to two", (await one.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal("to two", (await two.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal(1, await other.BroadcastAsync("to one").WithDeadline());
        Assert.Equal("to one", (await elsewhere.ReceiveMessageAsync().WithDeadline()).GetText());
    }

    [Fact]
    public async Task Stopping_an_acceptor_closes_its_connections_and_rejects_requests()
    {
        var acceptor = new WebSocketAcceptor(new(), new EchoHandler());
        await using WebSocketConnection client = await ConnectAsync(acceptor);
        Task<WebSocketMessage?> receiving = client.ReceiveAsync().AsTask();
        using WebSocketPreparedUpgrade prepared = await acceptor.PrepareAsync(PreparedInput()).WithDeadline();

        await acceptor.StopAsync().WithDeadline();

        Assert.Null(await receiving.WithDeadline());
        Assert.Equal(WebSocketCloseCode.GoingAway, (await client.Closed.WithDeadline()).Code);
        Assert.True(acceptor.Completion.IsCompleted);
        Assert.Empty(acceptor.GetConnections());
        WebSocketHandshakeException stopped = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => ConnectAsync(acceptor));
        Assert.Equal(503, stopped.StatusCode);

        // A response that was written before the stop has no connection any more.
        Assert.True(prepared.IsAccepted);
        Assert.Throws<InvalidOperationException>(() => prepared.Attach(new MemoryStream()));
        using WebSocketPreparedUpgrade late = await acceptor.PrepareAsync(PreparedInput()).WithDeadline();
        Assert.Equal(503, late.StatusCode);
    }

    [Fact]
    public async Task Stopping_an_acceptor_without_a_handler_waits_for_its_connections_only()
    {
        // Without a clock that runs, no timeout of the stop can end it.
        var acceptor = new WebSocketAcceptor(new() { TimeProvider = new ManualTimeProvider() });
        (Stream near, Stream far) = Duplex();
        Task<WebSocketConnection> accepting = acceptor.AcceptAsync(near);
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync(
            new Uri("ws://localhost/"), new WebSocketClientOptions { ConnectCallback = (_, _) => new(far) }).WithDeadline();
        WebSocketConnection server = await accepting.WithDeadline();
        await client.CloseAsync().WithDeadline();
        Assert.Null(await server.ReceiveAsync().AsTask().WithDeadline());
        await server.DisposeAsync().AsTask().WithDeadline();

        await acceptor.StopAsync().WithDeadline();

        Assert.True(acceptor.Completion.IsCompletedSuccessfully);
    }

    [Theory]
    [InlineData(2, 503)]
    [InlineData(4096, 101)]
    public async Task A_handshake_that_finds_no_place_is_rejected(int maxPending, int expected)
    {
        var time = new ManualTimeProvider();
        var acceptor = new WebSocketAcceptor(new() { MaxPendingHandshakes = maxPending, TimeProvider = time }, new EchoHandler());
        Task[] silent = [.. Enumerable.Range(0, 2).Select(_ => (Task)acceptor.AcceptAsync(Duplex().Near))];
        Assert.Equal(2, acceptor.PendingHandshakeCount);
        (Stream near, Stream far) = Duplex();
        await far.WriteAsync(Encoding.ASCII.GetBytes(RawPeer.Request()));

        Task<WebSocketConnection> accepting = acceptor.AcceptAsync(near);

        Assert.StartsWith($"HTTP/1.1 {expected} ", await HeadAsync(far), StringComparison.Ordinal);
        await far.DisposeAsync();
        _ = accepting.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        Assert.All(silent, static task => Assert.False(task.IsCompleted));
    }

    [Fact]
    public void Options_that_an_acceptor_would_ignore_are_rejected()
    {
        Assert.Throws<ArgumentException>(() => new WebSocketAcceptor(new WebSocketServerOptions()));
        Assert.Throws<ArgumentException>(() => new WebSocketAcceptor(
            new(), new WebSocketRoutes().Map("/", (server, connection, _) => Task.FromResult(server.ConnectionCount))));
    }

    // A client on the other end of a stream.
    private static async Task<WebSocketConnection> ConnectAsync(WebSocketAcceptor acceptor, string path = "/")
    {
        (Stream near, Stream far) = Duplex();
        Task<WebSocketConnection> accepting = acceptor.AcceptAsync(near);
        _ = accepting.ContinueWith(static task => _ = task.Exception, TaskScheduler.Default);
        return await WebSocketClient.ConnectAsync(
            new Uri("ws://localhost" + path), new WebSocketClientOptions { ConnectCallback = (_, _) => new(far) }).WithDeadline();
    }

    private static WebSocketHandshakeInput PreparedInput() => new()
    {
        Request = new WebSocketParsedRequest("GET", "/",
        [
            new("Host", "localhost"), new("Upgrade", "websocket"), new("Connection", "Upgrade"),
            new("Sec-WebSocket-Key", RawPeer.Key), new("Sec-WebSocket-Version", "13"),
        ]),
    };

    private static (Stream Near, Stream Far) Duplex()
    {
        var network = new WebSocketTestNetwork();
        return (network.ServerStream, network.ClientStream);
    }

    private static async Task<string> HeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one).WithDeadline();
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private sealed class OpenHandler(TaskCompletionSource<WebSocketConnection> opened) : WebSocketHandler
    {
        public override void OnOpened(WebSocketConnection connection) => opened.SetResult(connection);
    }
}
