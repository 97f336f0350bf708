namespace Sockeye.Protocol;

/// <summary>The contents of a client's opening handshake request (RFC 6455 §4.1).</summary>
internal sealed record ClientHandshakeRequest
{
    /// <summary>The path, starting with a slash, and the query if there is one, percent-encoded.</summary>
    public string Target { get; init; } = "/";

    /// <summary>The host, with the port if it is not the default of the scheme.</summary>
    public required string Host { get; init; }

    /// <summary>The key, created with <see cref="ClientHandshake.CreateKey"/> and used for one connection only.</summary>
    public required string Key { get; init; }

    /// <summary>The WebSocket version: 13, or 8 for a server of the drafts HyBi 08 to 12.</summary>
    public int Version { get; init; } = ServerHandshake.RfcVersion;

    /// <summary>The subprotocols to offer, in order of preference.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>
    /// The offer of permessage-deflate, sent before other extensions, or <see langword="null"/>. See
    /// <see cref="PerMessageDeflateNegotiation.Offer"/>.
    /// </summary>
    public PerMessageDeflateParameters? PerMessageDeflate { get; init; }

    /// <summary>The other extensions to offer, in order of preference.</summary>
    public IReadOnlyList<Extension> Extensions { get; init; } = [];

    /// <summary>The origin of the web page that makes the request, or <see langword="null"/>.</summary>
    public string? Origin { get; init; }

    /// <summary>The headers to add, in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}
