namespace Sockeye;

/// <summary>How far a connection has come. It only ever goes forward.</summary>
public enum WebSocketConnectionState
{
    /// <summary>Messages can be sent, and be received until the peer's Close frame comes.</summary>
    Open,

    /// <summary>
    /// A Close frame is on its way to the peer (RFC 6455 §7.1.3), or the connection was failed: nothing can be sent any
    /// more; what was received can still be taken.
    /// </summary>
    Closing,

    /// <summary>
    /// Both Close frames are through, this end has failed the connection, or the transport is gone (RFC 6455 §7.1.4). What was
    /// received can still be taken.
    /// </summary>
    Closed,
}
