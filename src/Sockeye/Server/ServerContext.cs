using Sockeye.Collections;
using Sockeye.Connections;
using Sockeye.Handshakes;
using Sockeye.Logging;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Server;

/// <summary>What all that a server does shares: its rules, and the connections it has.</summary>
internal sealed class ServerContext : IConnectionHost
{
    private readonly DenseSet<ConnectionCore> _connections = new();
    private readonly DenseSet<ServerHandshakeSession> _sessions = new();
    private readonly Lock _gate = new();
    private volatile bool _isStopping;

    /// <summary>Makes a context.</summary>
    /// <param name="options">What the user has set.</param>
    /// <param name="handler">
    /// Receives the messages of connections without a route; <see langword="null"/> if they are received by those who accept the
    /// connections.
    /// </param>
    /// <param name="makeRoutes">Makes the routes, if there are any, given a context that has all but them.</param>
    public ServerContext(
        WebSocketServerOptions options, WebSocketHandler? handler, Func<ServerContext, ServerRoute[]>? makeRoutes = null)
    {
        ServerOptionConflicts.Check(options);

        // Origins and hosts were found to be some when they were set.
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
        Fallback = new ServerRoute(this, pattern: null, new WebSocketRouteOptions(), handler);
        ServerRoute[] all = makeRoutes?.Invoke(this) ?? [Fallback];
        foreach (ServerRoute route in all)
        {
            ServerOptionConflicts.CheckSubprotocols(route);
        }

        Routes = new ServerRoutes(all);
        Wheel = DeadlineWheel.For(options.TimeProvider);
        Caps = new ConnectionCaps(options.MaxConnections, options.MaxConnectionsPerAddress);
        Pending = new PendingHandshakes(options.MaxPendingHandshakes, options.MaxPendingHandshakesPerAddress, Wheel);
        Admission = new Admission(this);
    }

    /// <summary>What the user has set.</summary>
    public WebSocketServerOptions Options { get; }

    /// <summary>How large the head of a request may be.</summary>
    public HeadLimits HeadLimits { get; }

    /// <summary>Which web pages may connect.</summary>
    public OriginCheck Origins { get; }

    /// <summary>The hosts for which the server answers; none for all.</summary>
    public IReadOnlyList<HostPattern> Hosts { get; }

    /// <summary>Whose word counts about who is behind them; <see langword="null"/> if nobody's.</summary>
    public TrustedProxies? Proxies { get; }

    /// <summary>How many connections there are.</summary>
    public ConnectionCaps Caps { get; }

    /// <summary>How many opening handshakes are underway.</summary>
    public PendingHandshakes Pending { get; }

    /// <summary>Whether a connection that was accepted gets so far that its request is read.</summary>
    public Admission Admission { get; }

    /// <summary>What a stop has to wait for.</summary>
    public ServerAttendance Attendance { get; } = new();

    /// <summary>What becomes of which request.</summary>
    public ServerRoutes Routes { get; }

    /// <summary>The rules for requests that have no route, and for those that are not read to the end.</summary>
    public ServerRoute Fallback { get; }

    /// <summary>Where events are logged.</summary>
    public GuardedLogger Logger { get; }

    /// <summary>Where the deadlines of connections are kept that are not on an event loop.</summary>
    public DeadlineWheel Wheel { get; }

    /// <summary>Whether no connection is accepted any more.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>The connections that are open, as they are at this moment.</summary>
    public IReadOnlyCollection<WebSocketConnection> Connections =>

        // One that has ended may still wait for its peer to end the transport.
        [.. _connections.Select(static core => core.Connection)
            .Where(static connection => connection.State != WebSocketConnectionState.Closed)];

    /// <summary>Those, and the ones that have ended and whose transport is not gone yet.</summary>
    public IReadOnlyCollection<WebSocketConnection> ConnectionsWithTransport =>
        _connections.Select(static core => core.Connection);

    /// <summary>How many there are, with those whose transport is not gone yet.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>What opening handshakes share whose deadlines are kept on a wheel: those of one event loop.</summary>
    public ConnectionSettings SettingsOn(DeadlineWheel wheel, bool isSecure) => Fallback.For(isSecure).SettingsOn(wheel);

    /// <inheritdoc/>
    public void OnClosed(IDenseSetEntry connection)
    {
        // Every entry of the set is one of this server's connections.
        var core = (ConnectionCore)connection;

        // First: whoever sees that it is gone finds room for another.
        Caps.Leave(Caps.CountsAddresses ? core.Connection.Request!.ClientIPAddress : null);
        _connections.Remove(core);
        if (Options.TrackConnections)
        {
            Attendance.LeaveConnection();
        }
    }

    /// <inheritdoc/>
    public void OnServed()
    {
        if (Options.TrackConnections)
        {
            Attendance.LeaveService();
        }
    }

    /// <summary>Accepts no connection any more: those that there are now are all there will be.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            if (!_isStopping)
            {
                _isStopping = true;
                Attendance.Seal();
            }
        }
    }

    /// <summary>Drops the opening handshakes that are underway.</summary>
    public void DropSessions()
    {
        foreach (ServerHandshakeSession session in _sessions.ToArray())
        {
            session.Drop();
        }
    }

    /// <summary>Derives the limits of a server that listens from the descriptors that the process may have now.</summary>
    public void LimitToDescriptors()
    {
        if (Admission.DefaultMaxConnections(Options) is { } room)
        {
            Caps.SetDefault(room);
            Pending.LimitTo(room);
        }
    }

    /// <summary>An opening handshake has begun.</summary>
    public void Add(ServerHandshakeSession session) => _sessions.Add(session);

    /// <summary>An opening handshake is over.</summary>
    public void Remove(ServerHandshakeSession session)
    {
        _sessions.Remove(session);
        Pending.Leave(session);
    }

    /// <summary>A connection is open, unless the server has stopped meanwhile.</summary>
    public bool TryAdd(ConnectionCore connection)
    {
        // Under the lock: whoever stops the server sees the connection, or there is none.
        lock (_gate)
        {
            if (_isStopping)
            {
                return false;
            }

            if (Options.TrackConnections)
            {
                Attendance.Enter();
                _connections.Add(connection);
            }

            return true;
        }
    }

    private static HostPattern ToPattern(string host)
    {
        _ = HostPattern.TryParse(host, out HostPattern? pattern);
        return pattern!;
    }
}
