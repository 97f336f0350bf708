using Sockeye.Protocol;
using Sockeye.Server;

namespace Sockeye;

/// <summary>
/// The response to a plain HTTP request, one without an Upgrade header, behind which the connection is closed: for health checks
/// and the like. See <see cref="WebSocketServerOptions.OnPlainRequest"/>. Never changes once made.
/// </summary>
public sealed record WebSocketPlainResponse
{
    private const int MinStatusCode = 200;
    private const int MaxStatusCode = 599;

    /// <summary>The HTTP status.</summary>
    /// <value>200 to 599. The default is 200.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not 200 to 599.</exception>
    public int StatusCode
    {
        get;
        init => field = OptionChecks.Between(value, MinStatusCode, MaxStatusCode, nameof(StatusCode));
    } = 200;

    /// <summary>The reason phrase; <see langword="null"/>, the default, for the usual one.</summary>
    /// <exception cref="ArgumentException">There are control characters in it, or it is not Latin-1.</exception>
    public string? ReasonPhrase
    {
        get;
        init => field = ResponseHeaders.CheckText(value, nameof(ReasonPhrase));
    }

    /// <summary>Headers to add, in their order. The server writes Connection, Content-Length and Content-Type itself.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// A name is no token or is one that the server writes, or a value has control characters in it or is not Latin-1.
    /// </exception>
    public WebSocketHeaders Headers
    {
        get;
        init => field = ResponseHeaders.CheckRejection(value, nameof(Headers));
    } = [];

    /// <summary>
    /// The body, sent as UTF-8. The default is none. To a HEAD request it is not sent, but its length is (RFC 9110 §9.3.2); with a
    /// status of 204 or 304 neither is.
    /// </summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public string Body
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(Body));
    } = "";

    /// <summary>What the body is. The default is plain text.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">There are control characters in it, or it is not Latin-1.</exception>
    public string ContentType
    {
        get;
        init => field = ResponseHeaders.CheckText(value, nameof(ContentType))
            ?? throw new ArgumentNullException(nameof(ContentType));
    } = "text/plain; charset=utf-8";

    /// <summary>
    /// Wraps a response for <see cref="WebSocketServerOptions.OnPlainRequest"/>, so that a callback that responds at once returns the
    /// response itself.
    /// </summary>
    /// <param name="response">The response; <see langword="null"/> rejects the request.</param>
    public static implicit operator ValueTask<WebSocketPlainResponse?>(WebSocketPlainResponse? response) => new(response);

    internal HandshakeRejection ToRejection() => new()
    {
        StatusCode = StatusCode,
        ReasonPhrase = ReasonPhrase,
        Headers = Headers,
        Body = Body,
        ContentType = ContentType,
    };
}
