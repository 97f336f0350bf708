using Sockeye.Compression;
using Sockeye.Protocol;

namespace Sockeye.Tests;

/// <summary>
/// The compression that the two ends of a case have negotiated: the endpoint with its own code, the peer with its parser.
/// </summary>
internal sealed record AgreedCompression(PerMessageDeflateParameters Endpoint, PeerExtension Peer, MessageCodecs Codecs)
{
    // Everything is compressed, including short messages, as in the suite.
    private static readonly PerMessageDeflateOptions ServerOptions =
        PerMessageDeflateOptions.Default with { MinimumLength = 0 };

    /// <summary>Whether the endpoint can compress its messages; not with a window of 256 bytes.</summary>
    public bool EndpointCompresses(TestedRole role) =>
        MessageDeflater.CanDeflate(Endpoint, role == TestedRole.Server ? Role.Server : Role.Client);

    /// <summary>Makes the endpoint negotiate with the peer, with the headers of the opening handshake.</summary>
    /// <returns><see langword="null"/> if no compression was negotiated.</returns>
    public static AgreedCompression? Negotiate(DeflateCase deflateCase, TestedRole role) => role == TestedRole.Server
        ? NegotiateAsServer(deflateCase)
        : NegotiateAsClient(deflateCase);

    private static AgreedCompression? NegotiateAsServer(DeflateCase deflateCase)
    {
        PerMessageDeflateParameters? agreed = PerMessageDeflateNegotiation.Accept(
            Headers(string.Join(", ", deflateCase.PeersOffers)), ServerOptions.ToRules());
        return agreed is null ? null : Create(agreed.Value, agreed.Value.ToString(), ServerOptions);
    }

    private static AgreedCompression? NegotiateAsClient(DeflateCase deflateCase)
    {
        PerMessageDeflateOptions options = deflateCase.ClientOptions with { MinimumLength = 0 };
        PerMessageDeflateParameters offer = PerMessageDeflateNegotiation.Offer(options.ToRules());
        string? answer = deflateCase.PeersAnswer(offer.ToString());
        Assert.True(
            PerMessageDeflateNegotiation.TryAgree(
                Headers(answer ?? "other"), offer, options.ToRules(), out PerMessageDeflateParameters? agreed),
            $"The client refuses '{answer}' for '{offer}'.");
        Assert.Equal(answer is null, agreed is null);
        return agreed is null ? null : Create(agreed.Value, answer!, options);
    }

    private static AgreedCompression Create(
        PerMessageDeflateParameters agreed, string answer, PerMessageDeflateOptions options) =>
        new(agreed, PeerExtension.Parse(answer), MessageCodecs.For(options)
            ?? throw new InvalidOperationException("The platform has no zlib."));

    private static HeaderFields Headers(string extensions) =>
        HeaderFields.FromPairs([KeyValuePair.Create("sec-websocket-extensions", extensions)]);
}
