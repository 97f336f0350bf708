using System.Net;

namespace Sockeye.Tests;

public sealed class JsonHowToTests
{
    [Fact]
    public async Task Values_are_exchanged_as_JSON()
    {
        await using var server = await WebSocketServer.StartAsync(
            new() { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new ChatHandler());
        await using var connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        // snippet: json
        await connection.SendJsonAsync(new ChatLine("Ada", "Hello"), ChatJson.Default.ChatLine);
        if (await connection.ReceiveJsonAsync(ChatJson.Default.ChatLine) is { } line)
        {
            Console.WriteLine($"{line.Author}: {line.Text}");
        }
        // end snippet

        // snippet: json broadcast
        server.Broadcast(WebSocketPreparedMessage.Json(new ChatLine("server", "Good morning"), ChatJson.Default.ChatLine));
        // end snippet

        Assert.Equal(new ChatLine("server", "Good morning"), await connection.ReceiveJsonAsync(ChatJson.Default.ChatLine));
    }

    [Fact]
    public async Task A_message_that_is_not_JSON_is_skipped()
    {
        await using var server = await WebSocketServer.StartAsync(
            new() { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) },
            async (connection, _) =>
            {
                await connection.SendAsync("no JSON");
                await connection.SendJsonAsync(new ChatLine("Ada", "Hello"), ChatJson.Default.ChatLine);
            });
        await using var connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");

        // snippet: json errors
        while (true)
        {
            try
            {
                await foreach (ChatLine line in connection.ReadAllJsonAsync(ChatJson.Default.ChatLine))
                {
                    Console.WriteLine($"{line.Author}: {line.Text}");
                }

                break;
            }
            catch (WebSocketJsonException exception)
            {
                Console.WriteLine($"Skipped a message of {exception.Length} bytes: {exception.InnerException?.Message}");
            }
        }
        // end snippet

        Assert.True((await connection.Closed).WasClean);
    }
}
