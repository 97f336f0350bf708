using System.Net;

namespace Sockeye.Tests;

public sealed class KeepAliveHowToTests
{
    [Fact]
    public async Task Ping_has_a_round_trip_time()
    {
        var serverOptions = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
        await using var server = await WebSocketServer.StartAsync(serverOptions, new Echo());
        var address = new Uri($"ws://{server.LocalEndPoint}/");

        // snippet: keep-alive
        var options = new WebSocketClientOptions
        {
            Connection = new()
            {
                KeepAlive = new()
                {
                    PingInterval = TimeSpan.FromSeconds(45),
                    PongTimeout = TimeSpan.FromSeconds(10),
                },
            },
        };
        await using var connection = await WebSocketClient.ConnectAsync(address, options);
        // end snippet

        // snippet: ping
        TimeSpan roundTrip = await connection.PingAsync();
        Console.WriteLine($"{roundTrip.TotalMilliseconds:F1} ms; the last known is {connection.RoundTripTime}");
        // end snippet

        Assert.Equal(roundTrip, connection.RoundTripTime);
    }

    [Fact]
    public void Keep_alive_can_be_disabled()
    {
        // snippet: no keep-alive
        var options = new WebSocketConnectionOptions { KeepAlive = KeepAliveOptions.Disabled };
        // end snippet

        Assert.Equal(KeepAliveOptions.Disabled, options.KeepAlive);
    }
}
