namespace Sockeye;

/// <summary>Which end began to close a connection.</summary>
public enum WebSocketCloseInitiator
{
    /// <summary>This end: it sent the first Close frame, failed the connection or aborted it.</summary>
    Local,

    /// <summary>The peer: it sent the first Close frame, or its transport ended.</summary>
    Peer,
}
