using System.Globalization;
using System.Net;

namespace Sockeye.Tests;

public sealed class SlowConsumersHowToTests
{
    [Fact]
    public async Task Prices_are_sent_by_key()
    {
        // snippet: options
        var options = new WebSocketServerOptions
        {
            Connection = new()
            {
                SlowConsumer = SlowConsumerOptions.LatestPerKey,
                Limits = new() { MaxSendBufferLength = 64 * 1024 },
            },

            // What the system takes before it can send it is out of reach: a replaced price would still be behind it.
            Socket = new() { MaxUnsentLength = 16 * 1024 },
        };
        // end snippet

        options = options with { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
        await using var server = await WebSocketServer.StartAsync(options, new Echo());
        await using var client = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
        await client.SendAsync("the server knows the connection when it has replied");
        await client.ReceiveAsync();
        WebSocketConnection connection = server.GetConnections().Single();
        string symbol = "EURUSD";
        string json = "{}";
        var cancellation = CancellationToken.None;

        // snippet: key
        server.Broadcast(WebSocketPreparedMessage.Text(json, key: symbol));
        await connection.SendAsync(json, new() { Key = symbol }, cancellation);
        // end snippet

        // snippet: override
        var message = WebSocketPreparedMessage.Text("the server restarts in a minute");
        int accepted = await server.BroadcastAsync(message, new() { SlowConsumer = WebSocketSlowConsumerPolicy.Wait });
        // end snippet

        // snippet: result
        WebSocketSendResult result = connection.TrySend(json, new() { Key = symbol });
        if (result == WebSocketSendResult.Dropped)
        {
            Console.WriteLine($"{connection.Id} has missed {connection.DropCounts.Total} messages");
        }
        // end snippet

        Assert.Equal(1, accepted);
        Assert.Equal(WebSocketSendResult.Sent, result);
        Assert.Equal("{}", (await client.ReceiveAsync())?.GetText());
    }

    [Fact]
    public void A_slow_consumer_is_closed()
    {
        // snippet: close
        var options = new WebSocketConnectionOptions { SlowConsumer = SlowConsumerOptions.Close(after: TimeSpan.FromSeconds(30)) };
        // end snippet

        Assert.Equal(WebSocketSlowConsumerPolicy.Close, options.SlowConsumer.Policy);
    }

    // snippet: events
    private static void Watch(WebSocketConnection connection)
    {
        connection.BecameSlow += static slow => Console.WriteLine($"{slow.Id} is slow: {slow.SendBufferLength} bytes wait");
        connection.CaughtUp += static slow => Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{slow.Id} has caught up, and missed {slow.DropCounts.Total} messages"));
    }
    // end snippet

    [Fact]
    public async Task Events_can_be_watched()
    {
        await using var server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new Echo());
        await using var client = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        Watch(client);

        Assert.Equal(default, client.DropCounts);
    }
}
