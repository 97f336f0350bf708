namespace Sockeye;

/// <summary>What <see cref="WebSocketConnection.TrySend(string, bool)"/> and its overloads did with a message.</summary>
public enum WebSocketSendResult
{
    /// <summary>
    /// Handed to the transport, or held until the handler's callback returns, to leave with the other frames of that call.
    /// </summary>
    Sent,

    /// <summary>
    /// Copied to the send buffer, because the peer reads more slowly than this end sends, or because a fragmented message of
    /// another sender is not complete. It is lost if the connection ends before it is sent, or is closed while that fragmented
    /// message is open, or is dropped or replaced by the policy for slow consumers.
    /// </summary>
    Queued,

    /// <summary>
    /// Not sent and not queued: the send buffer is at its limit, and the policy for slow consumers is
    /// <see cref="WebSocketSlowConsumerPolicy.Wait"/>, or one that does not drop this message. The connection is not affected.
    /// </summary>
    Refused,

    /// <summary>
    /// Not sent: the connection is closing or closed, so no message can be sent any more (RFC 6455 §5.5.1).
    /// <see cref="WebSocketConnection.Closed"/> says why. <c>SendAsync</c> throws <see cref="WebSocketClosedException"/> instead.
    /// </summary>
    Closed,

    /// <summary>
    /// Not sent: the send buffer is at its limit, and the policy for slow consumers (<see cref="SlowConsumerOptions"/>) drops the message.
    /// It is counted in <see cref="WebSocketConnection.DropCounts"/>.
    /// </summary>
    Dropped,
}
