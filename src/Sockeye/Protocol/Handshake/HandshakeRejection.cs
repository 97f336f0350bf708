namespace Sockeye.Protocol;

/// <summary>The HTTP response with which a server rejects an opening handshake. The connection is closed after it.</summary>
internal sealed record HandshakeRejection
{
    /// <summary>The status code: 300 to 599.</summary>
    public required int StatusCode { get; init; }

    /// <summary>The reason phrase; <see langword="null"/> for the standard one.</summary>
    public string? ReasonPhrase { get; init; }

    /// <summary>The body, sent as UTF-8.</summary>
    public string Body { get; init; } = "";

    /// <summary>The media type of the body.</summary>
    public string ContentType { get; init; } = "text/plain; charset=utf-8";

    /// <summary>The headers to add, in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The value of Sec-WebSocket-Version; <see langword="null"/> omits the header.</summary>
    public string? SupportedVersions { get; init; }

    /// <summary>Creates the rejection for an error of the client.</summary>
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
