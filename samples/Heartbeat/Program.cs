// Both ends send pings, and abort the connection to a peer that does not respond: here, one that stays connected but silent.
//
//   dotnet run --project samples/Heartbeat
//
// prints
//
//   the server lost /silent: The peer sent nothing within 00:00:01 of a ping.
//   /lively is Open

using System.Net;
using Sockeye;

// Short, to keep this sample short; the default is 20 seconds for each.
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

// A client responds to pings whatever its application does. This one is configured not to, as if its network had failed.
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

/// <summary>Reports the connection that the server has lost.</summary>
internal sealed class LossHandler : WebSocketHandler
{
    public TaskCompletionSource<string> Lost { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override void OnClosed(WebSocketConnection connection, WebSocketCloseResult result) =>
        Lost.TrySetResult($"{connection.Request!.Path}: {result.Exception?.Message ?? "it closed the connection"}");
}
