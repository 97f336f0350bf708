// An echo server: every message goes back to the one who sent it.
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

    // Pages of any origin may connect: an echo tells nobody anything that they don't know.
    DangerousAllowAnyOrigin = true,
};

await using WebSocketServer server = await WebSocketServer.StartAsync(options, async (connection, cancellation) =>
{
    // Ends when the client closes the connection. Pings are answered without ever showing up here.
    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
    {
        // The payload is on loan until the next turn of the loop: copy it to keep it.
        await connection.SendAsync(message, cancellation);
    }
});
Console.WriteLine($"Listening on ws://localhost:{server.Port}/");

// Until Ctrl+C or SIGTERM: then every client gets a Close frame with 1001.
await server.RunAsync();
