// Finds the address of a client behind a proxy: the one that the proxy reports, if you trust the proxy.
//
//   dotnet run --project samples/BehindProxy
//
// prints
//
//   trusted: 203.0.113.7
//   trusted, with a forged address before it: 203.0.113.7
//   not trusted: 127.0.0.1

using System.Net;
using Sockeye;

// The addresses of your proxies. Any client can send the header, so it counts only on connections from these. It is read from the
// right, up to the first address that is not one of them.
IPNetwork[] proxies = [IPNetwork.Parse("127.0.0.0/8")];

foreach ((string name, string header, IPNetwork[] trusted) in new[]
{
    ("trusted", "203.0.113.7", proxies),
    ("trusted, with a forged address before it", "198.51.100.1, 203.0.113.7, 127.0.0.9", proxies),
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

    // The client plays the proxy; nginx and HAProxy add the header when configured to.
    await using var connection = await WebSocketClient.ConnectAsync(
        $"ws://127.0.0.1:{server.Port}/",
        new WebSocketClientOptions { RequestHeaders = [new("X-Forwarded-For", header)] });
    Console.WriteLine($"{name}: {(await connection.ReceiveAsync())?.GetText()}");
}
