using System.Net;
using Microsoft.Extensions.Time.Testing;
using Sockeye.Testing;

namespace Sockeye.Tests;

public sealed class TestYourHandlerHowToTests
{
    [Fact]
    public async Task Handler_is_tested_in_memory()
    {
        // snippet: test a handler
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new CountingHandler());
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));

        await pair.Client.SendAsync("a question");
        WebSocketMessage? reply = await pair.Client.ReceiveAsync(deadline.Token);

        Assert.Equal("1: a question", reply?.GetText());
        // end snippet
    }

    [Fact]
    public async Task A_rejection_is_tested()
    {
        // snippet: test a rejection
        var options = new WebSocketTestPairOptions
        {
            Address = new Uri("ws://localhost/private"),
            Server = new() { OnUpgrade = (_, _) => new(WebSocketUpgradeDecision.Reject(403)) },
            Client = new() { RequestHeaders = [new("Cookie", "session=expired")] },
        };

        var exception = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketTestPair.ConnectAsync(new CountingHandler(), options));

        Assert.Equal(403, exception.StatusCode);
        // end snippet
    }

    [Fact]
    public async Task Several_clients_share_an_acceptor()
    {
        // snippet: test several clients
        await using var acceptor = new WebSocketAcceptor(new(), new CountingHandler());
        await using WebSocketTestPair alice = await WebSocketTestPair.ConnectAsync(acceptor);
        await using WebSocketTestPair bob = await WebSocketTestPair.ConnectAsync(acceptor);

        acceptor.Broadcast("closing soon");

        Assert.Equal("closing soon", (await alice.Client.ReceiveAsync())?.GetText());
        Assert.Equal("closing soon", (await bob.Client.ReceiveAsync())?.GetText());
        // end snippet
    }

    [Fact]
    public async Task A_network_is_simulated_in_virtual_time()
    {
        // snippet: simulate a network
        var time = new FakeTimeProvider();
        var link = new WebSocketTestLinkOptions
        {
            Latency = TimeSpan.FromMilliseconds(80),
            Jitter = TimeSpan.FromMilliseconds(20),
            BytesPerSecond = 1_000_000,
            SegmentLength = 100,
            VarySegments = true, // pieces of 1 to 100 bytes
        };
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new CountingHandler(), new()
        {
            TimeProvider = time,
            Network = new() { ToServer = link, ToClient = link, Seed = 1 },
        });

        await pair.Client.SendAsync("a question");
        time.Advance(TimeSpan.FromSeconds(1)); // The question arrives.
        await pair.Network.ToClient.WaitForSentAsync(1);
        time.Advance(TimeSpan.FromSeconds(1)); // So does the reply.

        Assert.Equal("1: a question", (await pair.Client.ReceiveAsync())?.GetText());
        // end snippet
    }

    [Fact]
    public async Task A_broken_connection_is_tested()
    {
        // snippet: test a broken connection
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(new CountingHandler());

        pair.Network.Reset();

        WebSocketCloseResult end = await pair.Server.Closed.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(WebSocketCloseCode.AbnormalClosure, end.Code);
        // end snippet
    }

    [Fact]
    public async Task Frames_are_compared_in_hex()
    {
        // snippet: compare frames
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(
            new CountingHandler(), new() { Network = new() { Record = true } });

        await pair.Client.SendAsync("Hi");
        await pair.Client.CloseAsync();

        Assert.Equal(
            ["81 02 48 69", "88 02 03 e8"], // text "Hi"; Close with 1000
            pair.Network.ToServer.GetSentFrames().Select(frame => frame.ToString()));
        // end snippet
    }

    [Fact]
    public async Task Timeouts_are_tested_with_a_clock_that_the_test_advances()
    {
        // snippet: test a timeout
        var time = new FakeTimeProvider();
        await using WebSocketTestPair pair = await WebSocketTestPair.ConnectAsync(
            new CountingHandler(),
            new()
            {
                TimeProvider = time,

                // A client without keep-alive of its own, which would end the connection at the same time.
                Client = new() { Connection = new() { AnswerPings = false, KeepAlive = KeepAliveOptions.Disabled } },
            });

        time.Advance(TimeSpan.FromSeconds(21)); // more than PingInterval: the server sends a ping
        time.Advance(TimeSpan.FromSeconds(21)); // more than PongTimeout: it aborts the connection

        WebSocketCloseResult end = await pair.Server.Closed.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.IsType<TimeoutException>(end.Exception);
        // end snippet
    }

    [Fact]
    public async Task One_end_is_tested_with_raw_bytes()
    {
        // snippet: test one end
        await using var acceptor = new WebSocketAcceptor(new());
        using var network = new WebSocketTestNetwork();
        Task<WebSocketConnection> accepting = acceptor.AcceptAsync(network.ServerStream);

        await network.ClientStream.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());

        byte[] status = new byte[12];
        await network.ClientStream.ReadExactlyAsync(status);
        Assert.Equal("HTTP/1.1 426"u8, status);
        network.ClientStream.Dispose();
        await Assert.ThrowsAsync<WebSocketHandshakeException>(() => accepting);
        // end snippet
    }

    [Fact]
    public async Task Handler_is_tested_over_the_loopback()
    {
        // snippet: test over sockets
        await using var server = await WebSocketServer.StartAsync(
            new() { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new CountingHandler());
        await using var client = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
        // end snippet

        Assert.Equal(WebSocketConnectionState.Open, client.State);
    }
}
