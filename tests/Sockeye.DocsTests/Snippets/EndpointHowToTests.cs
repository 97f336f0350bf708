using System.Net.WebSockets;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sockeye.AspNetCore;
using Sockeye.Hosting;

namespace Sockeye.Tests;

/// <summary>The page about endpoints of ASP.NET Core.</summary>
public sealed class EndpointHowToTests
{
    private readonly Rooms _rooms = new();

    [Fact]
    public async Task Endpoint_is_mapped_in_a_minimal_API()
    {
        await using WebApplication app = await StartAsync(
            static services =>
            {
                // snippet: endpoint services
                services.AddSockeye();
                // end snippet
            },
            static app =>
            {
                // snippet: map an endpoint
                app.MapWebSocket("/rooms/{room}", async (
                    string room, Rooms rooms, WebSocketConnection connection, CancellationToken cancellation) =>
                {
                    await foreach (var message in connection.ReadAllAsync(cancellation))
                    {
                        await connection.SendAsync($"{room}: {rooms.Count(room)}", cancellation);
                    }
                });
                // end snippet
            });
        await using var client = await WebSocketClient.ConnectAsync(AddressOf(app, "/rooms/kitchen"));

        await client.SendAsync("x");
        Assert.Equal("kitchen: 1", (await client.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public async Task Parameters_are_bound_before_the_handshake()
    {
        await using WebApplication app = await StartAsync(AddAcceptor, static app =>
        {
            // snippet: parameters
            app.MapWebSocket("/prices/{symbol}", async (
                string symbol,                                   // of the route
                int depth,                                       // of the query: ?depth=5
                [FromHeader(Name = "X-Tenant")] string? tenant,  // may be absent
                ClaimsPrincipal user,
                Rooms rooms,                                     // a service
                WebSocketConnection connection,
                CancellationToken cancellation) =>               // canceled when the connection has ended
            {
                await connection.SendAsync($"{symbol} {depth} {tenant ?? "no tenant"}", cancellation);
            });
            // end snippet
        });

        await using var client = await WebSocketClient.ConnectAsync(AddressOf(app, "/prices/EUR?depth=5"));
        Assert.Equal("EUR 5 no tenant", (await client.ReceiveMessageAsync()).GetText());
        var rejected = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(AddressOf(app, "/prices/EUR?depth=deep")));
        Assert.Equal(400, rejected.StatusCode);
    }

    [Fact]
    public async Task Handler_has_services_and_state_of_its_connection()
    {
        await using WebApplication app = await StartAsync(AddAcceptor, static app =>
        {
            // snippet: map a handler
            app.MapWebSocket<RoomHandler>("/rooms/{room}");
            // end snippet
        });
        await using var client = await WebSocketClient.ConnectAsync(AddressOf(app, "/rooms/kitchen"));

        await client.SendAsync("x");
        Assert.Equal("kitchen: 1 in all, 1 of yours", (await client.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public async Task Pages_of_other_origins_are_allowed_for_a_group()
    {
        await using WebApplication app = await StartAsync(AddAcceptor, static app =>
        {
            // snippet: endpoint origins
            var live = app.MapGroup("/live").AllowOrigins("https://app.example", "https://beta.app.example");
            live.MapWebSocket("/prices", new Echo());
            live.MapWebSocket("/admin", new Echo()).AllowOrigins("https://admin.example"); // replaces those of the group
            // end snippet
        });

        await using var client = await WebSocketClient.ConnectAsync(
            AddressOf(app, "/live/prices"), new WebSocketClientOptions { Origin = "https://app.example" });
        await using var admin = await WebSocketClient.ConnectAsync(
            AddressOf(app, "/live/admin"), new WebSocketClientOptions { Origin = "https://admin.example" });
        var rejected = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => WebSocketClient.ConnectAsync(
            AddressOf(app, "/live/admin"), new WebSocketClientOptions { Origin = "https://app.example" }));
        Assert.Equal(403, rejected.StatusCode);
    }

    [Fact]
    public async Task Filter_rejects_a_request()
    {
        await using WebApplication app = await StartAsync(AddAcceptor, static app =>
        {
            // snippet: endpoint filter
            app.MapWebSocket("/rooms/{room}", async (string room, WebSocketConnection connection) => await connection.SendAsync(room))
                .AddEndpointFilter(async (invocation, next) =>
                    invocation.GetArgument<string>(0).Length > 20
                        ? Results.Problem("The name is too long.", statusCode: 400)
                        : await next(invocation));
            // end snippet
        });

        await using var client = await WebSocketClient.ConnectAsync(AddressOf(app, "/rooms/kitchen"));
        Assert.Equal("kitchen", (await client.ReceiveMessageAsync()).GetText());
        var rejected = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(AddressOf(app, "/rooms/averylongnameofanyroom")));
        Assert.Equal(400, rejected.StatusCode);
    }

    [Fact]
    public async Task Options_are_those_of_a_route()
    {
        await using WebApplication app = await StartAsync(AddAcceptor, static app =>
        {
            // snippet: endpoint options
            app.MapWebSocket("/sums", new Echo(), new WebSocketRouteOptions
            {
                Subprotocols = ["sums.v2", "sums.v1"],
                Connection = new() { Limits = new() { MaxMessageLength = 1024 } },
                OnUpgrade = (request, cancellation) => request.Headers["X-Trial"] is null
                    ? WebSocketUpgradeDecision.Accept()
                    : WebSocketUpgradeDecision.Reject(402),
            });
            // end snippet
        });

        await using var client = await WebSocketClient.ConnectAsync(
            AddressOf(app, "/sums"), new WebSocketClientOptions { Subprotocols = ["sums.v1"] });
        Assert.Equal("sums.v1", client.Subprotocol);
    }

    [Fact]
    public async Task Any_service_sends_to_all_connections()
    {
        await using WebApplication app = await StartAsync(
            AddAcceptor,
            static app =>
            {
                // snippet: broadcast from an endpoint
                app.MapPost("/news", (string text, IWebSocketConnections all) => all.Broadcast(text));
                // end snippet
                app.MapWebSocket("/echo", new Echo());
            });
        await using var client = await WebSocketClient.ConnectAsync(AddressOf(app, "/echo"));
        using var http = new HttpClient();

        using HttpResponseMessage response =
            await http.PostAsync($"{app.Urls.Single()}/news?text=extra", content: null).WithDeadline();

        Assert.Equal("1", await response.Content.ReadAsStringAsync());
        Assert.Equal("extra", (await client.ReceiveAsync())?.GetText());
    }

    [Fact]
    public async Task Kestrel_listens_through_event_loops()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        AddAcceptor(builder.Services);
        // snippet: Kestrel on event loops
        builder.WebHost.UseSockeyeTransport();
        // end snippet
        await using WebApplication app = builder.Build();
        app.MapWebSocket("/echo", new Echo());
        await app.StartAsync();
        await using var client = await WebSocketClient.ConnectAsync(AddressOf(app, "/echo"));

        await client.SendAsync("hello");

        Assert.Equal("hello", (await client.ReceiveAsync())?.GetText());
    }

    [Fact]
    public async Task Connection_keeps_what_the_request_had()
    {
        await using WebApplication app = await StartAsync(AddAcceptor, static app =>
        {
            // snippet: origin of a connection
            app.MapWebSocket("/rooms/{room}", async (connection, cancellation) =>
            {
                string name = connection.User?.Identity?.Name ?? "a guest";
                string room = connection.Request!.GetRouteValue("room")!;
                object? endpoint = connection.HttpOrigin?.Endpoint?.DisplayName;
                await connection.SendAsync($"{name} in {room}, by {endpoint}", cancellation);
            });
            // end snippet
        });

        await using var client = await WebSocketClient.ConnectAsync(AddressOf(app, "/rooms/kitchen"));
        Assert.Equal("a guest in kitchen, by WebSocket: /rooms/{room}", (await client.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public async Task Controllers_and_middleware_accept_a_connection()
    {
        await using WebApplication app = await StartAsync(AddAcceptor, static app => app.Run(ServeAsync));

        await using var client = await WebSocketClient.ConnectAsync(AddressOf(app, "/"));
        await client.SendAsync("hello");
        Assert.Equal("hello", (await client.ReceiveMessageAsync()).GetText());

        // snippet: accept in middleware
        static async Task ServeAsync(HttpContext context)
        {
            if (await context.AcceptSockeyeAsync() is not { } connection)
            {
                return; // rejected: the response is complete
            }

            await foreach (var message in connection.ReadAllAsync(context.RequestAborted))
            {
                await connection.SendAsync(message);
            }
        }
        // end snippet
    }

    [Fact]
    public async Task Endpoint_is_tested_in_TestServer()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseTestServer();
        AddAcceptor(builder.Services);
        await using WebApplication app = builder.Build();
        app.MapWebSocket("/echo", new Echo());
        await app.StartAsync();

        // snippet: endpoint in TestServer
        TestServer server = app.GetTestServer();
        using WebSocket socket = await server.CreateWebSocketClient().ConnectAsync(new Uri(server.BaseAddress, "/echo"), default);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, default);
        var buffer = new byte[100];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, default);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
        // end snippet
    }

    private static void AddAcceptor(IServiceCollection services) => services.AddSockeye();

    private static Uri AddressOf(WebApplication app, string path) => new(app.Urls.Single().Replace("http", "ws", StringComparison.Ordinal) + path);

    private async Task<WebApplication> StartAsync(Action<IServiceCollection> add, Action<WebApplication> map)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(_rooms);
        add(builder.Services);
        WebApplication app = builder.Build();
        map(app);
        await app.StartAsync();
        return app;
    }
}
