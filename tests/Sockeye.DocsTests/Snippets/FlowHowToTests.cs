using System.Net;

namespace Sockeye.Tests;

/// <summary>The pages on rates and on latency.</summary>
public sealed class FlowHowToTests
{
    [Fact]
    public async Task A_peer_above_its_rate_is_failed()
    {
        // snippet: rates
        var options = new WebSocketServerOptions
        {
            Connection = new()
            {
                Limits = new()
                {
                    ReceiveRate = new()
                    {
                        MessagesPerSecond = 20,
                        BytesPerSecond = 100_000,
                        PingsPerSecond = 2,
                        BurstPeriod = TimeSpan.FromSeconds(5),
                    },
                    MaxMessageLength = 64 * 1024,
                    MaxMessageDuration = TimeSpan.FromMinutes(2),
                },
            },
        };
        // end snippet

        var reported = new TaskCompletionSource<Exception?>();
        await using var server = await WebSocketServer.StartAsync(
            options with { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) },
            async (connection, cancellation) =>
            {
                // snippet: exceeded
                try
                {
                    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
                    {
                        Process(message);
                    }
                }
                catch (WebSocketClosedException e) when (e.Result.Exception is WebSocketRateException exceeded)
                {
                    // "Connection 7: The peer sent more than 20 messages per second."
                    Console.WriteLine($"Connection {connection.Id}: {exceeded.Message}");
                }
                // end snippet

                // Not reached if the filter above does not apply.
                reported.TrySetResult((await connection.Closed).Exception);
            });
        await using var client = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
        for (int i = 0; i < 200 && client.State == WebSocketConnectionState.Open; i++)
        {
            _ = client.TrySend("too many");
        }

        Exception? exception = await reported.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal("The peer sent more than 20 messages per second.", Assert.IsType<WebSocketRateException>(exception).Message);

        static void Process(WebSocketMessage message) => _ = message.Payload;
    }

    [Fact]
    public async Task Delivery_can_be_paused()
    {
        await using var server = await WebSocketServer.StartAsync(
            new() { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new Echo());
        await using var connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        // snippet: pause
        connection.PauseReceiving();
        await WhenThereIsCapacityAsync();
        connection.ResumeReceiving();
        // end snippet

        Assert.False(connection.IsReceivingPaused);

        static Task WhenThereIsCapacityAsync() => Task.CompletedTask;
    }

    [Fact]
    public async Task Latency_is_measured()
    {
        await using var server = await WebSocketServer.StartAsync(
            new() { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new Echo());
        await using var connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        // snippet: control frames property
        connection.ControlFrames = new ControlFrameLog();
        // end snippet

        // snippet: round-trip times
        await connection.PingAsync();
        if (connection.RoundTripTimes is { } times)
        {
            Console.WriteLine(
                $"last {times.Last.TotalMilliseconds:F3} ms, smoothed {times.Smoothed.TotalMilliseconds:F3} ms, "
                + $"minimum {times.Minimum.TotalMilliseconds:F3} ms");
        }
        // end snippet

        Assert.NotNull(connection.RoundTripTimes);
    }
}
