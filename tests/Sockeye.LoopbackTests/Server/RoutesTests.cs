using System.Collections.Concurrent;

namespace Sockeye.Tests;

/// <summary>Several handlers on one server, by path and by subprotocol.</summary>
public sealed class RoutesTests
{
    [Theory]
    [EachServer(IsPlain = true)]
    public async Task Each_path_has_its_handler_and_an_unknown_path_gets_404(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartAsync(
            Servers.OptionsOf(kind),
            new WebSocketRoutes()
                .Map("/chat/{room}", SendAsync(connection => "room " + connection.Request!.GetRouteValue("room")))
                .Map("/chat/lobby", SendAsync(_ => "lobby"))
                .Map("/echo", new EchoHandler())
                .Map("/files/{*path}", SendAsync(connection => "file " + connection.Request!.GetRouteValue("path"))));

        Assert.Equal("room 7/8", await FirstMessageAsync(server, "/chat/7%2F8"));
        Assert.Equal("lobby", await FirstMessageAsync(server, "/chat/lobby?x=1"));
        Assert.Equal("file a/b", await FirstMessageAsync(server, "/files/a/b"));
        foreach (string unknown in new[] { "/", "/chat", "/chat/", "/chat/a/b", "/Echo", "/echo/" })
        {
            using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
            await client.SendAsync(RawPeer.Request(unknown));
            Assert.StartsWith("HTTP/1.1 404 Not Found\r\n", await client.ReadToEndAsync(), StringComparison.Ordinal);
        }

        using RawPeer plain = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await plain.SendAsync("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 426 ", await plain.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [EachServer("/guarded", "/guarded")]
    [EachServer("//guarded", "/guarded")]
    [EachServer("////guarded?a=%00", "/guarded")]
    [EachServer("ws://elsewhere.example//guarded", "/guarded")]
    [EachServer("https://elsewhere.example/guarded", "/guarded")]
    public async Task Leading_slashes_and_absolute_targets_do_not_bypass_a_route(
        ServerKind kind, string target, string path)
    {
        var asked = new ConcurrentQueue<WebSocketUpgradeRequest>();
        await using WebSocketServer server = await Servers.StartAsync(
            Servers.OptionsOf(kind),
            new WebSocketRoutes()
                .Map("*", SendAsync(_ => "anybody"))
                .Map("/guarded", SendAsync(_ => "guarded"), new WebSocketRouteOptions
                {
                    OnUpgrade = (request, _) =>
                    {
                        asked.Enqueue(request);
                        return new(WebSocketUpgradeDecision.Reject(401));
                    },
                }));
        using RawPeer client = kind.IsSecure()
            ? await RawPeer.ConnectTlsAsync(server.LocalEndPoint)
            : await RawPeer.ConnectAsync(server.LocalEndPoint);

        await client.SendAsync(RawPeer.Request(target));

        Assert.StartsWith("HTTP/1.1 401 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        WebSocketUpgradeRequest request = Assert.Single(asked);
        Assert.Equal(path, request.Path);
        Assert.Equal(target, request.Target);
        Assert.Equal(target.Contains("://", StringComparison.Ordinal) ? "elsewhere.example" : "localhost", request.Host);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task The_clients_subprotocol_preference_selects_among_routes_of_a_path(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartAsync(
            Servers.OptionsOf(kind),
            new WebSocketRoutes()
                .Map("/", SendAsync(_ => "one"), new WebSocketRouteOptions { Subprotocols = ["v1"] })
                .Map("/", SendAsync(_ => "two"), new WebSocketRouteOptions { Subprotocols = ["v2"] })
                .Map("/", SendAsync(_ => "none"))
                .Map("/strict", SendAsync(_ => "strict"), new WebSocketRouteOptions
                {
                    Subprotocols = ["v1"],
                    RequireSubprotocol = true,
                }));

        Assert.Equal("two", await FirstMessageAsync(server, "/", "v2", "v1"));
        Assert.Equal("one", await FirstMessageAsync(server, "/", "v1", "v2"));
        Assert.Equal("none", await FirstMessageAsync(server, "/"));
        Assert.Equal("strict", await FirstMessageAsync(server, "/strict", "v1"));
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request("/strict", "Sec-WebSocket-Protocol: v9"));
        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_route_has_its_own_limits_compression_and_upgrade_decision(ServerKind kind)
    {
        await using WebSocketServer server = await Servers.StartAsync(
            new WebSocketServerOptions
            {
                EndPoint = Servers.Loopback,
                EventLoop = kind.Loops(),
                TlsEngine = kind.TlsEngine(),
                Compression = new PerMessageDeflateOptions(),
                OnUpgrade = static (_, _) => new(WebSocketUpgradeDecision.Reject(403)),
            },
            new WebSocketRoutes()
                .Map("/small", new EchoHandler(), new WebSocketRouteOptions
                {
                    Connection = new()
                    {
                        Limits = new() { MaxMessageLength = 10 },
                    },
                    Compression = PerMessageDeflateOptions.Disabled,
                    OnUpgrade = static (_, _) => new(WebSocketUpgradeDecision.Accept()),
                })
                .Map("/large", new EchoHandler(), new WebSocketRouteOptions
                {
                    OnUpgrade = static (_, _) => new(WebSocketUpgradeDecision.Accept()),
                })
                .Map("/refused", new EchoHandler()));

        await using WebSocketConnection large = await WebSocketClient.ConnectAsync(server.Address("/large"));
        await large.SendAsync(new byte[1000]);
        Assert.Equal(1000, (await large.ReceiveMessageAsync().WithDeadline()).Payload.Length);
        Assert.StartsWith("permessage-deflate", large.Extensions, StringComparison.Ordinal);
        await using WebSocketConnection small = await WebSocketClient.ConnectAsync(server.Address("/small"));
        Assert.Equal("", small.Extensions);
        await small.SendAsync(new byte[11]);
        Assert.Equal(WebSocketCloseCode.MessageTooBig, (await small.Closed.WithDeadline()).Code);
        WebSocketHandshakeException refused = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(server.Address("/refused")));
        Assert.Equal(403, refused.StatusCode);
    }

    [Theory]
    [EachServer("/server", "https://server.example", 101, IsPlain = true)]
    [EachServer("/server", "https://route.example", 403, IsPlain = true)]
    [EachServer("/own", "https://route.example", 101, IsPlain = true)]
    [EachServer("/own", "https://server.example", 403, IsPlain = true)]
    [EachServer("/own", "http://localhost", 101, IsPlain = true)]
    [EachServer("/none", "https://server.example", 403, IsPlain = true)]
    [EachServer("/none", "http://localhost", 101, IsPlain = true)]
    [EachServer("/any", "https://anybody.example", 101, IsPlain = true)]
    [EachServer("/elsewhere", "https://route.example", 403, IsPlain = true)]
    public async Task A_routes_origins_replace_the_servers(ServerKind kind, string path, string origin, int status)
    {
        await using WebSocketServer server = await StartWithOriginsAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            AllowedOrigins = ["https://server.example"],
        });

        Assert.Equal(status, await StatusAsync(server, path, origin));
    }

    [Theory]
    [EachServer("/server", 101, IsPlain = true)]
    [EachServer("/own", 403, IsPlain = true)]
    [EachServer("/none", 403, IsPlain = true)]
    [EachServer("/not-any", 403, IsPlain = true)]
    public async Task A_route_with_listed_origins_rejects_others_even_if_the_server_allows_any(
        ServerKind kind, string path, int status)
    {
        await using WebSocketServer server = await StartWithOriginsAsync(new WebSocketServerOptions
        {
            EndPoint = Servers.Loopback,
            EventLoop = kind.Loops(),
            TlsEngine = kind.TlsEngine(),
            DangerousAllowAnyOrigin = true,
        });

        Assert.Equal(status, await StatusAsync(server, path, "https://anybody.example"));
    }

    [Theory]
    [EachServer(IsPlain = true)]
    public async Task A_catch_all_route_may_dispatch_dynamically(ServerKind kind)
    {
        var mounted = new ConcurrentDictionary<string, WebSocketHandler>();
        await using WebSocketServer server = await Servers.StartAsync(
            Servers.OptionsOf(kind),
            new WebSocketRoutes()
                .Map("/fixed", SendAsync(static _ => "fixed"))
                .Map("*", new EchoHandler(), new WebSocketRouteOptions
                {
                    OnUpgrade = (request, _) => new(mounted.TryGetValue(request.Path, out WebSocketHandler? handler)
                        ? WebSocketUpgradeDecision.Accept(handler)
                        : WebSocketUpgradeDecision.Reject(404)),
                }));

        Assert.Equal(404, await StatusAsync(server, "/later", "http://localhost"));
        mounted["/later"] = WebSocketHandler.FromDelegate(SendAsync(static _ => "later"));
        Assert.Equal("later", await FirstMessageAsync(server, "/later"));
        Assert.Equal("fixed", await FirstMessageAsync(server, "/fixed"));
        mounted.Clear();
        Assert.Equal(404, await StatusAsync(server, "/later", "http://localhost"));
    }

    [Fact]
    public void An_invalid_origin_throws_when_set()
    {
        Assert.Throws<ArgumentException>(() => new WebSocketRouteOptions { AllowedOrigins = ["example.com"] });
        Assert.Throws<ArgumentException>(() => new WebSocketRouteOptions { AllowedOrigins = ["https://*.com"] });
    }

    [Fact]
    public void An_invalid_route_throws_when_mapped()
    {
        var routes = new WebSocketRoutes().Map("/a", new EchoHandler());

        Assert.Throws<ArgumentException>(() => routes.Map("a", new EchoHandler()));
        Assert.Throws<ArgumentException>(() => routes.Map("/a", new EchoHandler()));
        routes.Map("/a", new EchoHandler(), new WebSocketRouteOptions { Subprotocols = ["x"] });
        Assert.Throws<ArgumentException>(
            () => routes.Map("/a", new EchoHandler(), new WebSocketRouteOptions { Subprotocols = ["y", "x"] }));
        Assert.Throws<ArgumentException>(() => new WebSocketRouteOptions { Subprotocols = ["not a token"] });
    }

    private static Task<WebSocketServer> StartWithOriginsAsync(WebSocketServerOptions options) => Servers.StartAsync(
        options,
        new WebSocketRoutes()
            .Map("/server", new EchoHandler())
            .Map("/own", new EchoHandler(), new WebSocketRouteOptions { AllowedOrigins = ["https://route.example"] })
            .Map("/none", new EchoHandler(), new WebSocketRouteOptions { AllowedOrigins = [] })
            .Map("/any", new EchoHandler(), new WebSocketRouteOptions { DangerousAllowAnyOrigin = true })
            .Map("/not-any", new EchoHandler(), new WebSocketRouteOptions { DangerousAllowAnyOrigin = false }));

    private static async Task<int> StatusAsync(WebSocketServer server, string path, string origin)
    {
        using RawPeer client = await RawPeer.ConnectAsync(server.LocalEndPoint);
        await client.SendAsync(RawPeer.Request(path, "Origin: " + origin));
        return int.Parse((await client.ReadHeadAsync()).Split(' ')[1], null);
    }

    private static Func<WebSocketConnection, CancellationToken, Task> SendAsync(Func<WebSocketConnection, string> text) =>
        async (connection, cancellation) => await connection.SendAsync(text(connection), cancellation);

    private static async Task<string> FirstMessageAsync(WebSocketServer server, string path, params string[] subprotocols)
    {
        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync(
            server.Address(path),
            new WebSocketClientOptions { Subprotocols = subprotocols, AllowMissingSubprotocol = subprotocols.Length != 0 });
        return (await connection.ReceiveMessageAsync().WithDeadline()).GetText();
    }
}
