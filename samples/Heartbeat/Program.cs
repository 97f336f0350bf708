// Both ends ping, and drop a peer that shows no sign of life: here one that keeps its connection open and says nothing.
//
//   dotnet run --project samples/Heartbeat
//
// prints
//
//   the server lost /silent: The peer sent nothing within 00:00:01 of a ping.
//   /lively is Open

using System.Net;
using Sockeye;

// Short, so that you need not wait long; by default it is 20 seconds each.
var keepAlive = new KeepAliveOptions
{
    PingInterval = TimeSpan.FromSeconds(1),
    PongTimeout = TimeSpan.FromSeconds(1),
};
var options = new WebSocketServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
    Connection = new() { KeepAlive = keepAlive },
};
var handler = new LossHandler();
await using WebSocketServer server = await WebSocketServer.StartAsync(options, handler);

// A client answers pings whatever its application does; this one is told not to, as if its network had gone.
await using WebSocketConnection lively = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/lively");
await using WebSocketConnection silent = await WebSocketClient.ConnectAsync(
    $"ws://127.0.0.1:{server.Port}/silent",
    new WebSocketClientOptions
    {
        Connection = new()
        {
            AnswerPings = false,
            KeepAlive = KeepAliveOptions.Disabled,
        },
    });

Console.WriteLine($"the server lost {await handler.Lost.Task}");
Console.WriteLine($"/lively is {lively.State}");

/// <summary>Tells whom the server has lost.</summary>
internal sealed class LossHandler : WebSocketHandler
{
    public TaskCompletionSource<string> Lost { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) =>
        Lost.TrySetResult($"{connection.Request!.Path}: {result.Exception?.Message ?? "it closed the connection"}");
}
