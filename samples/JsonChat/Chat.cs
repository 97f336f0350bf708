using System.Collections.Concurrent;
using Sockeye;

/// <summary>The rooms and their members.</summary>
internal sealed class Chat
{
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<WebSocketConnection, string>> _rooms = new();

    public int RoomCount => _rooms.Count;

    public async Task ServeAsync(WebSocketConnection connection, CancellationToken cancellation)
    {
        (string Room, string Name)? place = null;
        try
        {
            while (await NextAsync(connection, cancellation) is { } request)
            {
                place ??= request is { Enter: { } room, Name: { } name } ? Enter(room, name, connection) : null;
                if (place is { } here && request.Say is { } text)
                {
                    Tell(here.Room, $"{here.Name} says: {text}");
                }
            }
        }
        finally
        {
            Leave(place, connection);
        }
    }

    // A message that is not JSON is answered, and the next is received.
    private static async Task<Request?> NextAsync(WebSocketConnection connection, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await connection.ReceiveJsonAsync(ChatJson.Default.Request, cancellation);
            }
            catch (WebSocketJsonException exception)
            {
                await connection.SendJsonAsync(new Notice("", exception.Message), ChatJson.Default.Notice, cancellation);
            }
        }
    }

    private (string Room, string Name) Enter(string room, string name, WebSocketConnection connection)
    {
        lock (_rooms)
        {
            _rooms.GetOrAdd(room, static _ => new())[connection] = name;
        }

        Tell(room, $"{name} entered");
        return (room, name);
    }

    private void Leave((string Room, string Name)? place, WebSocketConnection connection)
    {
        if (place is not { } left)
        {
            return;
        }

        lock (_rooms)
        {
            ConcurrentDictionary<WebSocketConnection, string> room = _rooms[left.Room];
            room.TryRemove(connection, out _);
            if (room.IsEmpty)
            {
                _rooms.TryRemove(left.Room, out _);
            }
        }

        Tell(left.Room, $"{left.Name} left");
    }

    private void Tell(string room, string text)
    {
        // Serialized and framed once, however many members there are. A member that reads too slowly misses what does not fit.
        var message = WebSocketPreparedMessage.Json(new Notice(room, text), ChatJson.Default.Notice);
        foreach (WebSocketConnection member in _rooms.GetValueOrDefault(room)?.Keys ?? [])
        {
            _ = member.TrySend(message);
        }
    }
}
