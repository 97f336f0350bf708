namespace Sockeye.Connections.Receiving;

/// <summary>The misuse of a receiver that several ways to receive report: calls, streams, pipes, and the platform's <c>WebSocket</c>.</summary>
internal static class ReceiveErrors
{
    /// <summary>The connection has a handler, and so no receiver for calls.</summary>
    public static InvalidOperationException CreateHandled() =>
        new("The connection has a handler, so its messages cannot be received with a call.");

    /// <summary>A second receive was begun while one waits.</summary>
    public static InvalidOperationException CreateConcurrent() =>
        new("Another receive is still waiting. Only one receive may wait at a time on a connection.");

    /// <summary>The unread bytes were returned to the pool, because their loan ended with another receive.</summary>
    public static InvalidOperationException CreateSkipped() =>
        new("The rest of the message was skipped: another receive has been made on the connection since.");
}
