namespace Sockeye.Protocol.Tests;

/// <summary>Runs one end's part of the negotiation on the text of headers.</summary>
internal static class Negotiations
{
    /// <summary>What the server puts into its response; <see langword="null"/> if nothing.</summary>
    public static string? Answer(string offers, PerMessageDeflateRules? rules = null) =>
        Accept(rules ?? PerMessageDeflateRules.Default, offers)?.ToString();

    /// <summary>The same for a header on several lines.</summary>
    public static PerMessageDeflateParameters? Accept(PerMessageDeflateRules rules, params string[] lines)
    {
        HeaderFields headers = Headers(lines);
        Assert.True(ExtensionList.IsValid(headers));
        return PerMessageDeflateNegotiation.Accept(headers, rules);
    }

    /// <summary>What the client makes of a response to its offer.</summary>
    /// <returns>What is agreed, as text; "failed" if the connection is.</returns>
    public static string Agree(string response, PerMessageDeflateRules? rules = null)
    {
        rules ??= PerMessageDeflateRules.Default;
        return Agree(response, PerMessageDeflateNegotiation.Offer(rules), rules);
    }

    /// <summary>The same for an offer that the rules would not make.</summary>
    public static string Agree(string response, PerMessageDeflateParameters offer, PerMessageDeflateRules rules) =>
        PerMessageDeflateNegotiation.TryAgree(Headers([response]), offer, rules, out PerMessageDeflateParameters? agreed)
            ? agreed?.ToString() ?? "declined"
            : "failed";

    private static HeaderFields Headers(string[] lines) => HeaderFields.FromPairs(
        lines.Where(line => line.Length > 0).Select(line => KeyValuePair.Create("sec-websocket-extensions", line)));
}
