using Sockeye.Protocol;

namespace Sockeye;

/// <summary>What is different on one route of a server. What is not set is as in <see cref="WebSocketServerOptions"/>.</summary>
public sealed record WebSocketRouteOptions
{
    /// <summary>The subprotocols of the route, the preferred one first; <see langword="null"/> for the server's.</summary>
    /// <exception cref="ArgumentException">One is no token, or is there twice (RFC 6455 §4.1).</exception>
    public IReadOnlyList<string>? Subprotocols
    {
        get;
        init => field = value is null ? null
            : SubprotocolList.IsValid(value) ? [.. value]
            : throw new ArgumentException("Subprotocols are different tokens (RFC 6455 §4.1).", nameof(Subprotocols));
    }

    /// <summary>Whether a client that offers none of them is refused; <see langword="null"/> for what the server does.</summary>
    public bool? RequireSubprotocol { get; init; }

    /// <summary>What the connections do; <see langword="null"/> for what the server's do.</summary>
    public WebSocketConnectionOptions? Connection { get; init; }

    /// <summary>How messages are compressed; <see langword="null"/> for the server's way.</summary>
    public PerMessageDeflateOptions? Compression { get; init; }

    /// <summary>Whether messages may be compressed at all. The default is <see langword="true"/>.</summary>
    public bool Compress { get; init; } = true;

    /// <summary>Decides instead of <see cref="WebSocketServerOptions.OnUpgrade"/>; <see langword="null"/> for the server's.</summary>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketUpgradeDecision>>? OnUpgrade { get; init; }
}
