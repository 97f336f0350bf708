namespace Sockeye.Server.Handshakes;

/// <summary>
/// The decision of the application about a plain HTTP request. It is handled like a decision about an opening handshake: in place or
/// later, with the same deadline.
/// </summary>
/// <param name="Response">The response; <see langword="null"/> to reject the request for lack of an upgrade.</param>
internal sealed record PlainRequestDecision(WebSocketPlainResponse? Response) : WebSocketUpgradeDecision
{
    /// <summary>Asks the application.</summary>
    public static ValueTask<WebSocketUpgradeDecision> AskAsync(
        Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketPlainResponse?>> respond,
        WebSocketUpgradeRequest request, CancellationToken cancellationToken)
    {
        ValueTask<WebSocketPlainResponse?> responding = respond(request, cancellationToken);
        return responding.IsCompletedSuccessfully
            ? new(new PlainRequestDecision(responding.Result))
            : WaitAsync(responding);
    }

    private static async ValueTask<WebSocketUpgradeDecision> WaitAsync(ValueTask<WebSocketPlainResponse?> responding) =>
        new PlainRequestDecision(await responding.ConfigureAwait(false));
}
