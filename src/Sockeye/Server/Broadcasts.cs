namespace Sockeye.Server;

/// <summary>Sends one message to many connections.</summary>
internal static class Broadcasts
{
    /// <summary>Sends now, to all that take it.</summary>
    /// <returns>How many have taken it.</returns>
    public static int Send(
        IReadOnlyCollection<WebSocketConnection> connections, WebSocketPreparedMessage message, Func<WebSocketConnection, bool>? where)
    {
        int count = 0;
        foreach (WebSocketConnection connection in connections)
        {
            if (where is null || where(connection))
            {
                count += connection.TrySend(message) is WebSocketSendResult.Sent or WebSocketSendResult.Queued ? 1 : 0;
            }
        }

        return count;
    }

    /// <summary>Sends to all, and waits for those that are slow.</summary>
    /// <returns>How many have taken it.</returns>
    public static async Task<int> SendAsync(
        IReadOnlyCollection<WebSocketConnection> connections, WebSocketPreparedMessage message, Func<WebSocketConnection, bool>? where,
        CancellationToken cancellationToken)
    {
        // All at once: nobody waits for another who is slow.
        bool[] taken = await Task.WhenAll(
            connections.Where(where ?? (static _ => true))
                .Select(connection => SendAsync(connection, message, cancellationToken))).ConfigureAwait(false);
        return taken.Count(static one => one);
    }

    private static async Task<bool> SendAsync(
        WebSocketConnection connection, WebSocketPreparedMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await connection.SendAsync(message, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (WebSocketClosedException)
        {
            // A connection that has ended just now does not concern the others.
            return false;
        }
    }
}
