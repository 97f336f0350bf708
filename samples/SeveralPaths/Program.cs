// Serves several paths, each with its own handler; one has a parameter, and one has a subprotocol and limits.
//
//   dotnet run --project samples/SeveralPaths
//
// prints
//
//   /echo: hello
//   /rooms/kitchen: you are in kitchen
//   /sum, speaking sum.v1: 1 + 2 + 3 = 6
//   /nothing: 404

using System.Buffers.Text;
using System.Globalization;
using System.Net;
using Sockeye;

var routes = new WebSocketRoutes()
    .Map("/echo", async (connection, cancellation) =>
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
        {
            await connection.SendAsync(message, cancellation);
        }
    })
    .Map("/rooms/{room}", async (connection, cancellation) =>
        await connection.SendAsync($"you are in {connection.Request!.GetRouteValue("room")}", cancellation))
    .Map("/sum", new SumHandler(), new WebSocketRouteOptions
    {
        Subprotocols = ["sum.v1"],
        Connection = new()
        {
            Limits = new() { MaxMessageLength = 1024 },
        },
    });

var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
await using var server = new WebSocketServer(options, routes);
await server.StartAsync();
string address = $"ws://127.0.0.1:{server.Port}";

await using WebSocketConnection echo = await WebSocketClient.ConnectAsync($"{address}/echo");
await echo.SendAsync("hello");
Console.WriteLine($"/echo: {(await echo.ReceiveAsync())?.GetText()}");

await using WebSocketConnection room = await WebSocketClient.ConnectAsync($"{address}/rooms/kitchen");
Console.WriteLine($"/rooms/kitchen: {(await room.ReceiveAsync())?.GetText()}");

await using WebSocketConnection sum = await WebSocketClient.ConnectAsync(
    $"{address}/sum", new WebSocketClientOptions { Subprotocols = ["sum.v2", "sum.v1"] });
await sum.SendAsync("1 2 3");
Console.WriteLine($"/sum, speaking {sum.Subprotocol}: 1 + 2 + 3 = {(await sum.ReceiveAsync())?.GetText()}");

try
{
    await using WebSocketConnection nothing = await WebSocketClient.ConnectAsync($"{address}/nothing");
}
catch (WebSocketHandshakeException exception)
{
    Console.WriteLine($"/nothing: {exception.StatusCode}");
}

/// <summary>Adds the numbers in a message, directly from the receive buffer.</summary>
internal sealed class SumHandler : WebSocketHandler
{
    public override void OnMessage(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        long sum = 0;
        foreach (Range word in payload.Split((byte)' '))
        {
            sum += Utf8Parser.TryParse(payload[word], out long number, out _) ? number : 0;
        }

        Span<byte> answer = stackalloc byte[20];
        sum.TryFormat(answer, out int length, provider: CultureInfo.InvariantCulture);
        _ = connection.TrySend(answer[..length], WebSocketMessageKind.Text);
    }
}
