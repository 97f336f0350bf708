// Carries TCP connections through a WebSocket: a client of the tunnel's near end talks to a service behind its far end.
//
//   dotnet run --project samples/TcpTunnel
//
// prints
//
//   through the tunnel: HELLO
//   through the tunnel: WORLD
//   the service saw the end

using System.Net;
using System.Net.Sockets;
using Sockeye;

var serviceEnded = new TaskCompletionSource();

// The service at the far end: returns each line in upper case.
using var service = new TcpListener(IPAddress.Loopback, 0);
service.Start();
Task serving = RunServiceAsync();

// The far end of the tunnel: a WebSocket server that connects to the service for each connection.
var options = new WebSocketServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, 0),

    // The directions of a tunnel are independent: a service that is slow to read must not keep its replies back, nor the reverse.
    Connection = new() { PauseReceivingWhenSendBufferIsFull = false },
};
await using WebSocketServer server = await WebSocketServer.StartAsync(options, async (connection, _) =>
{
    using var client = new TcpClient();
    await client.ConnectAsync((IPEndPoint)service.LocalEndpoint);
    await JoinAsync(client.GetStream(), connection.AsStream());
});

// The near end: a TCP listener that opens a WebSocket for each connection.
using var entrance = new TcpListener(IPAddress.Loopback, 0);
entrance.Start();
Task entering = RunEntranceAsync();

// A client that knows nothing of the tunnel.
using (var client = new TcpClient())
{
    await client.ConnectAsync((IPEndPoint)entrance.LocalEndpoint);
    await using var writer = new StreamWriter(client.GetStream()) { AutoFlush = true };
    using var reader = new StreamReader(client.GetStream());
    foreach (string line in new[] { "hello", "world" })
    {
        await writer.WriteLineAsync(line);
        Console.WriteLine($"through the tunnel: {await reader.ReadLineAsync()}");
    }
}

await serviceEnded.Task;
Console.WriteLine("the service saw the end");
await entering;
await serving;

async Task RunEntranceAsync()
{
    using TcpClient client = await entrance.AcceptTcpClientAsync();
    WebSocketConnection connection = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/");
    await JoinAsync(client.GetStream(), connection.AsStream());
}

// Copies in both directions until one of them ends, and then ends both.
static async Task JoinAsync(Stream one, Stream other)
{
    await using (one)
    await using (other)
    {
        Task first = await Task.WhenAny(one.CopyToAsync(other), other.CopyToAsync(one));
        await first;
    }
}

async Task RunServiceAsync()
{
    using TcpClient client = await service.AcceptTcpClientAsync();
    using var reader = new StreamReader(client.GetStream());
    await using var writer = new StreamWriter(client.GetStream()) { AutoFlush = true };
    while (await reader.ReadLineAsync() is { } line)
    {
        await writer.WriteLineAsync(line.ToUpperInvariant());
    }

    serviceEnded.SetResult();
}
