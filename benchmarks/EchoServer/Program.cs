// The echo server of all comparisons: dotnet run -c Release --project benchmarks/EchoServer PORT
//
//   /            sends every message back, with the handler face: in place, straight from the receive buffer
//   /pull        the same with the pull face: await foreach
//   /broadcast   sends every message to every connection on this path

using System.Globalization;
using System.Net;
using Sockeye;
using Sockeye.Benchmarks;

// As its peers in the comparison have it.
const int MessageLimit = 100 * 1024 * 1024;

WebSocketHandler echo = new EchoHandler();
WebSocketHandler broadcast = new BroadcastHandler();
WebSocketHandler pull = WebSocketHandler.FromDelegate(async (connection, cancellation) =>
{
    await foreach (WebSocketMessage message in connection.ReadAllAsync(cancellation))
    {
        await connection.SendAsync(message, cancellation);
    }
});

WebSocketServerOptions options = new()
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, int.Parse(args[0], CultureInfo.InvariantCulture)),
    Connection = WebSocketConnectionOptions.Server with
    {
        Limits = LimitOptions.Server with { MaxMessageLength = MessageLimit },
    },
};
await using WebSocketServer server = await WebSocketServer.StartAsync(options, request => request.Path switch
{
    "/pull" => pull,
    "/broadcast" => broadcast,
    _ => echo,
});

Console.WriteLine($"listening on {server.LocalEndPoint}");
await Task.Delay(Timeout.Infinite);
