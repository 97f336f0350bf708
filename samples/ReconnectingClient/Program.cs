// A client that survives the replacement of its server, and sends later what it could not send in between.
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
    // The maximum delay before the second attempt; it doubles with each further attempt. The delay is random, so that ten
    // thousand clients of a restarting server do not all reconnect at once.
    FirstDelay = TimeSpan.FromMilliseconds(200),

    // How many bytes of messages are queued while there is no connection; beyond that, SendAsync waits.
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

// Closes with 1001, going away: the client reconnects, as after a lost connection. After 1012, service restart, it would wait at
// least 5 seconds.
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
