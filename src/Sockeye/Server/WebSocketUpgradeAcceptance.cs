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
    /// one that the server would choose.
    /// </summary>
    /// <remarks>One that was not offered is never sent: the client is answered with 500, and the log says why.</remarks>
    public string? Subprotocol { get; init; }

    /// <summary>
    /// Whether messages may be compressed, if the client offers it and the server or the route has it on;
    /// <see langword="false"/> declines all offers of permessage-deflate (RFC 7692 §5). The default is <see langword="true"/>.
    /// </summary>
    /// <remarks>
    /// For a client that is known to compress badly, or a connection that carries secrets beside what others choose, whose
    /// lengths would give them away.
    /// </remarks>
    public bool Compress { get; init; } = true;

    /// <summary>Headers to add to the answer, in their order.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">
    /// A name is no token or belongs to the handshake, or a value has control characters in it or is not Latin-1.
    /// </exception>
    public WebSocketHeaders Headers
    {
        get;
        init => field = ResponseHeaders.Check(value, nameof(Headers));
    } = [];

    /// <summary>Cookies to set (RFC 6265 §4.1), in their order.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">Two have the same name, path and domain.</exception>
    public IReadOnlyList<WebSocketSetCookie> Cookies
    {
        get;
        init => field = ResponseHeaders.Check(value, nameof(Cookies));
    } = [];

    /// <summary>What <see cref="WebSocketConnection.UserState"/> is from the beginning: the user, for instance.</summary>
    public object? UserState { get; init; }
}
