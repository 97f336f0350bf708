namespace Sockeye.Protocol;

/// <summary>What a client has asked for, which the response must fit.</summary>
internal sealed record ClientHandshakeExpectations
{
    /// <summary>The key that was sent.</summary>
    public required string Key { get; init; }

    /// <summary>The subprotocols that were offered.</summary>
    public IReadOnlyList<string> Subprotocols { get; init; } = [];

    /// <summary>The names of the extensions that were offered, permessage-deflate excepted.</summary>
    public IReadOnlyList<string> Extensions { get; init; } = [];

    /// <summary>
    /// What permessage-deflate was offered by (RFC 7692 §7.1); <see langword="null"/> if it was not offered.
    /// </summary>
    public PerMessageDeflateRules? PerMessageDeflate { get; init; }

    /// <summary>
    /// Whether a server that was offered subprotocols may choose none. RFC 6455 §4.1 lets it; browsers fail, and so
    /// does this by default: an application that named its subprotocols speaks nothing else.
    /// </summary>
    public bool AllowMissingSubprotocol { get; init; }
}
