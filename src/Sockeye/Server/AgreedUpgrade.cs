using Sockeye.Connections;
using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>What a request comes to if the application accepts it, and what is known of one that is refused.</summary>
/// <param name="Route">The route it belongs to.</param>
/// <param name="Settings">What its connection shares with others.</param>
/// <param name="PackedHead">Its request, as <see cref="Protocol.PackedHead"/> has made it.</param>
/// <param name="Subprotocol">The subprotocol, unless the application's decision names another.</param>
/// <param name="Deflate">What is answered to the offers of permessage-deflate.</param>
/// <param name="Detail">Of a request that is refused: see <see cref="RefusalDetail"/>.</param>
/// <param name="DeclinedAs">
/// Of a plain HTTP request that the application is asked about, the rule by which it is refused if it gets no response;
/// <see cref="WebSocketHandshakeError.None"/> of an opening handshake.
/// </param>
/// <param name="IsHead">Whether the method is HEAD, so that the response has no body (RFC 9110 §9.3.2).</param>
internal readonly record struct AgreedUpgrade(
    ServerRoute Route, ConnectionSettings Settings, byte[] PackedHead, string? Subprotocol,
    PerMessageDeflateParameters? Deflate, string? Detail = null, WebSocketHandshakeError DeclinedAs = WebSocketHandshakeError.None,
    bool IsHead = false)
{
    /// <summary>Whether this is a plain HTTP request that the application is asked about.</summary>
    public bool IsPlain => DeclinedAs != WebSocketHandshakeError.None;

    /// <summary>Whether the application is asked.</summary>
    public bool IsDecidedByApplication => IsPlain || Route.OnUpgrade is not null;

    /// <summary>Asks the application; throws what it throws.</summary>
    public ValueTask<WebSocketUpgradeDecision> AskAsync(WebSocketUpgradeRequest request, CancellationToken cancellationToken) =>
        IsPlain
            ? PlainRequestDecision.AskAsync(Route.OnPlainRequest!, request, cancellationToken)
            : Route.OnUpgrade!(request, cancellationToken);
}
