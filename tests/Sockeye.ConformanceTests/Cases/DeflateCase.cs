namespace Sockeye.Tests;

/// <summary>How a case is to be compressed, if the endpoint agrees: what its peer offers, and what it answers.</summary>
/// <param name="PeersOffers">Where the peer is the client: its offers, in order.</param>
/// <param name="ClientOptions">Where the endpoint is the client: what it is to offer.</param>
/// <param name="PeersAnswer">
/// Where the endpoint is the client: what the peer answers to its offer; <see langword="null"/> to decline it.
/// </param>
internal sealed record DeflateCase(
    string[] PeersOffers, PerMessageDeflateOptions ClientOptions, Func<string, string?> PeersAnswer)
{
    /// <summary>Whether the endpoint is to decline all that the peer offers.</summary>
    public bool ServerDeclines { get; init; }
}
