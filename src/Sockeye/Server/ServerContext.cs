using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Sockeye.Compression;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Server;

/// <summary>What all that a server does shares: its rules, and the connections it has.</summary>
internal sealed class ServerContext
{
    private readonly DenseSet<ConnectionCore> _connections = new();
    private readonly DenseSet<ServerHandshakeSession> _sessions = new();
    private readonly ConcurrentDictionary<DeadlineWheel, ConnectionSettings> _settings = new();
    private readonly Lock _gate = new();
    private volatile bool _isStopping;

    public ServerContext(
        WebSocketServerOptions options, Func<WebSocketUpgradeRequest, WebSocketHandler> selectHandler)
    {
        if (!OriginCheck.TryCreate(options.AllowedOrigins, out OriginCheck origins, out string? invalid))
        {
            throw new ArgumentException($"'{invalid}' is not an origin, such as https://example.com.", nameof(options));
        }

        if (!SubprotocolList.IsValid(options.Subprotocols))
        {
            throw new ArgumentException("Subprotocols are different tokens (RFC 6455 §4.1).", nameof(options));
        }

        Options = options;
        SelectHandler = selectHandler;
        Logger = new GuardedLogger(options.LoggerFactory.CreateLogger("Sockeye.Server"));
        Codecs = MessageCodecs.For(options.Compression);
        if (Codecs is null && options.Compression is not null)
        {
            Logger.CompressionUnavailable();
        }

        Settings = SettingsOn(DeadlineWheel.For(options.TimeProvider));
        Rules = new ServerHandshakeRules
        {
            Subprotocols = [.. options.Subprotocols],
            Origins = origins,
            DangerousAllowAnyOrigin = options.DangerousAllowAnyOrigin,
            IsSecure = options.Tls is not null,
            PerMessageDeflate = Codecs?.Options.ToRules(),
        };
    }

    /// <summary>What the user has set.</summary>
    public WebSocketServerOptions Options { get; }

    /// <summary>Who receives the messages of a connection.</summary>
    public Func<WebSocketUpgradeRequest, WebSocketHandler> SelectHandler { get; }

    /// <summary>Where events are logged.</summary>
    public ILogger Logger { get; }

    /// <summary>Compresses messages; <see langword="null"/> if none are to be compressed, or there is no zlib.</summary>
    public MessageCodecs? Codecs { get; }

    /// <summary>What the connections share that are not on an event loop.</summary>
    public ConnectionSettings Settings { get; }

    /// <summary>Which opening handshakes are accepted.</summary>
    public ServerHandshakeRules Rules { get; }

    /// <summary>Whether no connection is accepted any more.</summary>
    public bool IsStopping => _isStopping;

    /// <summary>The connections that are open, as they are at this moment.</summary>
    public IReadOnlyCollection<WebSocketConnection> Connections =>
        Array.ConvertAll(_connections.ToArray(), core => core.Connection);

    /// <summary>How many there are.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>What the connections share whose deadlines are kept on a wheel: those of one event loop.</summary>
    public ConnectionSettings SettingsOn(DeadlineWheel wheel) => _settings.GetOrAdd(
        wheel,
        static (wheel, context) => new ConnectionSettings(
            Role.Server, context.Options.Connection, wheel, context.Logger, context.Options.Pool,
            context._connections.Remove)
        {
            IsSecure = context.Options.Tls is not null,
            Codecs = context.Codecs,
        },
        this);

    /// <summary>Accepts no connection any more: those that there are now are all there will be.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isStopping = true;
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

    /// <summary>An opening handshake has begun.</summary>
    public void Add(ServerHandshakeSession session) => _sessions.Add(session);

    /// <summary>An opening handshake is over.</summary>
    public void Remove(ServerHandshakeSession session) => _sessions.Remove(session);

    /// <summary>A connection is open, unless the server has stopped meanwhile.</summary>
    public bool TryAdd(ConnectionCore connection)
    {
        // Under the lock: whoever stops the server sees the connection, or there is none.
        lock (_gate)
        {
            if (!_isStopping)
            {
                _connections.Add(connection);
            }

            return !_isStopping;
        }
    }
}
