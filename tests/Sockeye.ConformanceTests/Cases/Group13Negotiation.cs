namespace Sockeye.Tests;

/// <summary>13.*: JSON, compressed with the results of seven negotiations (RFC 7692 §7.1).</summary>
/// <remarks>
/// The peer's offers allow the server to choose for the client: all contain client_no_context_takeover and
/// client_max_window_bits. A peer that is the server accepts an offer only if it allows the parameters that it requires.
/// </remarks>
internal static class Group13Negotiation
{
    private const string Extension = "permessage-deflate";
    private const string ClientForgets = "client_no_context_takeover";
    private const string Bounded = Extension + "; " + ClientForgets + "; client_max_window_bits";
    private const string Forgetting = Bounded + "; server_no_context_takeover";

    private static readonly PerMessageDeflateOptions Lenient =
        PerMessageDeflateOptions.Default with { ClientContextTakeover = false };

    private static readonly PerMessageDeflateOptions Forgetful = Lenient with { ServerContextTakeover = false };

    /// <summary>The parameters of group 12 and of 13.1.</summary>
    public static DeflateCase Default { get; } =
        new([Bounded], PerMessageDeflateOptions.Default, offer => Answer(offer, forgets: false, bits: 0));

    public static IEnumerable<ConformanceCase> Cases =>
    [
        .. Messages("13.1", "nothing in particular", Default),
        .. Messages("13.2", "no context", new([Forgetting], Forgetful, offer => Answer(offer, forgets: true, bits: 0))),
        .. Messages("13.3", "8 bits", new(
            [Bounded + "; server_max_window_bits=8"], Lenient, offer => Answer(offer, forgets: false, bits: 8))
        {
            // zlib does not support a window of 256 bytes, and compressing with a larger one would violate the negotiated
            // parameters.
            ServerDeclines = true,
        }),
        .. Messages("13.4", "15 bits", new(
            [Bounded + "; server_max_window_bits=15"], Lenient with { ServerMaxWindowBits = 15 },
            offer => Answer(offer, forgets: false, bits: 15))),
        .. Messages("13.5", "no context and 8 bits", new(
            [Forgetting + "; server_max_window_bits=8"], Forgetful, offer => Answer(offer, forgets: true, bits: 8))
        {
            ServerDeclines = true,
        }),
        .. Messages("13.6", "no context and 15 bits", new(
            [Forgetting + "; server_max_window_bits=15"], Forgetful with { ServerMaxWindowBits = 15 },
            offer => Answer(offer, forgets: true, bits: 15))),
        .. Messages("13.7", "three offers", new(
            [Forgetting + "; server_max_window_bits=8", Forgetting, Bounded], Forgetful,
            offer => Answer(offer, forgets: true, bits: 8)
                ?? Answer(offer, forgets: true, bits: 0)
                ?? Answer(offer, forgets: false, bits: 0))),
    ];

    private static IEnumerable<ConformanceCase> Messages(string subgroup, string what, DeflateCase deflate) =>
        DeflateMessages.Cases(subgroup, what, () => DeflateData.Json, isText: true, deflate);

    // The suite's server grants what the offer requests, and requires the same of the client.
    private static string? Answer(string offer, bool forgets, int bits)
    {
        bool mayAsk = (!forgets || offer.Contains(ClientForgets, StringComparison.Ordinal))
            && (bits == 0 || offer.Contains("client_max_window_bits", StringComparison.Ordinal));
        if (!mayAsk)
        {
            return null;
        }

        PeerExtension asked = PeerExtension.Parse(offer);
        return Extension
            + (asked.ServerForgets ? "; server_no_context_takeover" : "")
            + (offer.Contains("server_max_window_bits", StringComparison.Ordinal)
                ? $"; server_max_window_bits={asked.ServerWindowBits}"
                : "")
            + (forgets ? "; " + ClientForgets : "")
            + (bits != 0 ? $"; client_max_window_bits={bits}" : "");
    }
}
