namespace Sockeye.Protocol;

/// <summary>
/// Chooses the offer that a server accepts, creates its response, and checks that response on a client (RFC 7692 §5, §7.1).
/// </summary>
internal static class PerMessageDeflateNegotiation
{
    /// <summary>
    /// The smallest window with which this end compresses. zlib does not support 256 bytes, and a peer that requested the
    /// smallest window could not read what it produces with the next larger one.
    /// </summary>
    public const int MinDeflateWindowBits = 9;

    // A head has room for hundreds of offers. If the first few are not acceptable, the rest are ignored.
    private const int MaxOfferCount = 16;

    /// <summary>Accepts the first acceptable offer, as a server.</summary>
    /// <param name="headers">The headers of a valid request.</param>
    /// <param name="rules">The server's requirements.</param>
    /// <returns>The parameters of the response, or <see langword="null"/> for a connection without compression.</returns>
    /// <remarks>RFC 7692 §5: an invalid or unsupported offer is declined, and the next one is considered.</remarks>
    public static PerMessageDeflateParameters? Accept(HeaderFields headers, PerMessageDeflateRules rules)
    {
        var offers = new PerMessageDeflateScanner(headers);
        for (int count = 0; count < MaxOfferCount && offers.MoveNext(); count++)
        {
            if (offers.IsValid && IsAcceptable(offers.Parameters, rules))
            {
                return Respond(offers.Parameters, rules);
            }
        }

        return null;
    }

    /// <summary>Creates a client's offer.</summary>
    public static PerMessageDeflateParameters Offer(PerMessageDeflateRules rules) => new(
        rules.ServerContextTakeover == false,
        rules.ClientContextTakeover == false,
        rules.ServerMaxWindowBits,

        // RFC 7692 §7.1.2.2: without this parameter, the server could not limit the client's window.
        rules.ClientMaxWindowBits ?? PerMessageDeflateParameters.WithoutValue);

    /// <summary>Checks, as a client, that the response matches the offer.</summary>
    /// <param name="headers">The headers of a response that names no extension twice.</param>
    /// <param name="offer">The client's offer.</param>
    /// <param name="rules">The client's requirements.</param>
    /// <param name="agreed">The negotiated parameters; <see langword="null"/> if the server declined.</param>
    /// <returns>Whether the response matches. If not, the connection must be failed (RFC 7692 §5.1).</returns>
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

        // RFC 7692 §7.1.1.2, §7.1.2.2: what a client offers for its own messages applies even if the response does not repeat it.
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

    private static PerMessageDeflateParameters Respond(in PerMessageDeflateParameters offer, PerMessageDeflateRules rules)
    {
        int serverWindowBits = AtMost(offer.ServerMaxWindowBits, rules.ServerMaxWindowBits);
        int clientWindowBits = offer.ClientMaxWindowBits == PerMessageDeflateParameters.WithoutValue
            ? AtMost(PerMessageDeflateParameters.MaxWindowBits, rules.ClientMaxWindowBits)
            : AtMost(offer.ClientMaxWindowBits, rules.ClientMaxWindowBits);

        // RFC 7692 §7.1.2.1: a requested limit must appear in the response, and may be lowered. §7.1.2.2: a limit that was not
        // offered must not appear. The largest window is the default, so it is not sent for its own sake.
        return new PerMessageDeflateParameters(
            offer.ServerNoContextTakeover || rules.ServerContextTakeover == false,
            offer.ClientNoContextTakeover || rules.ClientContextTakeover == false,
            offer.ServerMaxWindowBits is null && IsLargest(serverWindowBits) ? null : serverWindowBits,
            offer.ClientMaxWindowBits is null || IsLargest(clientWindowBits) ? null : clientWindowBits);
    }

    // RFC 7692 §5.1, §7.1: a response contains what the offer requires, no value above the offered one, and no parameter that
    // only an offer may have.
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
