namespace Sockeye.Tests;

/// <summary>Receives where a test expects a message, and not the end of the connection.</summary>
internal static class ReceiveExtensions
{
    /// <summary>Receives the next message, as <see cref="WebSocketConnection.ReceiveAsync"/> does.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The message. The test fails if the connection has been closed cleanly instead.</returns>
    public static async ValueTask<WebSocketMessage> ReceiveMessageAsync(
        this WebSocketConnection connection, CancellationToken cancellationToken = default)
    {
        WebSocketMessage? message = await connection.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        Assert.True(message.HasValue, $"Expected a message, but the connection was closed: {connection.State}.");
        return message.Value;
    }
}
