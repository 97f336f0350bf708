namespace Sockeye.Protocol;

/// <summary>The result of a valid opening handshake, as a client sees it (RFC 6455 §4.1).</summary>
/// <param name="Subprotocol">The subprotocol that the server has chosen, or <see langword="null"/>.</param>
/// <param name="Extensions">The extensions that the server uses: names that were offered, each once.</param>
/// <param name="PerMessageDeflate">
/// The parameters of compression, or <see langword="null"/> if messages are not compressed.
/// </param>
internal readonly record struct ClientHandshakeAgreement(
    string? Subprotocol, IReadOnlyList<Extension> Extensions, PerMessageDeflateParameters? PerMessageDeflate)
{
    /// <summary>The empty result, before a handshake and after a failed one.</summary>
    public static ClientHandshakeAgreement Nothing { get; } = new(null, [], null);
}
