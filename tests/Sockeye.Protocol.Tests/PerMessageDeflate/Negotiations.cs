namespace Sockeye.Protocol.Tests;

/// <summary>Runs one end's part of the negotiation on header text.</summary>
internal static class Negotiations
{
    /// <summary>Returns the server's response; <see langword="null"/> if it declines.</summary>
    public static string? Answer(string offers, PerMessageDeflateRules? rules = null) =>
        Accept(rules ?? PerMessageDeflateRules.Default, offers)?.ToString();

    /// <summary>Returns the server's response to a header on several lines.</summary>
    public static PerMessageDeflateParameters? Accept(PerMessageDeflateRules rules, params string[] lines)
    {
        HeaderFields headers = Headers(lines);
        Assert.True(ExtensionList.IsValid(headers));
        return PerMessageDeflateNegotiation.Accept(headers, rules);
    }

    /// <summary>Returns the client's result for a response to its offer.</summary>
    /// <returns>The negotiated parameters as text; "failed" if the connection fails.</returns>
    public static string Agree(string response, PerMessageDeflateRules? rules = null)
    {
        rules ??= PerMessageDeflateRules.Default;
        return Agree(response, PerMessageDeflateNegotiation.Offer(rules), rules);
    }

    /// <summary>Returns the client's result for an offer that its rules would not create.</summary>
    public static string Agree(string response, PerMessageDeflateParameters offer, PerMessageDeflateRules rules) =>
        PerMessageDeflateNegotiation.TryAgree(Headers([response]), offer, rules, out PerMessageDeflateParameters? agreed)
            ? agreed?.ToString() ?? "declined"
            : "failed";

    private static HeaderFields Headers(string[] lines) => HeaderFields.FromPairs(
        lines.Where(line => line.Length > 0).Select(line => KeyValuePair.Create("sec-websocket-extensions", line)));
}
