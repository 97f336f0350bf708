namespace Sockeye.Server;

/// <summary>
/// What an application has decided about a plain HTTP request: it takes the way of a decision about an opening handshake, at
/// once or later, with the same deadline.
/// </summary>
/// <param name="Response">The response; <see langword="null"/> to refuse the request as one without an upgrade.</param>
internal sealed record PlainRequestDecision(WebSocketPlainResponse? Response) : WebSocketUpgradeDecision
{
    /// <summary>Asks the application.</summary>
    public static ValueTask<WebSocketUpgradeDecision> AskAsync(
        Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketPlainResponse?>> onPlainRequest,
        WebSocketUpgradeRequest request, CancellationToken cancellationToken)
    {
        ValueTask<WebSocketPlainResponse?> answering = onPlainRequest(request, cancellationToken);
        return answering.IsCompletedSuccessfully
            ? new(new PlainRequestDecision(answering.Result))
            : WaitAsync(answering);
    }

    private static async ValueTask<WebSocketUpgradeDecision> WaitAsync(ValueTask<WebSocketPlainResponse?> answering) =>
        new PlainRequestDecision(await answering.ConfigureAwait(false));
}
