namespace Sockeye;

/// <summary>What became of a message passed to <see cref="WebSocketConnection.TrySend(ReadOnlySpan{byte}, WebSocketMessageKind, bool)"/>.</summary>
public enum WebSocketSendResult
{
    /// <summary>
    /// Handed to the transport; or, inside a handler's callback, to be handed over with all others when it returns.
    /// </summary>
    Sent,

    /// <summary>
    /// Copied to the send buffer, because the peer reads more slowly than is being sent, or because another sender's
    /// fragmented message is not complete. Lost if the connection ends first, or is closed while that message is open.
    /// </summary>
    Queued,

    /// <summary>Not sent and not queued: the send buffer is at its limit. The connection is as it was.</summary>
    Refused,

    /// <summary>
    /// Not sent: the connection is closing or closed, so no message can be sent any more (RFC 6455 §5.5.1).
    /// <see cref="WebSocketConnection.Closed"/> says why. <c>SendAsync</c> throws <see cref="WebSocketClosedException"/> instead.
    /// </summary>
    Closed,
}
