using Sockeye.Protocol;

namespace Sockeye.Handshakes;

/// <summary>What a server knows about its requests beyond their bytes; shared by all requests of a route.</summary>
internal sealed class UpgradeScope
{
    /// <summary>For clients, and for requests without a server.</summary>
    public static UpgradeScope None { get; } = new();

    /// <summary>Whether the requests come over TLS.</summary>
    public bool IsSecure { get; init; }

    /// <summary>The route that they match; <see langword="null"/> without routes.</summary>
    public RoutePattern? Route { get; init; }

    /// <summary>The trusted proxies; <see langword="null"/> if none are configured.</summary>
    public TrustedProxies? Proxies { get; init; }
}
