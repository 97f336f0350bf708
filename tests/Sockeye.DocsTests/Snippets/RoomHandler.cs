namespace Sockeye.Tests;

// snippet: a handler with services
internal sealed class RoomHandler(Rooms rooms) : WebSocketHandler, IDisposable
{
    private int _messages;

    public override ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message)
    {
        string room = connection.Request!.GetRouteValue("room")!;
        return connection.SendAsync($"{room}: {rooms.Count(room)} in all, {++_messages} of yours");
    }

    public void Dispose()
    {
        // The connection has ended, and OnClosed has returned.
    }
}
// end snippet
