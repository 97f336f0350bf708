namespace Sockeye;

/// <summary>The states of a <see cref="WebSocketReconnectingClient"/>.</summary>
public enum WebSocketReconnectState
{
    /// <summary>The client has not been started.</summary>
    Idle,

    /// <summary>The client is connecting.</summary>
    Connecting,

    /// <summary>A connection is open.</summary>
    Open,

    /// <summary>The client is waiting before the next attempt.</summary>
    Waiting,

    /// <summary>The client has ended: the application closed it, or it stopped reconnecting.</summary>
    Closed,
}
