namespace Sockeye.Server;

/// <summary>Sends one message to many connections.</summary>
internal static class Broadcasts
{
    /// <summary>Sends now, to all that take it.</summary>
    /// <returns>How many have taken it.</returns>
    public static int Send(
        IReadOnlyCollection<WebSocketConnection> connections, ReadOnlySpan<byte> payload, WebSocketMessageKind kind,
        Func<WebSocketConnection, bool>? where)
    {
        int count = 0;
        foreach (WebSocketConnection connection in connections)
        {
            if (where is null || where(connection))
            {
                count += TrySend(connection, payload, kind) ? 1 : 0;
            }
        }

        return count;
    }

    /// <summary>Sends to all, and waits for those that are slow.</summary>
    /// <returns>How many have taken it.</returns>
    public static async Task<int> SendAsync(
        IReadOnlyCollection<WebSocketConnection> connections, ReadOnlyMemory<byte> payload, WebSocketMessageKind kind,
        Func<WebSocketConnection, bool>? where, CancellationToken cancellationToken)
    {
        // All at once: nobody waits for another who is slow.
        bool[] taken = await Task.WhenAll(
            connections.Where(where ?? (static _ => true))
                .Select(connection => SendAsync(connection, payload, kind, cancellationToken))).ConfigureAwait(false);
        return taken.Count(static one => one);
    }

    // One way for all, where a message that is framed only once will go.
    private static bool TrySend(WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind)
    {
        try
        {
            return connection.State == WebSocketConnectionState.Open
                && connection.Send(payload, kind) != WebSocketSendResult.Refused;
        }
        catch (WebSocketClosedException)
        {
            // It has ended just now, which is no trouble of the others.
            return false;
        }
    }

    private static async Task<bool> SendAsync(
        WebSocketConnection connection, ReadOnlyMemory<byte> payload, WebSocketMessageKind kind,
        CancellationToken cancellationToken)
    {
        try
        {
            await connection.SendAsync(payload, kind, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (WebSocketClosedException)
        {
            // As above.
            return false;
        }
    }
}
