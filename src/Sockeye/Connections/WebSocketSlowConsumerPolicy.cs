namespace Sockeye;

/// <summary>What happens to messages for a peer that reads more slowly than this end sends.</summary>
/// <remarks>
/// A policy concerns whole messages of the application. Pings, pongs and Close frames are never dropped, and a message that is sent in
/// fragments (<see cref="WebSocketConnection.BeginMessage"/>) always waits for room: part of a message cannot be taken back (RFC 6455
/// §5.4). The bytes that are being written, up to 16 KiB and one message, can be neither dropped nor replaced.
/// </remarks>
public enum WebSocketSlowConsumerPolicy
{
    /// <summary>
    /// Drops nothing: at the limit of the send buffer <c>SendAsync</c> waits and <c>TrySend</c> returns
    /// <see cref="WebSocketSendResult.Refused"/>.
    /// </summary>
    Wait,

    /// <summary>
    /// At the limit, drops the message that is being sent: <c>TrySend</c> returns <see cref="WebSocketSendResult.Dropped"/>, and
    /// <c>SendAsync</c> completes at once.
    /// </summary>
    DropNewest,

    /// <summary>
    /// At the limit, drops the messages that have waited longest, as far as they were sent under this policy: the new one is queued. If
    /// there is none to drop, drops the new one.
    /// </summary>
    DropOldest,

    /// <summary>
    /// A message with a key (<see cref="WebSocketSendOptions.Key"/>, <see cref="WebSocketPreparedMessage.Key"/>) replaces the message
    /// with the same key that still waits, whether or not the limit is reached, and takes its place in the order. The newest message of
    /// each key always arrives unless the connection ends.
    /// </summary>
    /// <remarks>
    /// Waiting messages with keys may use as many bytes as the limit of the send buffer, whatever else is buffered. Messages beyond that,
    /// and messages without a key, are sent as under <see cref="Wait"/>. So is a message that is longer than the one it would replace, if
    /// the others with keys use the limit already: <c>SendAsync</c> drops the waiting one, so that the newest arrives last, and waits;
    /// <c>TrySend</c> returns <see cref="WebSocketSendResult.Refused"/> and the earlier one stays.
    /// </remarks>
    LatestPerKey,

    /// <summary>
    /// As <see cref="Wait"/>, and the connection is failed with 1013 (try again later) if the send buffer has been at its limit, and not
    /// drained to half of it, for <see cref="SlowConsumerOptions.CloseAfter"/>.
    /// </summary>
    Close,
}
