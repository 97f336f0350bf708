namespace Sockeye.Tests;

/// <summary>How a peer uses permessage-deflate (RFC 7692).</summary>
public enum PeerDeflate
{
    /// <summary>The default of its library.</summary>
    AsUsual,

    /// <summary>Compression with context takeover in both directions.</summary>
    Keeping,

    /// <summary>Compression without context takeover, in both directions if its library supports it.</summary>
    Forgetting,
}
