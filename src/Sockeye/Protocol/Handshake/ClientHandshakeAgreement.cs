namespace Sockeye.Protocol;

/// <summary>What client and server have agreed on, once a response has been found right (RFC 6455 §4.1).</summary>
/// <param name="Subprotocol">The subprotocol that the server has chosen, or <see langword="null"/>.</param>
/// <param name="Extensions">The extensions that the server uses: names that were offered, each once.</param>
/// <param name="PerMessageDeflate">How messages are compressed; <see langword="null"/> if they are not.</param>
internal readonly record struct ClientHandshakeAgreement(
    string? Subprotocol, IReadOnlyList<Extension> Extensions, PerMessageDeflateParameters? PerMessageDeflate)
{
    /// <summary>Nothing: before the handshake, and after one that has failed.</summary>
    public static ClientHandshakeAgreement Nothing { get; } = new(null, [], null);
}
