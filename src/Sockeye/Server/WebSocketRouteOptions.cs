namespace Sockeye;

/// <summary>What is different on one route of a server. What is not set is as in <see cref="WebSocketServerOptions"/>.</summary>
public sealed record WebSocketRouteOptions
{
    // Copied on their way in and out; see WebSocketConnectionOptions.
    private readonly WebSocketConnectionOptions? _connection;
    private readonly PerMessageDeflateOptions? _compression;

    /// <summary>The subprotocols of the route, the preferred one first; <see langword="null"/> for the server's.</summary>
    /// <exception cref="ArgumentException">One is no token, or is there twice (RFC 6455 §4.1).</exception>
    public IReadOnlyList<string>? Subprotocols
    {
        get;
        init => field = value is null ? null : OptionChecks.Subprotocols(value, nameof(Subprotocols));
    }

    /// <summary>
    /// Selects as <see cref="WebSocketServerOptions.SelectSubprotocol"/> does; <see langword="null"/> for the server's way, unless
    /// <see cref="Subprotocols"/> is set.
    /// </summary>
    /// <remarks>Routes of one path are told apart by <see cref="Subprotocols"/> all the same.</remarks>
    public Func<WebSocketUpgradeRequest, string?>? SelectSubprotocol { get; init; }

    /// <summary>Whether a client that offers none of them is refused; <see langword="null"/> for what the server does.</summary>
    public bool? RequireSubprotocol { get; init; }

    /// <summary>
    /// The origins whose pages may connect to this route, beside those of the server's own host; <see langword="null"/> for
    /// <see cref="WebSocketServerOptions.AllowedOrigins"/>, of which none counts here otherwise.
    /// </summary>
    /// <exception cref="ArgumentException">One is no origin.</exception>
    public IReadOnlyList<string>? AllowedOrigins
    {
        get;
        init => field = value is null ? null : OptionChecks.Origins(value, nameof(AllowedOrigins));
    }

    /// <summary>
    /// Decides about other origins, as <see cref="WebSocketServerOptions.IsOriginAllowed"/> does; <see langword="null"/> for the
    /// server's callback, unless <see cref="AllowedOrigins"/> is set.
    /// </summary>
    public Func<string, WebSocketUpgradeRequest, bool>? IsOriginAllowed { get; init; }

    /// <summary>
    /// Whether pages of any origin may connect to this route; <see langword="null"/> for what the server does, unless
    /// <see cref="AllowedOrigins"/> is set. <see langword="true"/> is not for routes with <see cref="AllowedOrigins"/> or
    /// <see cref="IsOriginAllowed"/>.
    /// </summary>
    public bool? DangerousAllowAnyOrigin { get; init; }

    /// <summary>What the connections do; <see langword="null"/> for what the server's do.</summary>
    /// <exception cref="ArgumentException">As for <see cref="WebSocketServerOptions.Connection"/>.</exception>
    public WebSocketConnectionOptions? Connection
    {
        get => _connection is null ? null : _connection with { };
        init => _connection = value is null ? null : OptionChecks.Connection(value, nameof(Connection)) with { };
    }

    /// <summary>
    /// How messages are compressed; <see langword="null"/> for the server's options. <see cref="PerMessageDeflateOptions.Disabled"/>
    /// turns compression off.
    /// </summary>
    public PerMessageDeflateOptions? Compression
    {
        get => _compression is null ? null : _compression with { };
        init => _compression = value is null ? null : value with { };
    }

    /// <summary>Decides instead of <see cref="WebSocketServerOptions.OnUpgrade"/>; <see langword="null"/> for the server's.</summary>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketUpgradeDecision>>? OnUpgrade { get; init; }

    /// <summary>
    /// Responds to plain HTTP requests for the route's paths, instead of <see cref="WebSocketServerOptions.OnPlainRequest"/>;
    /// <see langword="null"/> for the server's.
    /// </summary>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketPlainResponse?>>? OnPlainRequest { get; init; }
}
