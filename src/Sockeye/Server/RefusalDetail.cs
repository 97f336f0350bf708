using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>
/// Says what was refused and what it was compared with, for the server's log and the application; the client is not told,
/// to whom the list of what is allowed would be of use.
/// </summary>
internal static class RefusalDetail
{
    // A list may be long, and the log has a line for each refusal.
    private const int MaxListed = 5;
    private const int MaxNameLength = 100;

    /// <summary>The sentence for a rule broken.</summary>
    /// <param name="error">The rule.</param>
    /// <param name="request">The request that broke it.</param>
    /// <param name="route">The route whose rules it was checked by.</param>
    /// <param name="rules">Those rules.</param>
    /// <param name="hosts">The hosts that the server allows.</param>
    /// <param name="isAsked">Whether the application was asked about the origin.</param>
    /// <returns>The sentence; <see langword="null"/> if the rule says it all.</returns>
    public static string? Of(
        WebSocketHandshakeError error, RequestHead request, ServerRoute route, ServerHandshakeRules rules, IReadOnlyList<string> hosts,
        bool isAsked)
    {
        var offer = new ServerHandshakeOffer(request, selected: null);
        switch (error)
        {
            case WebSocketHandshakeError.HostNotAllowed:
                return $"the host {PeerText.Quote(offer.Host)} is none of those allowed: {List(hosts)}";
            case WebSocketHandshakeError.OriginNotAllowed:
                string own = PeerText.Quote((rules.IsSecure ? "https://" : "http://") + offer.Host, MaxNameLength);
                string others = route.AllowedOrigins.Count == 0
                    ? "and no other is allowed"
                    : $"nor one of those allowed: {List(route.AllowedOrigins)}";
                string isNot = route.AllowedOrigins.Count == 0 ? "is not" : "is neither";
                string callback = isAsked ? ", and IsOriginAllowed rejected it" : "";
                return $"the origin {Origins(offer)} {isNot} the server's own, {own}, {others}{callback}";
            default:
                return null;
        }
    }

    // Clients of version 8 may send two.
    private static string Origins(in ServerHandshakeOffer offer)
    {
        HeaderFields headers = offer.Request.Headers;
        string? draft = offer.Version == ServerHandshake.DraftVersion ? headers.GetString("Sec-WebSocket-Origin") : null;
        string? origin = headers.GetString("Origin");
        return draft is null || draft == origin ? PeerText.Quote(origin)
            : origin is null ? PeerText.Quote(draft)
            : $"{PeerText.Quote(origin)} or {PeerText.Quote(draft)}";
    }

    private static string List(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MaxListed).Select(name => PeerText.Quote(name, MaxNameLength)))
        + (names.Count > MaxListed ? $" and {names.Count - MaxListed} more" : "");
}
