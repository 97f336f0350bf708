namespace Sockeye.Protocol;

/// <summary>Which offer a server accepts and how, and which response a client takes (RFC 7692 §5, §7.1).</summary>
internal static class PerMessageDeflateNegotiation
{
    /// <summary>
    /// The smallest window with which this end compresses: zlib has none of 256 bytes, and what it makes with the next
    /// larger one could not be read by a peer that asked for the smallest.
    /// </summary>
    public const int MinDeflateWindowBits = 9;

    // A head has room for hundreds of offers. Whoever has none to our liking among the first few need not be read on.
    private const int MaxOfferCount = 16;

    /// <summary>The server's part: takes the first offer that can be accepted.</summary>
    /// <param name="headers">Those of a request that keeps the rules.</param>
    /// <param name="rules">What the server wants.</param>
    /// <returns>What to answer; <see langword="null"/> for a connection without compression.</returns>
    /// <remarks>§5: an offer that is invalid or unsupported is declined, and the next one looked at.</remarks>
    public static PerMessageDeflateParameters? Accept(HeaderFields headers, PerMessageDeflateRules rules)
    {
        var offers = new PerMessageDeflateScanner(headers);
        for (int count = 0; count < MaxOfferCount && offers.MoveNext(); count++)
        {
            if (offers.IsValid && IsAcceptable(offers.Parameters, rules))
            {
                return Answer(offers.Parameters, rules);
            }
        }

        return null;
    }

    /// <summary>The client's part, before the handshake: its one offer.</summary>
    public static PerMessageDeflateParameters Offer(PerMessageDeflateRules rules) => new(
        rules.ServerContextTakeover == false,
        rules.ClientContextTakeover == false,
        rules.ServerMaxWindowBits,

        // §7.1.2.2: without this parameter the server could not bound the client's window.
        rules.ClientMaxWindowBits ?? PerMessageDeflateParameters.WithoutValue);

    /// <summary>The client's part, after the handshake: is the response one to its offer?</summary>
    /// <param name="headers">Those of a response that names no extension twice.</param>
    /// <param name="offer">What the client has offered.</param>
    /// <param name="rules">What the client wants.</param>
    /// <param name="agreed">What both ends do from now on; <see langword="null"/> if the server declined.</param>
    /// <returns>If not, the connection must be failed (§5.1).</returns>
    public static bool TryAgree(
        HeaderFields headers,
        in PerMessageDeflateParameters offer,
        PerMessageDeflateRules rules,
        out PerMessageDeflateParameters? agreed)
    {
        agreed = null;
        var responses = new PerMessageDeflateScanner(headers);
        if (!responses.MoveNext())
        {
            return true;
        }

        PerMessageDeflateParameters response = responses.Parameters;
        if (!responses.IsValid || !IsResponseTo(offer, response)
            || (response.ClientNoContextTakeover && rules.ClientContextTakeover == true))
        {
            return false;
        }

        // §7.1.1.2, §7.1.2.2: what a client says of itself in its offer holds, answered or not.
        int? ownWindowBits = offer.ClientMaxWindowBits is PerMessageDeflateParameters.WithoutValue
            ? null
            : offer.ClientMaxWindowBits;
        agreed = response with
        {
            ClientNoContextTakeover = response.ClientNoContextTakeover || offer.ClientNoContextTakeover,
            ClientMaxWindowBits = response.ClientMaxWindowBits ?? ownWindowBits,
        };
        return true;
    }

    private static bool IsAcceptable(in PerMessageDeflateParameters offer, PerMessageDeflateRules rules) =>
        !(offer.ServerNoContextTakeover && rules.ServerContextTakeover == true)
        && !(offer.ServerMaxWindowBits < MinDeflateWindowBits)
        && !(rules.RequireClientMaxWindowBits && offer.ClientMaxWindowBits is null);

    private static PerMessageDeflateParameters Answer(in PerMessageDeflateParameters offer, PerMessageDeflateRules rules)
    {
        int serverWindowBits = AtMost(offer.ServerMaxWindowBits, rules.ServerMaxWindowBits);
        int clientWindowBits = offer.ClientMaxWindowBits == PerMessageDeflateParameters.WithoutValue
            ? AtMost(PerMessageDeflateParameters.MaxWindowBits, rules.ClientMaxWindowBits)
            : AtMost(offer.ClientMaxWindowBits, rules.ClientMaxWindowBits);

        // §7.1.2.1: what was asked for must be answered with, and something smaller may be. §7.1.2.2: what was not offered
        // must not be answered with. Neither is there for the sake of the largest window, which goes without saying.
        return new PerMessageDeflateParameters(
            offer.ServerNoContextTakeover || rules.ServerContextTakeover == false,
            offer.ClientNoContextTakeover || rules.ClientContextTakeover == false,
            offer.ServerMaxWindowBits is null && IsLargest(serverWindowBits) ? null : serverWindowBits,
            offer.ClientMaxWindowBits is null || IsLargest(clientWindowBits) ? null : clientWindowBits);
    }

    // §5.1, §7.1: a response has what the offer asks for, nothing larger than it, and nothing that only an offer may have.
    private static bool IsResponseTo(in PerMessageDeflateParameters offer, in PerMessageDeflateParameters response) =>
        (response.ServerNoContextTakeover || !offer.ServerNoContextTakeover)
        && (offer.ServerMaxWindowBits is null || response.ServerMaxWindowBits <= offer.ServerMaxWindowBits)
        && response.ClientMaxWindowBits != PerMessageDeflateParameters.WithoutValue
        && (response.ClientMaxWindowBits is null
            || offer.ClientMaxWindowBits is PerMessageDeflateParameters.WithoutValue
            || response.ClientMaxWindowBits <= offer.ClientMaxWindowBits);

    private static int AtMost(int? offered, int? wanted) => Math.Min(
        offered ?? PerMessageDeflateParameters.MaxWindowBits, wanted ?? PerMessageDeflateParameters.MaxWindowBits);

    private static bool IsLargest(int windowBits) => windowBits == PerMessageDeflateParameters.MaxWindowBits;
}
