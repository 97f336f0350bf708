using Sockeye.Protocol;
using Sockeye.Telemetry;

namespace Sockeye.Handshakes;

/// <summary>The context of a request; shared by all requests of a route, or of all clients.</summary>
internal sealed class UpgradeScope
{
    private static readonly UpgradeScope OfSecureClients = new() { IsSecure = true };

    private ConnectionGroups? _groups;

    /// <summary>The scope of clients without TLS, and of requests without a server.</summary>
    public static UpgradeScope None { get; } = new();

    /// <summary>Whether the requests arrive over TLS.</summary>
    public bool IsSecure { get; init; }

    /// <summary>The route that the requests match; <see langword="null"/> without routes.</summary>
    public RoutePattern? Route { get; init; }

    /// <summary>Whether the requests are those of a rehearsal.</summary>
    public bool IsRehearsal { get; init; }

    /// <summary>What the connections of the scope are measured as.</summary>
    public ConnectionGroups Groups => _groups ??= new ConnectionGroups(IsSecure, Route?.Text, isHidden: IsRehearsal);

    /// <summary>The trusted proxies; <see langword="null"/> if none are configured.</summary>
    public TrustedProxies? Proxies { get; init; }

    /// <summary>The scope of clients.</summary>
    public static UpgradeScope OfClient(bool isSecure) => isSecure ? OfSecureClients : None;
}
