using Sockeye.Protocol;
using Sockeye.Server;

namespace Sockeye;

/// <summary>Rejects an opening handshake with an HTTP response, after which the connection is closed (RFC 6455 §4.2.2).</summary>
public sealed record WebSocketUpgradeRejection : WebSocketUpgradeDecision
{
    private const int MinStatusCode = 300;
    private const int MaxStatusCode = 599;

    /// <summary>The HTTP status.</summary>
    /// <value>300 to 599. The default is 403.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not 300 to 599.</exception>
    public int StatusCode
    {
        get;
        init => field = value is >= MinStatusCode and <= MaxStatusCode
            ? value
            : throw new ArgumentOutOfRangeException(nameof(StatusCode), value, "Must be 300 to 599.");
    } = 403;

    /// <summary>The reason phrase; <see langword="null"/>, the default, for that of the status.</summary>
    /// <exception cref="ArgumentException">The value has control characters or characters that are not Latin-1.</exception>
    public string? ReasonPhrase
    {
        get;
        init => field = ResponseHeaders.CheckText(value, nameof(ReasonPhrase));
    }

    /// <summary>Headers to add, in order: <c>WWW-Authenticate</c>, <c>Retry-After</c> or <c>Location</c>, for example.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// A name is not a token or belongs to the handshake, or a value has control characters or characters that are not Latin-1.
    /// </exception>
    public WebSocketHeaders Headers
    {
        get;
        init => field = ResponseHeaders.CheckRejection(value, nameof(Headers));
    } = [];

    /// <summary>The body, sent as UTF-8. The default is empty.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public string Body
    {
        get;
        init => field = OptionChecks.NotNull(value, nameof(Body));
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

    internal HandshakeRejection ToRejection() => new()
    {
        StatusCode = StatusCode,
        ReasonPhrase = ReasonPhrase,
        Headers = Headers,
        Body = Body,
        ContentType = ContentType,
    };
}
