using Sockeye.Protocol;
using Sockeye.Server;

namespace Sockeye;

/// <summary>
/// The response to a plain HTTP request, which is one without an Upgrade header, for health checks and the like. The connection is closed
/// after it. See <see cref="WebSocketAcceptorOptions.OnPlainRequest"/>. Immutable.
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

    /// <summary>The reason phrase; <see langword="null"/>, the default, for that of the status.</summary>
    /// <exception cref="ArgumentException">The value has control characters or characters that are not Latin-1.</exception>
    public string? ReasonPhrase
    {
        get;
        init => field = ResponseHeaders.CheckText(value, nameof(ReasonPhrase));
    }

    /// <summary>Headers to add, in order. The server writes Connection, Content-Length and Content-Type itself.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// A name is not a token or is one that the server writes, or a value has control characters or characters that are not Latin-1.
    /// </exception>
    public WebSocketHeaders Headers
    {
        get;
        init => field = ResponseHeaders.CheckRejection(value, nameof(Headers));
    } = [];

    /// <summary>
    /// The body, sent as UTF-8. The default is empty. The response to a HEAD request has only its length (RFC 9110 §9.3.2), and one with
    /// status 204 or 304 has neither.
    /// </summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public string Body
    {
        get;
        init => field = value ?? throw new ArgumentNullException(nameof(Body));
    } = "";

    /// <summary>The media type of the body. The default is plain text in UTF-8.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">The value has control characters or characters that are not Latin-1.</exception>
    public string ContentType
    {
        get;
        init => field = ResponseHeaders.CheckText(value, nameof(ContentType))
            ?? throw new ArgumentNullException(nameof(ContentType));
    } = "text/plain; charset=utf-8";

    /// <summary>
    /// Wraps a response for <see cref="WebSocketAcceptorOptions.OnPlainRequest"/>, so that a callback that responds at once returns the
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
