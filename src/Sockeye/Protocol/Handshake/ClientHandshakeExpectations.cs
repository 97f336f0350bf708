namespace Sockeye.Protocol;

/// <summary>What a client requested and the response must match.</summary>
internal sealed record ClientHandshakeExpectations
{
    /// <summary>The key that was sent.</summary>
    public required string Key { get; init; }

    /// <summary>The subprotocols that were offered.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>The names of the extensions that were offered, except permessage-deflate.</summary>
    public IReadOnlyList<string> Extensions { get; init; } = [];

    /// <summary>The offer of permessage-deflate (RFC 7692 §7.1); <see langword="null"/> if it was not offered.</summary>
    public PerMessageDeflateRules? PerMessageDeflate { get; init; }

    /// <summary>
    /// Whether a server that was offered subprotocols may choose none. RFC 6455 §4.1 allows that. Browsers fail the connection,
    /// and so does this end by default: an application that names its subprotocols supports nothing else.
    /// </summary>
    public bool AllowMissingSubprotocol { get; init; }
}
