namespace Sockeye;

/// <summary>How far a connection has come. It only ever goes forward.</summary>
public enum WebSocketConnectionState
{
    /// <summary>Messages go both ways.</summary>
    Open,

    /// <summary>
    /// A Close frame was sent or received, or the connection was failed (RFC 6455 §7.1.3): nothing can be sent any
    /// more; what has been received can still be taken.
    /// </summary>
    Closing,

    /// <summary>The transport is gone (RFC 6455 §7.1.4).</summary>
    Closed,
}
