namespace Sockeye.Protocol;

/// <summary>What a client asks for in an opening handshake (RFC 6455 §4.1).</summary>
internal sealed record ClientHandshakeRequest
{
    /// <summary>The path from its slash, with the query if there is one, percent-encoded.</summary>
    public string Target { get; init; } = "/";

    /// <summary>The host, with the port if it is not the scheme's own.</summary>
    public required string Host { get; init; }

    /// <summary>The key: see <see cref="ClientHandshake.CreateKey"/>. Used for one connection only.</summary>
    public required string Key { get; init; }

    /// <summary>The version: 13, or 8 for a server of the drafts HyBi 08 to 12.</summary>
    public int Version { get; init; } = ServerHandshake.RfcVersion;

    /// <summary>The subprotocols to offer, the preferred one first.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>
    /// The offer of permessage-deflate, before other extensions; <see langword="null"/> for none. See
    /// <see cref="PerMessageDeflateNegotiation.Offer"/>.
    /// </summary>
    public PerMessageDeflateParameters? PerMessageDeflate { get; init; }

    /// <summary>The other extensions to offer, the preferred one first.</summary>
    public IReadOnlyList<Extension> Extensions { get; init; } = [];

    /// <summary>The origin of the web page on whose behalf this is; <see langword="null"/> if there is none.</summary>
    public string? Origin { get; init; }

    /// <summary>Headers to add, in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}
