namespace Sockeye;

/// <summary>The state of a connection. It never goes back to an earlier state.</summary>
public enum WebSocketConnectionState
{
    /// <summary>Messages can be sent, and received until the peer's Close frame arrives.</summary>
    Open,

    /// <summary>
    /// A Close frame is being sent to the peer (RFC 6455 §7.1.3), or this end is failing the connection. Messages can no longer be
    /// sent. Messages that have arrived can still be received.
    /// </summary>
    Closing,

    /// <summary>
    /// Both Close frames have been exchanged, this end has failed the connection, or the transport has ended (RFC 6455 §7.1.4).
    /// Messages that have arrived can still be received.
    /// </summary>
    Closed,
}
