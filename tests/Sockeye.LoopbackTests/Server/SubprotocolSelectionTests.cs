namespace Sockeye.Tests;

/// <summary>Which callback selects the subprotocol, and how invalid selections are handled.</summary>
public sealed class SubprotocolSelectionTests
{
    [Theory]
    [EachServer("v2, v1", "v1", IsPlain = true)]
    [EachServer("v2", null, IsPlain = true)]
    [EachServer("other", null, IsPlain = true)]
    public async Task A_selector_gets_the_request_and_its_result_is_used(ServerKind kind, string offered, string? expected)
    {
        WebSocketUpgradeRequest? seen = null;
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Subprotocols = ["v2"],
            SelectSubprotocol = request =>
            {
                seen = request;
                return request.Subprotocols.FirstOrDefault(one => one == request.Query);
            },
        });

        Assert.Equal(expected, await AgreedAsync(server, "/?v1", offered));
        Assert.Equal(offered.Split(", "), seen!.Subprotocols);
        Assert.Equal("/", seen.Path);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_selector_is_not_called_without_an_offer(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            SelectSubprotocol = static _ => throw new InvalidOperationException("There is nothing to select from."),
        });

        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request());

        string head = await client.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Sec-WebSocket-Protocol", head, StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_selector_that_throws_or_returns_an_unoffered_name_gets_500(ServerKind kind)
    {
        var log = new CapturingLoggerFactory();
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            LoggerFactory = log,
            MaxConnections = 1,
            SelectSubprotocol = static request => request.Path switch
            {
                "/throw" => throw new InvalidOperationException("broken on purpose"),
                "/case" => "V1",
                "/empty" => "",
                "/break" => "v1\r\nX: y",
                _ => "v1",
            },
        });

        foreach (string path in new[] { "/throw", "/case", "/empty", "/break" })
        {
            using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
            await client.SendAsync(RawPeer.Request(path, "Sec-WebSocket-Protocol: v1"));
            string response = await client.ReadToEndAsync();

            Assert.StartsWith("HTTP/1.1 500 ", response, StringComparison.Ordinal);
            Assert.DoesNotContain("X: y", response, StringComparison.Ordinal);
        }

        Assert.Equal(4, log.Entries.Count(entry => entry is { EventId: 102, Exception: InvalidOperationException }));
        Assert.Contains(
            log.Entries,
            entry => entry.Exception?.Message == "broken on purpose"
                && entry.Message.EndsWith(" with 500: the application threw an exception", StringComparison.Ordinal));
        Assert.Contains(
            log.Entries,
            entry => entry.Message.EndsWith(
                " with 500: the application selected the subprotocol 'V1', which the client did not offer", StringComparison.Ordinal));
        Assert.Equal("v1", await AgreedAsync(server, "/", "v1"));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_client_without_a_selected_subprotocol_is_rejected_if_one_is_required(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            RequireSubprotocol = true,
            MaxConnections = 1,
            SelectSubprotocol = static request => request.Subprotocols[0] == "v1" ? "v1" : null,
            OnUpgrade = static (request, _) => request.Subprotocols is ["v1", ..]
                ? new(WebSocketUpgradeDecision.Accept())
                : throw new InvalidOperationException("It was refused before."),
        });

        foreach (string[] headers in new string[][] { ["Sec-WebSocket-Protocol: v2, v1"], [] })
        {
            using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
            await client.SendAsync(RawPeer.Request("/", headers));
            Assert.StartsWith("HTTP/1.1 400 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        }

        Assert.Equal("v1", await AgreedAsync(server, "/", "v1, v2"));
    }

    [Theory]
    [EachServer("/decided", "v3", IsPlain = true)]
    [EachServer("/none", null, IsPlain = true)]
    [EachServer("/selected", "v2", IsPlain = true)]
    public async Task The_upgrade_decision_overrides_the_selector_and_the_selector_the_list(ServerKind kind, string path, string? expected)
    {
        await using WebSocketServer server = await Servers.StartEchoAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            Subprotocols = ["v1"],
            SelectSubprotocol = static _ => "v2",
            OnUpgrade = async (request, _) =>
            {
                await Task.Yield();
                return new WebSocketUpgradeAcceptance
                {
                    Subprotocol = request.Path switch
                    {
                        "/decided" => "v3",
                        "/none" => "",
                        _ => null,
                    },
                };
            },
        });

        Assert.Equal(expected, await AgreedAsync(server, path, "v1, v2, v3"));
    }

    [Theory]
    [EachServer("/server", "v1", IsPlain = true)]
    [EachServer("/listed", "v2", IsPlain = true)]
    [EachServer("/selected", "v3", IsPlain = true)]
    public async Task Route_subprotocols_override_the_servers(ServerKind kind, string path, string expected)
    {
        await using WebSocketServer server = await Servers.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                SelectSubprotocol = static _ => "v1",
            },
            new WebSocketRoutes()
                .Map("/server", new EchoHandler())
                .Map("/listed", new EchoHandler(), new WebSocketRouteOptions { Subprotocols = ["v2"] })
                .Map("/selected", new EchoHandler(), new WebSocketRouteOptions
                {
                    Subprotocols = ["v2"],
                    SelectSubprotocol = static _ => "v3",
                }));

        Assert.Equal(expected, await AgreedAsync(server, path, "v1, v2, v3"));
    }

    private static async Task<string?> AgreedAsync(WebSocketServer server, string path, string offered)
    {
        const string Name = "Sec-WebSocket-Protocol: ";
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request(path, Name + offered));
        string head = await client.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        return head.Split("\r\n").SingleOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal))?[Name.Length..];
    }
}
