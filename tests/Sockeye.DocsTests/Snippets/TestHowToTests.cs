using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace Sockeye.Tests;

public sealed class TestHowToTests
{
    [Fact]
    public async Task Handler_is_tested_over_the_loopback()
    {
        // snippet: test a handler
        await using var server = await WebSocketServer.StartAsync(
            new() { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new CountingHandler());
        await using var client = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));

        await client.SendAsync("a question");
        WebSocketMessage? reply = await client.ReceiveAsync(deadline.Token);

        Assert.Equal("1: a question", reply?.GetText());
        // end snippet
    }

    [Fact]
    public async Task Timeouts_are_tested_with_a_clock_that_the_test_advances()
    {
        // snippet: test a timeout
        var time = new FakeTimeProvider();
        await using var server = await WebSocketServer.StartAsync(
            new() { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), TimeProvider = time }, new CountingHandler());
        await using var client = await WebSocketClient.ConnectAsync(
            $"ws://{server.LocalEndPoint}/", new() { Connection = new() { AnswerPings = false } });
        await client.PingAsync(); // The pong shows that the server has opened its end.
        WebSocketConnection connection = Assert.Single(server.GetConnections());

        time.Advance(TimeSpan.FromSeconds(21)); // more than PingInterval: the server sends a ping
        time.Advance(TimeSpan.FromSeconds(21)); // more than PongTimeout: it aborts the connection

        WebSocketCloseResult end = await connection.Closed.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.IsType<TimeoutException>(end.Exception);
        // end snippet
    }
}
