namespace Sockeye;

/// <summary>
/// The options of one route. An option that is not set has the value of the <see cref="WebSocketAcceptorOptions"/> of the server or the
/// acceptor. Immutable.
/// </summary>
public sealed record WebSocketRouteOptions
{
    // Copied when set and when read; see WebSocketConnectionOptions.
    private readonly WebSocketConnectionOptions? _connection;
    private readonly PerMessageDeflateOptions? _compression;

    /// <summary>The subprotocols of the route, in order of preference; <see langword="null"/> for the server's.</summary>
    /// <exception cref="ArgumentException">A name is not a token, or occurs twice (RFC 6455 §4.1).</exception>
    public IReadOnlyList<string>? Subprotocols
    {
        get;
        init => field = value is null ? null : OptionChecks.Subprotocols(value, nameof(Subprotocols));
    }

    /// <summary>
    /// Selects the subprotocol, like <see cref="WebSocketAcceptorOptions.SelectSubprotocol"/>; <see langword="null"/> for the server's
    /// callback or, if <see cref="Subprotocols"/> is set, for none.
    /// </summary>
    /// <remarks>Routes of one path are distinguished by <see cref="Subprotocols"/> nevertheless.</remarks>
    public Func<WebSocketUpgradeRequest, string?>? SelectSubprotocol { get; init; }

    /// <summary>Whether a client that offers none of them is rejected; <see langword="null"/> for the server's value.</summary>
    public bool? RequireSubprotocol { get; init; }

    /// <summary>
    /// The origins whose pages may connect to this route, besides the server's own; they replace
    /// <see cref="WebSocketAcceptorOptions.AllowedOrigins"/>. <see langword="null"/> for the server's list.
    /// </summary>
    /// <exception cref="ArgumentException">An entry is not an origin.</exception>
    public IReadOnlyList<string>? AllowedOrigins
    {
        get;
        init => field = value is null ? null : OptionChecks.Origins(value, nameof(AllowedOrigins));
    }

    /// <summary>
    /// Decides about other origins, like <see cref="WebSocketAcceptorOptions.IsOriginAllowed"/>; <see langword="null"/> for the server's
    /// callback or, if <see cref="AllowedOrigins"/> is set, for none.
    /// </summary>
    public Func<string, WebSocketUpgradeRequest, bool>? IsOriginAllowed { get; init; }

    /// <summary>
    /// Whether pages of any origin may connect to this route; <see langword="null"/> for the server's value or, if
    /// <see cref="AllowedOrigins"/> is set, for <see langword="false"/>. <see langword="true"/> cannot be combined with
    /// <see cref="AllowedOrigins"/> or <see cref="IsOriginAllowed"/>.
    /// </summary>
    public bool? DangerousAllowAnyOrigin { get; init; }

    /// <summary>How the connections behave; <see langword="null"/> for the server's options.</summary>
    /// <exception cref="ArgumentException">As for <see cref="WebSocketAcceptorOptions.Connection"/>.</exception>
    public WebSocketConnectionOptions? Connection
    {
        get => _connection is null ? null : _connection with { };
        init => _connection = value is null ? null : OptionChecks.Connection(value, nameof(Connection)) with { };
    }

    /// <summary>
    /// How messages are compressed; <see langword="null"/> for the server's options. <see cref="PerMessageDeflateOptions.Disabled"/>
    /// disables compression.
    /// </summary>
    public PerMessageDeflateOptions? Compression
    {
        get => _compression is null ? null : _compression with { };
        init => _compression = value is null ? null : value with { };
    }

    /// <summary>Decides instead of <see cref="WebSocketAcceptorOptions.OnUpgrade"/>; <see langword="null"/> for the server's callback.</summary>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketUpgradeDecision>>? OnUpgrade { get; init; }

    /// <summary>
    /// Responds to plain HTTP requests for the route's paths, instead of <see cref="WebSocketAcceptorOptions.OnPlainRequest"/>;
    /// <see langword="null"/> for the server's callback.
    /// </summary>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketPlainResponse?>>? OnPlainRequest { get; init; }
}
