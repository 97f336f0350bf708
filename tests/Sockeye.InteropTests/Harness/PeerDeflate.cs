namespace Sockeye.Tests;

/// <summary>What a peer is asked to do about permessage-deflate (RFC 7692).</summary>
public enum PeerDeflate
{
    /// <summary>What its library does by itself.</summary>
    AsUsual,

    /// <summary>It compresses, and lets context be kept in both directions.</summary>
    Keeping,

    /// <summary>It compresses, and asks for no context, in both directions if its library can.</summary>
    Forgetting,
}
