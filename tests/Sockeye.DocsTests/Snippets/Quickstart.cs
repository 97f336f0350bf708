namespace Sockeye.Tests;

/// <summary>The first lines anybody reads. Compiled, not run: a test has no fixed port.</summary>
internal static class Quickstart
{
    public static async Task ServeAsync()
    {
        // snippet: shortest server
        await using var server = await WebSocketServer.StartAsync(8080, async (connection, cancellation) =>
        {
            await foreach (var message in connection.ReadAllAsync(cancellation))
            {
                await connection.SendAsync(message, cancellation);
            }
        });
        // end snippet
    }

    public static async Task ConnectAsync()
    {
        // snippet: shortest client
        await using var connection = await WebSocketClient.ConnectAsync("ws://localhost:8080/");
        await connection.SendAsync("something");
        var reply = await connection.ReceiveAsync();
        Console.WriteLine(reply.Text);
        // end snippet
    }
}
