namespace Sockeye.Tests;

/// <summary>The negotiation of a compressed case: what its peer offers or responds.</summary>
/// <param name="PeersOffers">The offers of a peer that is the client, in order.</param>
/// <param name="ClientOptions">The options of an endpoint that is the client.</param>
/// <param name="PeersAnswer">The response of a peer that is the server; <see langword="null"/> to decline the offer.</param>
internal sealed record DeflateCase(
    string[] PeersOffers, PerMessageDeflateOptions ClientOptions, Func<string, string?> PeersAnswer)
{
    /// <summary>Whether the endpoint must decline all offers.</summary>
    public bool ServerDeclines { get; init; }
}
