using Sockeye.Compression;
using Sockeye.Connections;
using Sockeye.Handshakes;
using Sockeye.Protocol;

namespace Sockeye.Server.Routes;

/// <summary>How requests for some paths are handled. A server without routes has one of these for all paths.</summary>
internal sealed class ServerRoute
{
    private readonly RouteProfile _plain;
    private readonly RouteProfile _secure;

    /// <summary>Creates a route.</summary>
    /// <param name="context">The rules of the server; the route is not one of its routes yet.</param>
    /// <param name="pattern">The paths of the route; <see langword="null"/> for all paths.</param>
    /// <param name="options">The options of the route itself; the others are the server's.</param>
    /// <param name="handler">See <see cref="Handler"/>.</param>
    public ServerRoute(
        ServerContext context, RoutePattern? pattern, WebSocketRouteOptions options, WebSocketHandler? handler)
    {
        WebSocketAcceptorOptions server = context.Options;
        Pattern = pattern;
        Own = options;
        Handler = handler;
        OnUpgrade = options.OnUpgrade ?? server.OnUpgrade;
        OnPlainRequest = options.OnPlainRequest ?? server.OnPlainRequest;
        AllowedOrigins = options.AllowedOrigins ?? server.AllowedOrigins;

        // A route that lists its origins allows no others.
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

        // The same applies here.
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
            var scope = new UpgradeScope
            {
                IsSecure = isSecure,
                Route = pattern,
                Proxies = context.Proxies,
                IsRehearsal = server.IsRehearsal,
            };
            return new(
                rules with { IsSecure = isSecure },
                wheel => new ConnectionSettings(
                    Role.Server, connection, wheel, context.Logger, server.Pool, server.Budget)
                {
                    Scope = scope,
                    Host = context.Connections,
                    Numbers = server.IsRehearsal ? new ConnectionNumbers() : ConnectionNumbers.Process,
                    Codecs = codecs,
                });
        }
    }

    /// <summary>The paths of the route; <see langword="null"/> for all paths.</summary>
    public RoutePattern? Pattern { get; }

    /// <summary>The options of the route itself; the others are the server's.</summary>
    public WebSocketRouteOptions Own { get; }

    /// <summary>The origins whose pages may connect, besides the server's own.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; }

    /// <summary>Decides about other origins; <see langword="null"/> to reject them.</summary>
    public Func<string, WebSocketUpgradeRequest, bool>? IsOriginAllowed { get; }

    /// <summary>The supported subprotocols, in order of preference.</summary>
    public IReadOnlyList<string> Subprotocols { get; }

    /// <summary>Selects one of those that a client offers; <see langword="null"/> to select by that order.</summary>
    public Func<WebSocketUpgradeRequest, string?>? SelectSubprotocol { get; }

    /// <summary>Whether a client is rejected for which none is selected.</summary>
    public bool RequireSubprotocol { get; }

    /// <summary>
    /// Receives the messages of its connections, unless the decision about a connection names another handler; <see langword="null"/>
    /// if the caller that accepts a connection does.
    /// </summary>
    public WebSocketHandler? Handler { get; }

    /// <summary>Decides whether a request is accepted; <see langword="null"/> to accept every request that obeys the rules.</summary>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketUpgradeDecision>>? OnUpgrade { get; }

    /// <summary>Responds to plain requests; <see langword="null"/> to reject them.</summary>
    public Func<WebSocketUpgradeRequest, CancellationToken, ValueTask<WebSocketPlainResponse?>>? OnPlainRequest { get; }

    /// <summary>How its connections are accepted, with or without TLS.</summary>
    public RouteProfile For(bool isSecure) => isSecure ? _secure : _plain;

    // They were validated when they were set.
    private static OriginCheck? OriginsOf(WebSocketRouteOptions options) =>
        options.AllowedOrigins is { } origins && OriginCheck.TryCreate(origins, out OriginCheck check, out _) ? check : null;
}
