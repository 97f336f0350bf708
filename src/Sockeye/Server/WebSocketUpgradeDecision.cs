namespace Sockeye;

/// <summary>
/// The decision of an application about an opening handshake: a <see cref="WebSocketUpgradeAcceptance"/> or a
/// <see cref="WebSocketUpgradeRejection"/>.
/// </summary>
public abstract record WebSocketUpgradeDecision
{
    private protected WebSocketUpgradeDecision()
    {
    }

    /// <summary>
    /// Wraps a decision for <see cref="WebSocketAcceptorOptions.OnUpgrade"/>, so that a callback that decides at once returns the decision
    /// itself.
    /// </summary>
    /// <param name="decision">The decision.</param>
    public static implicit operator ValueTask<WebSocketUpgradeDecision>(WebSocketUpgradeDecision decision) => new(decision);

    /// <summary>Accepts. The handler of the server or the route serves the connection.</summary>
    public static WebSocketUpgradeAcceptance Accept() => WebSocketUpgradeAcceptance.Default;

    /// <summary>Accepts. The given handler serves the connection.</summary>
    /// <param name="handler">Receives the connection's messages.</param>
    public static WebSocketUpgradeAcceptance Accept(WebSocketHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return new WebSocketUpgradeAcceptance { Handler = handler };
    }

    /// <summary>Rejects a request.</summary>
    /// <param name="statusCode">The HTTP status: 300 to 599.</param>
    /// <param name="body">The body, sent as UTF-8.</param>
    /// <exception cref="ArgumentOutOfRangeException">The status is not 300 to 599.</exception>
    public static WebSocketUpgradeRejection Reject(int statusCode, string body = "") =>
        new() { StatusCode = statusCode, Body = body };
}
