namespace Sockeye.Protocol;

/// <summary>The requirements of this end, in either role, for permessage-deflate (RFC 7692 §7.1).</summary>
internal sealed record PerMessageDeflateRules
{
    /// <summary>Accepts whatever the peer requests.</summary>
    public static PerMessageDeflateRules Default { get; } = new();

    /// <summary>
    /// Whether the server's messages may refer to the messages before them. <see langword="false"/>: never; a server says so, and
    /// a client requests it. <see langword="true"/>: a server declines an offer that forbids it. <see langword="null"/>: the
    /// client decides.
    /// </summary>
    public bool? ServerContextTakeover { get; init; }

    /// <summary>
    /// Whether the client's messages may refer to the messages before them. <see langword="false"/>: never; a client says so, and
    /// a server requires it. <see langword="true"/>: a client rejects a response that forbids it. <see langword="null"/>: the
    /// other end decides.
    /// </summary>
    public bool? ClientContextTakeover { get; init; }

    /// <summary>The largest window of the server; <see langword="null"/> for no limit other than the peer's.</summary>
    public int? ServerMaxWindowBits { get; init; }

    /// <summary>The largest window of the client; <see langword="null"/> for no limit other than the peer's.</summary>
    public int? ClientMaxWindowBits { get; init; }

    /// <summary>
    /// Whether a server declines an offer without client_max_window_bits, because it could not limit the client's window.
    /// </summary>
    public bool RequireClientMaxWindowBits { get; init; }
}
