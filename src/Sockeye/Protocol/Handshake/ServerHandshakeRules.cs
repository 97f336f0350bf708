namespace Sockeye.Protocol;

/// <summary>The rules of a server for opening handshakes, in addition to the RFC. Strict by default.</summary>
internal sealed record ServerHandshakeRules
{
    /// <summary>The strict default: same origin only, no subprotocols, versions 13 and 8.</summary>
    public static ServerHandshakeRules Default { get; } = new();

    /// <summary>The server's subprotocols, in order of preference.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>
    /// Whether a client must offer one of <see cref="Subprotocols"/>. The default is <see langword="false"/>: other clients are
    /// accepted without one.
    /// </summary>
    public bool RequireSubprotocol { get; init; }

    /// <summary>The check of which web pages may connect.</summary>
    public OriginCheck Origins { get; init; } = OriginCheck.SameOrigin;

    /// <summary>Whether any web page may connect. Only for servers that do not identify users by cookies.</summary>
    public bool DangerousAllowAnyOrigin { get; init; }

    /// <summary>The hosts that the server accepts in the Host header; empty for all.</summary>
    public IReadOnlyList<HostPattern> Hosts { get; init; } = [];

    /// <summary>The rules for compression (RFC 7692); <see langword="null"/>, the default, declines every offer.</summary>
    public PerMessageDeflateRules? PerMessageDeflate { get; init; }

    /// <summary>Whether the connection uses TLS, which determines the server's own origin.</summary>
    public bool IsSecure { get; init; }

    /// <summary>Whether to support version 8 besides 13: the drafts HyBi 08 to 12, which use the frames of RFC 6455.</summary>
    public bool AllowVersion8 { get; init; } = true;

    /// <summary>The value of Sec-WebSocket-Version in a rejection (RFC 6455 §4.4).</summary>
    public string SupportedVersions => AllowVersion8 ? "13, 8" : "13";
}
