using System.Net;
using Sockeye.Collections;
using Sockeye.Connections;
using Sockeye.Handshakes;
using Sockeye.Logging;
using Sockeye.Protocol;
using Sockeye.Server.Handshakes;
using Sockeye.Server.Routes;
using Sockeye.Telemetry;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>What all handshakes of a server or an acceptor share: the rules, the routes, and the connections.</summary>
internal sealed class ServerContext
{
    private readonly DenseSet<IOpeningHandshake> _handshakes = new();

    /// <summary>Creates a context.</summary>
    /// <param name="options">What the user has set.</param>
    /// <param name="handler">
    /// Receives the messages of connections without a route; <see langword="null"/> if the caller that accepts a connection does.
    /// </param>
    /// <param name="makeRoutes">Creates the routes, if there are any, from a context that has everything else.</param>
    public ServerContext(
        WebSocketAcceptorOptions options, WebSocketHandler? handler, Func<ServerContext, ServerRoute[]>? makeRoutes = null)
    {
        ServerOptionConflicts.Check(options);

        // Origins and hosts were validated when they were set.
        _ = OriginCheck.TryCreate(options.AllowedOrigins, out OriginCheck origins, out _);
        Options = options;
        HeadLimits = options.HandshakeLimits.ToHeadLimits();
        Origins = origins;
        Hosts = [.. options.AllowedHosts.Select(ToPattern)];
        Proxies = options.TrustedProxies.Count > 0 || options.TrustUnixSocketProxies
            ? new TrustedProxies(
                [.. options.TrustedProxies], options.TrustUnixSocketProxies,
                options.ForwardedHeader == WebSocketForwardedHeader.Forwarded)
            : null;
        Logger = new GuardedLogger(options.LoggerFactory.CreateLogger("Sockeye.Server"));
        Wheel = DeadlineWheel.For(options.TimeProvider);
        Connections = new ServerConnections(
            new ConnectionCaps(options.MaxConnections, options.MaxConnectionsPerAddress), options.TrackConnections);
        LiveConnections.Add(Connections);
        Pending = new PendingHandshakes(options.MaxPendingHandshakes, options.MaxPendingHandshakesPerAddress, Wheel);
        Fallback = new ServerRoute(this, pattern: null, new WebSocketRouteOptions(), handler);
        ServerRoute[] routes = makeRoutes?.Invoke(this) ?? [Fallback];
        foreach (ServerRoute route in routes)
        {
            ServerOptionConflicts.CheckSubprotocols(
                route.Pattern?.Text, route.Own, isRequired: route.RequireSubprotocol,
                hasAny: route.Subprotocols.Count > 0 || route.SelectSubprotocol is not null);
        }

        Routes = new ServerRoutes(routes);
        Failures = new HandshakeFailures(Logger, options.OnHandshakeFailed, Fallback.For(isSecure: false).Rules);
    }

    /// <summary>What the user has set.</summary>
    public WebSocketAcceptorOptions Options { get; }

    /// <summary>The limits on the head of a request.</summary>
    public HeadLimits HeadLimits { get; }

    /// <summary>The web origins that may connect.</summary>
    public OriginCheck Origins { get; }

    /// <summary>The hosts that requests may name; empty for every host.</summary>
    public IReadOnlyList<HostPattern> Hosts { get; }

    /// <summary>The proxies whose headers are read; <see langword="null"/> for none.</summary>
    public TrustedProxies? Proxies { get; }

    /// <summary>The connections.</summary>
    public ServerConnections Connections { get; }

    /// <summary>The handshakes in progress, TLS included.</summary>
    public PendingHandshakes Pending { get; }

    /// <summary>The routes.</summary>
    public ServerRoutes Routes { get; }

    /// <summary>The rules for requests without a route, and for those whose head cannot be read.</summary>
    public ServerRoute Fallback { get; }

    /// <summary>Reports handshakes that fail.</summary>
    public HandshakeFailures Failures { get; }

    /// <summary>The log.</summary>
    public GuardedLogger Logger { get; }

    /// <summary>The deadlines of connections that are not served by an event loop.</summary>
    public DeadlineWheel Wheel { get; }

    /// <summary>What opening handshakes share whose deadlines are on the given wheel: those of one event loop.</summary>
    public ConnectionSettings SettingsOn(DeadlineWheel wheel, bool isSecure) => Fallback.For(isSecure).SettingsOn(wheel);

    /// <summary>
    /// The network whose limits apply to a client; unknown, for no limit, for clients of Unix sockets and for trusted proxies, which carry
    /// many clients.
    /// </summary>
    public PeerNetwork NetworkOf(EndPoint? peer) =>
        Proxies?.Includes(EndPoints.Unmapped(peer)) is true ? default : PeerNetwork.Of((peer as IPEndPoint)?.Address);

    /// <summary>Limits a server that listens to the connections for which there are descriptors.</summary>
    public void LimitTo(int connectionRoom)
    {
        Connections.Caps.SetDefault(connectionRoom);
        Pending.LimitTo(connectionRoom);
    }

    /// <summary>Adds an opening handshake.</summary>
    public void Add(IOpeningHandshake handshake) => _handshakes.Add(handshake);

    /// <summary>Removes an opening handshake that has ended.</summary>
    public void Remove(IOpeningHandshake handshake)
    {
        _handshakes.Remove(handshake);
        Pending.Leave(handshake);
    }

    /// <summary>Rejects the opening handshakes in progress.</summary>
    public void RejectHandshakes()
    {
        foreach (IOpeningHandshake handshake in _handshakes.ToArray())
        {
            handshake.RejectUndecided();
        }
    }

    private static HostPattern ToPattern(string host) => HostPattern.TryParse(host, out HostPattern? pattern) && pattern is not null
        ? pattern
        : throw new InvalidOperationException("A host that was validated is not valid.");
}
