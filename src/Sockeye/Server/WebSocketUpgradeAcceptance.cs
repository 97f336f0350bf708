using Sockeye.Server;

namespace Sockeye;

/// <summary>Accepts an opening handshake (RFC 6455 §4.2.2).</summary>
public sealed record WebSocketUpgradeAcceptance : WebSocketUpgradeDecision
{
    internal static WebSocketUpgradeAcceptance Default { get; } = new();

    /// <summary>
    /// Receives the connection's messages; <see langword="null"/>, the default, for the server's or the route's handler.
    /// </summary>
    public WebSocketHandler? Handler { get; init; }

    /// <summary>
    /// The subprotocol, one of those that the client offers; empty for none; <see langword="null"/>, the default, for the
    /// one that the server selects.
    /// </summary>
    /// <remarks>If it was not offered, the response is 500, and the log has the reason.</remarks>
    public string? Subprotocol { get; init; }

    /// <summary>
    /// Whether messages may be compressed, if the client offers it and it is enabled for the server or the route;
    /// <see langword="false"/> declines all offers of permessage-deflate (RFC 7692 §5). The default is <see langword="true"/>.
    /// </summary>
    /// <remarks>
    /// Decline it for a client that is known to compress badly, or for a connection that carries secrets together with data that others
    /// choose, because the lengths of the messages would disclose the secrets.
    /// </remarks>
    public bool Compress { get; init; } = true;

    /// <summary>Headers to add to the response, in order.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// A name is not a token or belongs to the handshake, or a value has control characters or characters that are not Latin-1.
    /// </exception>
    public WebSocketHeaders Headers
    {
        get;
        init => field = ResponseHeaders.Check(value, nameof(Headers));
    } = [];

    /// <summary>Cookies to set (RFC 6265 §4.1), in order.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">Two have the same name, path and domain.</exception>
    public IReadOnlyList<WebSocketSetCookie> Cookies
    {
        get;
        init => field = ResponseHeaders.Check(value, nameof(Cookies));
    } = [];

    /// <summary>The initial value of <see cref="WebSocketConnection.UserState"/>: the user, for example.</summary>
    public object? UserState { get; init; }
}
