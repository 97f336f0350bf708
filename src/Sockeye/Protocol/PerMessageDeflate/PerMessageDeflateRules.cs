namespace Sockeye.Protocol;

/// <summary>What this end wants of permessage-deflate, in either role (RFC 7692 §7.1).</summary>
internal sealed record PerMessageDeflateRules
{
    /// <summary>Whatever the peer asks for.</summary>
    public static PerMessageDeflateRules Default { get; } = new();

    /// <summary>
    /// Whether messages of the server refer to those before them. <see langword="false"/>: never, which a server says and
    /// a client asks for; <see langword="true"/>: a server declines an offer that asks it not to;
    /// <see langword="null"/>: as the client asks.
    /// </summary>
    public bool? ServerContextTakeover { get; init; }

    /// <summary>
    /// Whether messages of the client refer to those before them. <see langword="false"/>: never, which a client says and
    /// a server demands; <see langword="true"/>: a client refuses a server that demands it not to;
    /// <see langword="null"/>: as the other end asks.
    /// </summary>
    public bool? ClientContextTakeover { get; init; }

    /// <summary>The largest window of the server; <see langword="null"/> for no bound but the peer's.</summary>
    public int? ServerMaxWindowBits { get; init; }

    /// <summary>The largest window of the client; <see langword="null"/> for no bound but the peer's.</summary>
    public int? ClientMaxWindowBits { get; init; }

    /// <summary>
    /// Whether a server declines a client whose window it cannot bound, since the offer has no client_max_window_bits.
    /// </summary>
    public bool RequireClientMaxWindowBits { get; init; }
}
