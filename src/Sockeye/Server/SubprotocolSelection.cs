namespace Sockeye.Server;

/// <summary>Lets the application select the subprotocol of a connection (RFC 6455 §4.2.2).</summary>
internal static class SubprotocolSelection
{
    /// <summary>Asks the application, if the client offers any.</summary>
    /// <param name="select">The application's.</param>
    /// <param name="isRequired">Whether a client is refused for which none is selected.</param>
    /// <param name="request">The client's request.</param>
    /// <param name="subprotocol">One of those offered, or <see langword="null"/>.</param>
    /// <param name="exception">What the application threw, or has done wrong.</param>
    /// <returns>Why the client is refused, if it is.</returns>
    public static WebSocketHandshakeError Select(
        Func<WebSocketUpgradeRequest, string?> select, bool isRequired, WebSocketUpgradeRequest request,
        out string? subprotocol, out Exception? exception)
    {
        IReadOnlyList<string> offered = request.Subprotocols;
        subprotocol = null;
        exception = null;
        try
        {
            subprotocol = offered.Count > 0 ? select(request) : null;
        }
        catch (Exception thrown)
        {
            exception = thrown;
            return WebSocketHandshakeError.ApplicationFailed;
        }

        if (subprotocol is null)
        {
            return isRequired ? WebSocketHandshakeError.NoCommonSubprotocol : WebSocketHandshakeError.None;
        }

        // A client fails the connection if it gets another (§4.1): better to say so where it went wrong.
        if (!offered.Contains(subprotocol, StringComparer.Ordinal))
        {
            exception = new InvalidOperationException("The subprotocol that was selected is none of those offered.");
            return WebSocketHandshakeError.ApplicationFailed;
        }

        return WebSocketHandshakeError.None;
    }
}
