// Who a client is when it comes through a proxy: what the proxy says, if it is one of yours.
//
//   dotnet run --project samples/BehindProxy
//
// prints
//
//   trusted: 203.0.113.7
//   trusted, and the client has lied about others before it: 203.0.113.7
//   not trusted: 127.0.0.1

using System.Net;
using Sockeye;

// Your proxies by their addresses. Everybody can write the header: it counts in what comes from these alone, and is read
// from its right, up to the first address that is not one of theirs.
IPNetwork[] proxies = [IPNetwork.Parse("127.0.0.0/8")];

foreach ((string name, string header, IPNetwork[] trusted) in new[]
{
    ("trusted", "203.0.113.7", proxies),
    ("trusted, and the client has lied about others before it", "198.51.100.1, 203.0.113.7, 127.0.0.9", proxies),
    ("not trusted", "203.0.113.7", []),
})
{
    var options = new WebSocketServerOptions
    {
        EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
        TrustedProxies = trusted,
    };
    await using var server = await WebSocketServer.StartAsync(options, async (connection, cancellation) =>
        await connection.SendAsync($"{connection.Request!.ClientIPAddress}", cancellation));

    // The client plays the proxy: nginx and HAProxy add the header when they are told to.
    await using var connection = await WebSocketClient.ConnectAsync(
        $"ws://127.0.0.1:{server.Port}/",
        new WebSocketClientOptions { RequestHeaders = [new("X-Forwarded-For", header)] });
    Console.WriteLine($"{name}: {(await connection.ReceiveAsync())?.GetText()}");
}
