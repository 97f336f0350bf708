namespace Sockeye.Tests;

/// <summary>A cap is unchanged after many counted connections of all kinds.</summary>
public sealed class ConnectionCapsStressTests
{
    private const int Cap = 4;
    private const int ClientsAtOnce = 12;
    private const int Rounds = 25;

    [Theory]
    [EachServer]
    public async Task Failed_and_closed_connections_release_their_places_under_the_caps(ServerKind kind)
    {
        await using WebSocketServer server = await WebSocketServer.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Tls = kind.Tls(),
                MaxConnections = Cap,
                MaxConnectionsPerAddress = Cap,
                MaxPendingHandshakes = ClientsAtOnce / 2,
                OnUpgrade = static async (request, cancellation) =>
                {
                    switch (request.Query)
                    {
                        case "late":
                            await Task.Yield();
                            return WebSocketUpgradeDecision.Accept();
                        case "refused":
                            await Task.Yield();
                            return WebSocketUpgradeDecision.Reject(403);
                        case "throws":
                            throw new InvalidOperationException("broken on purpose");
                        case "leaves":
                            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
                            return WebSocketUpgradeDecision.Accept();
                        default:
                            return WebSocketUpgradeDecision.Accept();
                    }
                },
            },
            new EchoHandler());

        string[] ways = ["at-once", "late", "refused", "throws", "leaves", "half", "nothing", "nonsense"];
        await Task.WhenAll(Enumerable.Range(0, ClientsAtOnce).Select(async number =>
        {
            var random = new Random(number);
            for (int round = 0; round < Rounds; round++)
            {
                await VisitAsync(kind, server, ways[random.Next(ways.Length)], resets: random.Next(2) == 0, waits: random.Next(2) == 0);
            }
        })).WithDeadline();
        await Deadlines.UntilAsync(() => server.PendingHandshakeCount == 0 && server.ConnectionCount == 0, "all have gone");

        var clients = new List<RawPeer>();
        for (int number = 0; number <= Cap; number++)
        {
            RawPeer client = await ConnectAsync(kind, server);
            clients.Add(client);
            await client.SendAsync(RawPeer.Request());
            Assert.StartsWith(
                number < Cap ? "HTTP/1.1 101 " : "HTTP/1.1 503 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        }

        clients.ForEach(static client => client.Dispose());
    }

    private static async Task VisitAsync(ServerKind kind, WebSocketServer server, string way, bool resets, bool waits)
    {
        using RawPeer client = way == "nothing"
            ? await RawPeer.ConnectAsync(server.LocalEndPoint)
            : await ConnectAsync(kind, server);
        string request = RawPeer.Request("/?" + way);
        await client.SendAsync(way switch
        {
            "nothing" => "",
            "half" => request[..40],
            "nonsense" => "nonsense\r\n\r\n",
            _ => request,
        });
        if (waits && way is not ("nothing" or "half" or "leaves"))
        {
            await client.ReadHeadAsync();
        }

        if (resets)
        {
            client.Reset();
        }
    }

    private static Task<RawPeer> ConnectAsync(ServerKind kind, WebSocketServer server) => kind.IsSecure()
        ? RawPeer.ConnectTlsAsync(server.LocalEndPoint)
        : RawPeer.ConnectAsync(server.LocalEndPoint);
}
