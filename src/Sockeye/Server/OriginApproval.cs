using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>Lets the application decide about an origin that is not listed (RFC 6455 §10.2).</summary>
internal static class OriginApproval
{
    /// <summary>Asks the application.</summary>
    /// <param name="isAllowed">The application's callback.</param>
    /// <param name="offer">What the client asks for: it keeps all other rules.</param>
    /// <param name="rules">The rules that do not allow the origin.</param>
    /// <param name="request">The same request, for the application.</param>
    /// <param name="exception">What the application threw.</param>
    /// <returns>Why the client is refused, if it is.</returns>
    public static WebSocketHandshakeError Ask(
        Func<string, WebSocketUpgradeRequest, bool> isAllowed, in ServerHandshakeOffer offer, ServerHandshakeRules rules,
        WebSocketUpgradeRequest request, out Exception? exception)
    {
        exception = null;
        try
        {
            return ServerHandshake.CheckOrigins(offer, rules, origin => isAllowed(origin, request));
        }
        catch (Exception thrown)
        {
            exception = thrown;
            return WebSocketHandshakeError.ApplicationFailed;
        }
    }
}
