using System.Net;

namespace Sockeye.Tests;

public sealed class ServerHowToTests
{
    [Fact]
    public async Task Server_with_options_and_a_handler_echoes()
    {
        // snippet: server with options
        var options = new WebSocketServerOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Subprotocols = ["chat.v2", "chat.v1"],
            AllowedOrigins = ["https://example.com"],
            Connection = new()
            {
                Limits = new() { MaxMessageLength = 64 * 1024 },
            },
        };
        await using var server = await WebSocketServer.StartAsync(options, new CountingHandler());
        Console.WriteLine($"Listening on ws://{server.LocalEndPoint}/");
        // end snippet

        await using WebSocketConnection connection = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
        await connection.SendAsync("something");
        WebSocketMessage reply = await connection.ReceiveMessageAsync();

        Assert.Equal("1: something", reply.GetText());
    }

    [Fact]
    public async Task Server_is_created_and_then_started()
    {
        var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };

        // snippet: create and start
        await using var server = new WebSocketServer(options, new CountingHandler());
        await server.StartAsync();
        // end snippet

        Assert.NotEqual(0, server.Port);
    }

    [Fact]
    public async Task Server_chooses_a_handler_by_the_path()
    {
        var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };

        // snippet: select a handler
        var routes = new WebSocketRoutes()
            .Map("/count", new CountingHandler())
            .Map("*", new Echo());
        await using var server = await WebSocketServer.StartAsync(options, routes);
        // end snippet

        await using WebSocketConnection counted =
            await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/count");
        await using WebSocketConnection echoed = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
        await counted.SendAsync("something");
        await echoed.SendAsync("something");

        Assert.Equal("1: something", (await counted.ReceiveMessageAsync()).GetText());
        Assert.Equal("something", (await echoed.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public async Task Server_limits_the_send_buffer_of_slow_clients()
    {
        // snippet: new data only
        var options = new WebSocketServerOptions
        {
            // What the system takes over before it can send it, and what the connection keeps behind that.
            Socket = new() { MaxUnsentLength = 16 * 1024 },
            Connection = new()
            {
                Limits = new() { MaxSendBufferLength = 16 * 1024 },
            },
        };
        // end snippet

        await using var server = await WebSocketServer.StartAsync(options, new Echo());
        await using var client = await WebSocketClient.ConnectAsync($"ws://localhost:{server.Port}/");
        await client.SendAsync("something");
        Assert.Equal("something", (await client.ReceiveMessageAsync()).GetText());
    }

    [Fact]
    public async Task Server_broadcasts_and_stops_gracefully()
    {
        var options = new WebSocketServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
        await using var server = await WebSocketServer.StartAsync(options, new Echo());
        await using WebSocketConnection client = await WebSocketClient.ConnectAsync($"ws://{server.LocalEndPoint}/");
        await client.PingAsync();

        // snippet: send to all
        int count = server.Broadcast("the server restarts");
        Console.WriteLine($"Sent to {count} clients");
        await server.StopAsync();
        // end snippet

        Assert.Equal("the server restarts", (await client.ReceiveMessageAsync()).GetText());
        Assert.Equal(WebSocketCloseCode.GoingAway, (await client.Closed).Code);
    }
}
