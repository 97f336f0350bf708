using Sockeye.Protocol;

namespace Sockeye.Handshakes;

/// <summary>The server's context of a request; shared by all requests of a route.</summary>
internal sealed class UpgradeScope
{
    /// <summary>The scope of clients, and of requests without a server.</summary>
    public static UpgradeScope None { get; } = new();

    /// <summary>Whether the requests arrive over TLS.</summary>
    public bool IsSecure { get; init; }

    /// <summary>The route that the requests match; <see langword="null"/> without routes.</summary>
    public RoutePattern? Route { get; init; }

    /// <summary>The trusted proxies; <see langword="null"/> if none are configured.</summary>
    public TrustedProxies? Proxies { get; init; }
}
