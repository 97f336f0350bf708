using Sockeye.Connections;
using Sockeye.Protocol;

namespace Sockeye.Server.Handshakes;

/// <summary>What becomes of a request: a connection, a rejection or the response to a plain request, or nothing yet.</summary>
internal readonly record struct UpgradeResult
{
    /// <summary>The application has not decided yet.</summary>
    public static UpgradeResult Pending { get; } = new() { IsPending = true };

    /// <summary>The connection of a request that is accepted, which holds the response.</summary>
    public ConnectionCore? Connection { get; private init; }

    /// <summary>The rule by which the request is rejected.</summary>
    public WebSocketHandshakeError Error { get; private init; }

    /// <summary>The response that the application has decided on; <see langword="null"/> for the usual one.</summary>
    public HandshakeRejection? Response { get; private init; }

    /// <summary>Whether the response is that of the application to a plain request, which is not a failure.</summary>
    public bool IsPlain { get; private init; }

    /// <summary>Whether the application has not decided yet.</summary>
    public bool IsPending { get; private init; }

    /// <summary>The request is accepted.</summary>
    public static UpgradeResult Accepted(ConnectionCore connection) => new() { Connection = connection };

    /// <summary>The request is rejected.</summary>
    public static UpgradeResult Rejected(WebSocketHandshakeError error, HandshakeRejection? response = null) =>
        new() { Error = error, Response = response };

    /// <summary>The application responds to a plain request.</summary>
    public static UpgradeResult Plain(WebSocketHandshakeError error, HandshakeRejection response) =>
        new() { Error = error, Response = response, IsPlain = true };
}
