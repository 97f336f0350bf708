namespace Sockeye.Protocol;

/// <summary>What a server accepts, beyond what the RFC says. The default is strict.</summary>
internal sealed record ServerHandshakeRules
{
    /// <summary>Strict: same origin only, no subprotocols, versions 13 and 8.</summary>
    public static ServerHandshakeRules Default { get; } = new();

    /// <summary>The server's subprotocols, the preferred one first.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>Whether a client must offer one of <see cref="Subprotocols"/>. Off: it is served without one.</summary>
    public bool RequireSubprotocol { get; init; }

    /// <summary>Which web pages may connect.</summary>
    public OriginCheck Origins { get; init; } = OriginCheck.SameOrigin;

    /// <summary>
    /// Whether any web page may connect. Only for servers that know their users otherwise than by cookies.
    /// </summary>
    public bool DangerousAllowAnyOrigin { get; init; }

    /// <summary>The hosts for which the server answers, in the Host header; none for all.</summary>
    public IReadOnlyList<HostPattern> Hosts { get; init; } = [];

    /// <summary>
    /// How messages may be compressed (RFC 7692); <see langword="null"/>, the default, declines every offer.
    /// </summary>
    public PerMessageDeflateRules? PerMessageDeflate { get; init; }

    /// <summary>Whether the connection is over TLS: decides which origin is the same one.</summary>
    public bool IsSecure { get; init; }

    /// <summary>
    /// Whether version 8 is spoken beside 13: the drafts HyBi 08 to 12, whose frames are those of RFC 6455.
    /// </summary>
    public bool AllowVersion8 { get; init; } = true;

    /// <summary>What a refusal names in Sec-WebSocket-Version (RFC 6455 §4.4).</summary>
    public string SupportedVersions => AllowVersion8 ? "13, 8" : "13";
}
