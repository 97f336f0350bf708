namespace Sockeye.Protocol;

/// <summary>What an ending connection waits for. Each has a deadline.</summary>
internal enum LifecycleWait : byte
{
    /// <summary>Nothing: the connection is open, or its transport is gone.</summary>
    None,

    /// <summary>The application, which may still answer what came before the peer's Close frame or its violation.</summary>
    Application,

    /// <summary>The peer, which has not yet taken everything up to and including our Close frame.</summary>
    Flush,

    /// <summary>The peer's Close frame, since ours has left.</summary>
    PeerClose,

    /// <summary>The end of the peer's direction of the transport, since both ends have said all they will.</summary>
    Transport,

    /// <summary>The transport, which is being closed.</summary>
    Release,
}
