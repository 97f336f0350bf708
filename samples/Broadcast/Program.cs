// Sends a message to all connections, or to all except the one it came from: a chat.
//
//   dotnet run --project samples/Broadcast
//
// prints
//
//   alice received: everyone is here
//   bob received: everyone is here
//   carol received: everyone is here
//   bob received: alice: hello
//   carol received: alice: hello
//   alice received: bye
//   bob received: bye
//   carol received: bye

using System.Net;
using Sockeye;

var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
await using var chat = new WebSocketServer(options, async (server, connection, cancellation) =>
{
    string name = connection.Request!.Path[1..];
    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
    {
        // Framed once for all connections. Broadcast skips a client that is too slow; BroadcastAsync waits for the slowest.
        server.Broadcast($"{name}: {message.GetText()}", where: other => other != connection);
    }
});
await chat.StartAsync();

string[] names = ["alice", "bob", "carol"];
var clients = new Dictionary<string, WebSocketConnection>();
foreach (string name in names)
{
    clients[name] = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{chat.Port}/{name}");
}

await chat.BroadcastAsync(WebSocketPreparedMessage.Text("everyone is here"));
await PrintNextAsync(names);

await clients["alice"].SendAsync("hello");
await PrintNextAsync(["bob", "carol"]);

// Alice's own message was not sent back to her, so this is the next one that she receives.
await chat.BroadcastAsync(WebSocketPreparedMessage.Text("bye"));
await PrintNextAsync(names);
await chat.CloseAllAsync(WebSocketCloseCode.NormalClosure);

async Task PrintNextAsync(string[] toldOnes)
{
    foreach (string name in toldOnes)
    {
        Console.WriteLine($"{name} received: {(await clients[name].ReceiveAsync())?.GetText()}");
    }
}
