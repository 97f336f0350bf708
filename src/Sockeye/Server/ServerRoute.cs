using Sockeye.Compression;
using Sockeye.Connections;
using Sockeye.Handshakes;
using Sockeye.Protocol;

namespace Sockeye.Server;

/// <summary>What becomes of the requests for some paths. A server without routes has one of these, for all.</summary>
internal sealed class ServerRoute
{
    private readonly RouteProfile _plain;
    private readonly RouteProfile _secure;

    /// <summary>Makes a route.</summary>
    /// <param name="context">The server's.</param>
    /// <param name="pattern">Which paths are its; <see langword="null"/> without routes.</param>
    /// <param name="options">What is different from the server's.</param>
    /// <param name="handler">See <see cref="Handler"/>.</param>
    public ServerRoute(
        ServerContext context, RoutePattern? pattern, WebSocketRouteOptions options,
        WebSocketHandler? handler)
    {
        WebSocketServerOptions server = context.Options;
        Pattern = pattern;
        Own = options;
        Handler = handler;
        OnUpgrade = options.OnUpgrade ?? server.OnUpgrade;
        OnPlainRequest = options.OnPlainRequest ?? server.OnPlainRequest;
        AllowedOrigins = options.AllowedOrigins ?? server.AllowedOrigins;

        // A route that names its origins does not mean those that it does not name.
        IsOriginAllowed = options.IsOriginAllowed ?? (options.AllowedOrigins is null ? server.IsOriginAllowed : null);
        Subprotocols = options.Subprotocols ?? [.. server.Subprotocols];
        RequireSubprotocol = options.RequireSubprotocol ?? server.RequireSubprotocol;
        SelectSubprotocol = options.SelectSubprotocol ?? (options.Subprotocols is null ? server.SelectSubprotocol : null);
        PerMessageDeflateOptions compression =
            options.Compression ?? server.Compression ?? RoleDefaults.For(Role.Server).Compression;
        MessageCodecs? codecs = MessageCodecs.For(compression);
        if (codecs is null && compression.IsEnabled)
        {
            context.Logger.CompressionUnavailable();
        }

        // As above.
        bool allowsAnyOrigin =
            options.DangerousAllowAnyOrigin ?? (options.AllowedOrigins is null && server.DangerousAllowAnyOrigin);
        ServerOptionConflicts.CheckOrigins(
            allowsAnyOrigin, options.DangerousAllowAnyOrigin is null ? AllowedOrigins : options.AllowedOrigins,
            options.DangerousAllowAnyOrigin is null ? IsOriginAllowed : options.IsOriginAllowed, options, pattern?.Text);
        var rules = new ServerHandshakeRules
        {
            Subprotocols = Subprotocols,
            RequireSubprotocol = RequireSubprotocol && SelectSubprotocol is null,
            Origins = OriginsOf(options) ?? context.Origins,
            Hosts = context.Hosts,
            DangerousAllowAnyOrigin = allowsAnyOrigin,
            AllowVersion8 = server.AllowVersion8,
            PerMessageDeflate = codecs?.Options.ToRules(),
        };
        WebSocketConnectionOptions connection = options.Connection ?? server.Connection;
        _plain = Profile(isSecure: false);
        _secure = Profile(isSecure: true);

        RouteProfile Profile(bool isSecure)
        {
            var scope = new UpgradeScope { IsSecure = isSecure, Route = pattern, Proxies = context.Proxies };
            return new(
                rules with { IsSecure = isSecure },
                wheel => new ConnectionSettings(
                    Role.Server, connection, wheel, context.Logger, server.Pool)
                {
                    Scope = scope,
                    Host = context,
                    Numbers = server.Numbers,
                    Codecs = codecs,
                });
        }
    }

    /// <summary>Which paths are its; <see langword="null"/> without routes.</summary>
    public RoutePattern? Pattern { get; }

    /// <summary>The options that the route sets itself; the rest are the server's.</summary>
    public WebSocketRouteOptions Own { get; }

    /// <summary>The origins whose pages may connect, beside the server's own.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; }

    /// <summary>Decides about other origins; <see langword="null"/> if they are refused.</summary>
    public Func<string, WebSocketUpgradeRequest, bool>? IsOriginAllowed { get; }

    /// <summary>The subprotocols that it speaks, the preferred one first.</summary>
    public IReadOnlyList<string> Subprotocols { get; }

    /// <summary>Who selects among those that a client offers, if it is not by that order.</summary>
    public Func<WebSocketUpgradeRequest, string?>? SelectSubprotocol { get; }

    /// <summary>Whether a client is refused for which none is selected.</summary>
    public bool RequireSubprotocol { get; }

    /// <summary>
    /// Receives the messages of its connections, unless the decision about a connection names another handler; <see langword="null"/>
    /// if they are received by those who accept the connections.
    /// </summary>
    public WebSocketHandler? Handler { get; }

    /// <summary>Who decides whether a request is accepted, if anybody does.</summary>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketUpgradeDecision>>? OnUpgrade { get; }

    /// <summary>Responds to plain requests, if the application does.</summary>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketPlainResponse?>>? OnPlainRequest { get; }

    /// <summary>How its connections are accepted, over TLS or without.</summary>
    public RouteProfile For(bool isSecure) => isSecure ? _secure : _plain;

    // They were found to be origins when they were set.
    private static OriginCheck? OriginsOf(WebSocketRouteOptions options) =>
        options.AllowedOrigins is { } origins && OriginCheck.TryCreate(origins, out OriginCheck check, out _) ? check : null;
}
