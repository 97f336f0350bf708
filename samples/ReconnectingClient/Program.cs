// A client that stays while its server is replaced, and sends later what it could not send meanwhile.
//
//   dotnet run --project samples/ReconnectingClient
//
// prints
//
//   first server: hello
//   first server has stopped
//   second server: sent while there was no server
//   second server: and this

using System.Net;
using Sockeye;

int port = 0;
WebSocketServer server = await StartAsync("first server");
port = server.Port;

var waiting = new TaskCompletionSource();
await using var client = new WebSocketReconnectingClient($"ws://127.0.0.1:{port}/", new WebSocketReconnectOptions
{
    // Up to this before the second attempt, twice as much before the next, and so on; random, so that ten thousand clients
    // of a server that starts again don't come all at once.
    FirstDelay = TimeSpan.FromMilliseconds(200),

    // So many bytes of messages are kept while there is no connection; beyond that, SendAsync waits for one.
    MaxQueueLength = 64 * 1024,

    OnStatusChanged = status =>
    {
        if (status.State == WebSocketReconnectState.Waiting)
        {
            waiting.TrySetResult();
        }
    },
});
await client.StartAsync();
await using IAsyncEnumerator<WebSocketMessage> messages = client.ReadAllAsync().GetAsyncEnumerator();

await client.SendAsync("hello");
await PrintNextAsync();

// Closes with 1001, going away: as after a lost connection, the client comes back. With 1012, restarting, it would leave
// the server 5 seconds at least.
await server.StopAsync();
Console.WriteLine("first server has stopped");
ValueTask<bool> next = messages.MoveNextAsync();
await waiting.Task;

await client.SendAsync("sent while there was no server");
await using WebSocketServer second = await StartAsync("second server");
await next;
Console.WriteLine(messages.Current.GetText());
await client.SendAsync("and this");
await PrintNextAsync();

async Task PrintNextAsync()
{
    await messages.MoveNextAsync();
    Console.WriteLine(messages.Current.GetText());
}

Task<WebSocketServer> StartAsync(string name) => WebSocketServer.StartAsync(
    new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, port) },
    async (connection, cancellation) =>
    {
        await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
        {
            await connection.SendAsync($"{name}: {message.GetText()}", cancellation);
        }
    });
