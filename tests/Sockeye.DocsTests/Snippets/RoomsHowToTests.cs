using System.Collections.Concurrent;

namespace Sockeye.Tests;

public sealed class RoomsHowToTests
{
    [Fact]
    public async Task Rooms_are_values_of_a_route_parameter()
    {
        var options = new WebSocketServerOptions();

        // snippet: rooms
        string[] names = ["garden", "kitchen"];
        var rooms = names.ToDictionary(name => name, _ => new ConcurrentDictionary<long, WebSocketConnection>());
        var routeOptions = new WebSocketRouteOptions
        {
            OnUpgrade = (request, cancellation) => rooms.ContainsKey(request.GetRouteValue("room")!)
                ? WebSocketUpgradeDecision.Accept()
                : WebSocketUpgradeDecision.Reject(404),
        };
        var routes = new WebSocketRoutes().Map("/rooms/{room}", ServeAsync, routeOptions);
        await using var server = await WebSocketServer.StartAsync(options, routes);

        async Task ServeAsync(WebSocketConnection connection, CancellationToken cancellation)
        {
            var room = rooms[connection.Request!.GetRouteValue("room")!];
            room[connection.Id] = connection;
            try
            {
                await foreach (var message in connection.ReadAllAsync(cancellation))
                {
                    var prepared = WebSocketPreparedMessage.Create(message.Payload.Span, message.Kind);
                    foreach (var (_, member) in room)
                    {
                        _ = member.TrySend(prepared); // a member that is too slow, or leaving, misses the message
                    }
                }
            }
            finally
            {
                room.TryRemove(connection.Id, out _);
            }
        }
        // end snippet

        string address = $"ws://localhost:{server.Port}/rooms/";
        await using var ann = await WebSocketClient.ConnectAsync(address + "garden");
        await ann.SendAsync("I am in");
        Assert.Equal("I am in", (await ann.ReceiveMessageAsync()).GetText());
        await using var bob = await WebSocketClient.ConnectAsync(address + "garden");
        await using var eve = await WebSocketClient.ConnectAsync(address + "kitchen");
        await bob.SendAsync("hello");

        // Bob may have come in while the room was still being told about Ann.
        string heard = (await bob.ReceiveMessageAsync()).GetText();
        Assert.Equal("hello", heard == "I am in" ? (await bob.ReceiveMessageAsync()).GetText() : heard);
        Assert.Equal("hello", (await ann.ReceiveMessageAsync()).GetText());
        await eve.SendAsync("nobody here");
        Assert.Equal("nobody here", (await eve.ReceiveMessageAsync()).GetText());
        WebSocketHandshakeException refused = await Assert.ThrowsAsync<WebSocketHandshakeException>(
            () => WebSocketClient.ConnectAsync(address + "cellar"));
        Assert.Equal(404, refused.StatusCode);
    }
}
