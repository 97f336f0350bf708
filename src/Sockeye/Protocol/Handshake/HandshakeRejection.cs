namespace Sockeye.Protocol;

/// <summary>
/// How a server refuses an opening handshake: an HTTP response, after which the connection is closed.
/// </summary>
internal sealed record HandshakeRejection
{
    /// <summary>The status code: 300 to 599.</summary>
    public required int StatusCode { get; init; }

    /// <summary>The reason phrase; <see langword="null"/> for the usual one.</summary>
    public string? ReasonPhrase { get; init; }

    /// <summary>The body, sent as UTF-8.</summary>
    public string Body { get; init; } = "";

    /// <summary>What the body is.</summary>
    public string ContentType { get; init; } = "text/plain; charset=utf-8";

    /// <summary>Headers to add, in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>What to name in Sec-WebSocket-Version; <see langword="null"/> leaves the header out.</summary>
    public string? SupportedVersions { get; init; }

    /// <summary>The refusal for a rule that the client has broken.</summary>
    public static HandshakeRejection For(WebSocketHandshakeError error, ServerHandshakeRules rules)
    {
        int statusCode = error.StatusCode();
        return new HandshakeRejection
        {
            StatusCode = statusCode,
            Body = error.Describe() + "\n",
            SupportedVersions = statusCode == ServerResponse.UpgradeRequired || error.ConcernsVersion()
                ? rules.SupportedVersions
                : null,
        };
    }
}
