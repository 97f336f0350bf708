using System.Collections.Concurrent;
using System.Net;
using Sockeye.Testing;

namespace Sockeye.Tests;

/// <summary>Opening handshakes whose response another HTTP server writes.</summary>
public sealed class PreparedUpgradeTests
{
    [Fact]
    public async Task The_prepared_response_matches_a_servers_and_the_stream_has_only_frames()
    {
        var options = new WebSocketAcceptorOptions
        {
            Subprotocols = ["v1"],
            OnUpgrade = (request, _) => new(new WebSocketUpgradeAcceptance
            {
                UserState = request.ClientIPAddress,
                Headers = [new("X-A", "1"), new("X-A", "2")],
            }),
        };
        await using var acceptor = new WebSocketAcceptor(options);
        (Stream near, Stream far) = Duplex();

        using WebSocketPreparedUpgrade prepared = await acceptor.PrepareAsync(
            Input("Sec-WebSocket-Protocol", "v1") with
            {
                RemoteEndPoint = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1),
                Received = Wire.Masked(RawFrame.Bytes(0x81, "early"u8.ToArray())),
            }).WithDeadline();

        Assert.True(prepared.IsAccepted);
        Assert.Equal(WebSocketHandshakeError.None, prepared.Error);
        Assert.Equal(101, prepared.StatusCode);
        Assert.Equal("v1", prepared.Subprotocol);
        Assert.Equal("/x", prepared.Request.Path);
        Assert.True(prepared.Body.IsEmpty);
        Assert.Equal(
            [new("Upgrade", "websocket"), new("Connection", "Upgrade"), new("Sec-WebSocket-Accept", RawPeer.Accept),
                new("Sec-WebSocket-Protocol", "v1"), new("X-A", "1"), new("X-A", "2")],
            prepared.Headers);

