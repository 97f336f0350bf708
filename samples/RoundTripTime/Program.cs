// Measures how long a message takes to the peer and back, without any code in the peer's application.
//
//   dotnet run --project samples/RoundTripTime
//
// prints, with other figures,
//
//   the client's pings took … ms, … ms and … ms
//   the last of them: … ms
//   the server's ping took … ms

using System.Net;
using Sockeye;

var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
await using var server = await WebSocketServer.StartAsync(options, async (connection, cancellation) =>
{
    // The server can send pings too, and the connection answers pings while the application works on a message.
    if (await connection.ReceiveAsync(cancellation) is { } question)
    {
        TimeSpan roundTrip = await connection.PingAsync(cancellation);
        await connection.SendAsync($"{question.GetText()} took {Milliseconds(roundTrip)}", cancellation);
    }
});
await using WebSocketConnection connection = await WebSocketClient.ConnectAsync($"ws://127.0.0.1:{server.Port}/");

var times = new List<string>();
for (int i = 0; i < 3; i++)
{
    times.Add(Milliseconds(await connection.PingAsync()));
}

Console.WriteLine($"the client's pings took {times[0]}, {times[1]} and {times[2]}");

// The time of the last ping that was answered, including those of the keep-alive. Sends nothing.
Console.WriteLine($"the last of them: {Milliseconds(connection.RoundTripTime!.Value)}");

await connection.SendAsync("the server's ping");
Console.WriteLine((await connection.ReceiveAsync())?.GetText());

static string Milliseconds(TimeSpan time) => $"{time.TotalMilliseconds:F3} ms";
