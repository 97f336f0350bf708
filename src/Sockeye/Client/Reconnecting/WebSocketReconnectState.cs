namespace Sockeye;

/// <summary>What a <see cref="WebSocketReconnectingClient"/> is about.</summary>
public enum WebSocketReconnectState
{
    /// <summary>It has not been started.</summary>
    Idle,

    /// <summary>It tries to connect.</summary>
    Connecting,

    /// <summary>A connection is open.</summary>
    Open,

    /// <summary>It waits before it tries again.</summary>
    Waiting,

    /// <summary>It is over: closed by the application, or given up.</summary>
    Closed,
}
