namespace Sockeye.Protocol;

/// <summary>What a connection does when its <see cref="PeerLiveness"/> deadline is due.</summary>
internal enum LivenessAction : byte
{
    /// <summary>Nothing before the deadline is due again.</summary>
    None,

    /// <summary>Send a ping.</summary>
    SendPing,

    /// <summary>
    /// The peer's time is up: find out whether the ping is still on its way, and call <see cref="PeerLiveness.TryExtend"/>.
    /// </summary>
    LocatePing,
}
