using Sockeye.Connections.Lifecycle;

namespace Sockeye.Server;

/// <summary>Sends one message to many connections, or closes them.</summary>
internal static class Broadcasts
{
    /// <summary>Sends without waiting.</summary>
    /// <returns>The number of connections that have accepted the message.</returns>
    public static int Send(
        IReadOnlyCollection<WebSocketConnection> connections, WebSocketPreparedMessage message, WebSocketSendOptions options,
        Func<WebSocketConnection, bool>? where)
    {
        int count = 0;
        foreach (WebSocketConnection connection in connections)
        {
            if (where is null || where(connection))
            {
                count += IsAccepted(connection.TrySend(message, options)) ? 1 : 0;
            }
        }

        return count;
    }

    /// <summary>Sends, and waits for slow connections whose policy is to wait.</summary>
    /// <returns>The number of connections that have accepted the message.</returns>
    public static async Task<int> SendAsync(
        IReadOnlyCollection<WebSocketConnection> connections, WebSocketPreparedMessage message, WebSocketSendOptions options,
        Func<WebSocketConnection, bool>? where, CancellationToken cancellationToken)
    {
        // All at once: no connection waits for a slower one.
        bool[] accepted = await Task.WhenAll(
            connections.Where(where ?? (static _ => true))
                .Select(connection => SendAsync(connection, message, options, cancellationToken))).ConfigureAwait(false);
        return accepted.Count(static one => one);
    }

    /// <summary>Closes connections.</summary>
    /// <exception cref="ArgumentException">The code or the reason cannot be sent.</exception>
    public static async Task CloseAsync(
        IReadOnlyCollection<WebSocketConnection> connections, WebSocketCloseCode? code, string? reason, CancellationToken cancellationToken)
    {
        CloseArguments.Check(code, reason);
        await Task.WhenAll(connections.Select(connection => connection.CloseAsync(code, reason).AsTask()))
            .WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static bool IsAccepted(WebSocketSendResult result) => result is WebSocketSendResult.Sent or WebSocketSendResult.Queued;

    private static async Task<bool> SendAsync(
        WebSocketConnection connection, WebSocketPreparedMessage message, WebSocketSendOptions options,
        CancellationToken cancellationToken)
    {
        try
        {
            // A send that may be dropped does not say whether it was.
            if (connection.Core.MayDrop(options.With(message)))
            {
                WebSocketSendResult result = connection.TrySend(message, options);
                if (result != WebSocketSendResult.Refused)
                {
                    return IsAccepted(result);
                }
            }

            await connection.SendAsync(message, options, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (WebSocketClosedException)
        {
            // A connection that has ended just now does not concern the others.
            return false;
        }
    }
}