        await using WebSocketConnection connection = prepared.Attach(near);
        Assert.Equal("early", (await connection.ReceiveMessageAsync().WithDeadline()).GetText());
        Assert.Equal(IPAddress.Parse("192.0.2.1"), connection.UserState);
        Assert.Equal("v1", connection.Subprotocol);
        Assert.Equal("/x", connection.Request!.Path);
        await connection.SendAsync("a").WithDeadline();
        byte[] frame = new byte[3];
        await far.ReadExactlyAsync(frame, TestContext.Current.CancellationToken);
        Assert.Equal([0x81, 0x01, 0x61], frame);
        Assert.Throws<InvalidOperationException>(() => prepared.Attach(near));
        connection.Abort();
    }

    [Fact]
    public async Task A_rejection_is_logged_and_reported_and_has_no_connection()
    {
        var log = new CapturingLoggerFactory();
        var failures = new ConcurrentQueue<WebSocketHandshakeFailure>();
        var options = new WebSocketAcceptorOptions
        {
            LoggerFactory = log,
            OnHandshakeFailed = failure =>
            {
                failures.Enqueue(failure);
                return new WebSocketUpgradeRejection { StatusCode = 418, Body = "é", Headers = [new("X-A", "1")] };
            },
        };
        await using var acceptor = new WebSocketAcceptor(options);

        using WebSocketPreparedUpgrade prepared =
            await acceptor.PrepareAsync(Input("Origin", "https://evil.example")).WithDeadline();

        Assert.False(prepared.IsAccepted);
        Assert.Equal(WebSocketHandshakeError.OriginNotAllowed, prepared.Error);
        Assert.Equal(418, prepared.StatusCode);
        Assert.Equal("é"u8.ToArray(), prepared.Body.ToArray());
        Assert.Contains(new("Content-Length", "2"), prepared.Headers);
        Assert.Contains(new("X-A", "1"), prepared.Headers);
        Assert.Equal("/x", Assert.Single(failures).Request!.Path);
        Assert.Single(log.Entries, entry => entry.EventId == 101);
        Assert.Throws<InvalidOperationException>(() => prepared.Attach(Stream.Null));
    }

    [Fact]
    public async Task A_decision_that_throws_or_times_out_is_reported_as_by_a_server()
    {
        var time = new ManualTimeProvider();
        var deciding = new TaskCompletionSource<WebSocketUpgradeDecision>();
        var options = new WebSocketAcceptorOptions
        {
            TimeProvider = time,
            OnUpgrade = (request, _) => request.Headers["X"] == "throw"
                ? throw new InvalidOperationException("at once")
                : new(deciding.Task),
        };
        var acceptor = new WebSocketAcceptor(options);

        using WebSocketPreparedUpgrade thrown = await acceptor.PrepareAsync(Input("X", "throw")).WithDeadline();
        Assert.Equal((WebSocketHandshakeError.ApplicationFailed, 500), (thrown.Error, thrown.StatusCode));
        Task<WebSocketPreparedUpgrade> preparing = acceptor.PrepareAsync(Input("X", "wait"));
        time.Advance(options.HandshakeTimeout);
        using WebSocketPreparedUpgrade late = await preparing.WithDeadline();
        Assert.Equal((WebSocketHandshakeError.TimedOut, 408), (late.Error, late.StatusCode));

        using var canceling = new CancellationTokenSource();
        Task<WebSocketPreparedUpgrade> canceled = acceptor.PrepareAsync(Input("X", "wait"), canceling.Token);
        await canceling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => canceled).WithDeadline();
    }

    [Fact]
    public async Task A_prepared_upgrade_counts_until_disposed_or_its_connection_has_ended()
    {
        var options = new WebSocketAcceptorOptions { MaxConnections = 1 };
        await using var acceptor = new WebSocketAcceptor(options);
        WebSocketPreparedUpgrade first = await acceptor.PrepareAsync(Input()).WithDeadline();
        Assert.Equal(503, await StatusAsync());
        first.Dispose();
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => first.Attach(Stream.Null));
        (Stream near, Stream far) = Duplex();

        WebSocketConnection connection;
        using (WebSocketPreparedUpgrade second = await acceptor.PrepareAsync(Input()).WithDeadline())
        {
            connection = second.Attach(near);
        }

        Assert.Equal(503, await StatusAsync());
        Assert.Equal(WebSocketConnectionState.Open, connection.State);
        connection.Abort();
        await connection.Closed.WithDeadline();
        Assert.Equal(101, await StatusAsync());
        await far.DisposeAsync();

        async Task<int> StatusAsync()
        {
            using WebSocketPreparedUpgrade other = await acceptor.PrepareAsync(Input()).WithDeadline();
            return other.StatusCode;
        }
    }

    [Fact]
    public async Task A_stream_is_attached_once_and_a_preparation_needs_a_request()
    {
        (Stream near, Stream far) = Duplex();
        using WebSocketPreparedUpgrade first = await new WebSocketAcceptor(new()).PrepareAsync(Input()).WithDeadline();
        using WebSocketPreparedUpgrade second = await new WebSocketAcceptor(new()).PrepareAsync(Input()).WithDeadline();

        WebSocketConnection connection = first.Attach(near);

        Assert.Throws<InvalidOperationException>(() => second.Attach(near));
        await Assert.ThrowsAsync<ArgumentException>(() => new WebSocketAcceptor(new()).PrepareAsync(new WebSocketHandshakeInput()));
        connection.Abort();
        await far.DisposeAsync();
    }

    private static WebSocketHandshakeInput Input(string name = "X", string value = "y") => new()
    {
        Request = new WebSocketParsedRequest("GET", "/x",
        [
            new("Host", "localhost"), new("Upgrade", "websocket"), new("Connection", "Upgrade"),
            new("Sec-WebSocket-Key", RawPeer.Key), new("Sec-WebSocket-Version", "13"), new(name, value),
        ]),
    };

    private static (Stream Near, Stream Far) Duplex()
    {
        var network = new WebSocketTestNetwork();
        return (network.ServerStream, network.ClientStream);
    }
}
