using Sockeye.Protocol;

namespace Sockeye.Server.Handshakes;

/// <summary>
/// Describes what was rejected and what it was compared with, for the server's log and the application. It is not sent to the client,
/// which could use the list of what is allowed.
/// </summary>
internal static class RejectionDetail
{
    // A list may be long, and each rejection has one line in the log.
    private const int MaxListed = 5;
    private const int MaxNameLength = 100;

    /// <summary>Returns the sentence for a rule that is broken; <see langword="null"/> if the rule itself says enough.</summary>
    public static string? Of(WebSocketHandshakeError error, UpgradeAttempt attempt, in ReceivedRequest request)
    {
        switch (error)
        {
            case WebSocketHandshakeError.HostNotAllowed:
                return $"the host {PeerText.Quote(OfferIn(request).Host)} is not one of the allowed hosts: "
                    + List(attempt.Server.Options.AllowedHosts);
            case WebSocketHandshakeError.OriginNotAllowed:
                ServerHandshakeOffer offer = OfferIn(request);
                IReadOnlyList<string> allowed = attempt.Route.AllowedOrigins;
                string own = PeerText.Quote((request.Profile.Rules.IsSecure ? "https://" : "http://") + offer.Host, MaxNameLength);
                string comparison = allowed.Count == 0
                    ? $"is not the server's own, {own}, and no other is allowed"
                    : $"is neither the server's own, {own}, nor one of the allowed origins: {List(allowed)}";
                string callback = request.Route?.IsOriginAllowed is null ? "" : ", and IsOriginAllowed rejected it";
                return $"the origin {Origins(offer)} {comparison}{callback}";
            default:
                return null;
        }
    }

    // The request may have been rejected before its offer was read.
    private static ServerHandshakeOffer OfferIn(in ReceivedRequest request) => new(request.Head, selected: null);

    // A client of version 8 may send two.
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
