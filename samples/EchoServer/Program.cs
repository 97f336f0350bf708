// An echo server: it sends every message back to its sender.
//
//   dotnet run --project samples/EchoServer           listens on port 8080
//   dotnet run --project samples/EchoServer -- 0      lets the system choose a port
//
// Then, in the console of any browser:
//
//   socket = new WebSocket("ws://localhost:8080/"); socket.onmessage = message => console.log(message.data);
//   socket.onopen = () => socket.send("something");

using System.Globalization;
using System.Net;
using Sockeye;

int port = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 8080;
var options = new WebSocketServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.IPv6Any, port),

    // Pages of any origin may connect, since an echo server reveals nothing.
    DangerousAllowAnyOrigin = true,
};

await using WebSocketServer server = await WebSocketServer.StartAsync(options, async (connection, cancellation) =>
{
    // Ends when the client closes the connection. Pings are handled automatically.
    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
    {
        // The payload is on loan until the next iteration: copy it to keep it.
        await connection.SendAsync(message, cancellation);
    }
});
Console.WriteLine($"Listening on ws://localhost:{server.Port}/");

// Waits for Ctrl+C or SIGTERM. Every client then gets a Close frame with code 1001.
await server.RunAsync();
