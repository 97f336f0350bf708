using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sockeye.Compression;
using Sockeye.Server.Routes;

namespace Sockeye.AspNetCore.DropIn;

/// <summary>
/// Which acceptor the connections belong to, and what those of them share that were accepted with the same settings.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class DropInRoutes
{
    // What metrics call the route of these connections.
    private const string Name = "WebSockets";

    // Applications have one or two. More than this come from values that are computed for each request, and are not kept.
    private const int MaxKeptCount = 64;

    // The platform's class has no deadline here; every wait of Sockeye has one.
    private static readonly TimeSpan PatientCloseTimeout = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<DropInSettings, ServerRoute> _routes = new();
    private readonly WebSocketConnectionOptions _base;

    /// <summary>Chooses the acceptor.</summary>
    /// <param name="services">The services of the application, which may have one.</param>
    public DropInRoutes(IServiceProvider services)
    {
        if (services.GetService<WebSocketAcceptor>() is { } registered)
        {
            Acceptor = registered;
            _base = registered.ConnectionOptions;
            return;
        }

        var options = new WebSocketAcceptorOptions
        {
            TrackConnections = false,
            TimeProvider = services.GetService<TimeProvider>() ?? TimeProvider.System,
            Connection = new WebSocketConnectionOptions
            {
                CloseTimeout = PatientCloseTimeout,
                SendTimeout = Timeout.InfiniteTimeSpan,
                Limits = new LimitOptions { MessageTimeout = Timeout.InfiniteTimeSpan },
            },
        };
        Acceptor = new WebSocketAcceptor(
            services.GetService<ILoggerFactory>() is { } loggers ? options with { LoggerFactory = loggers } : options);
        _base = options.Connection;
    }

    /// <summary>What accepts the connections.</summary>
    public WebSocketAcceptor Acceptor { get; }

    /// <summary>Whether messages can be compressed on this platform.</summary>
    public static bool CanCompress => ZLibNative.IsAvailable;

    /// <summary>The route of connections with the given settings.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The keep-alive interval is negative.</exception>
    public ServerRoute For(in DropInSettings settings) =>
        _routes.TryGetValue(settings, out ServerRoute? route) ? route
        : _routes.Count < MaxKeptCount ? _routes.GetOrAdd(settings, Create)
        : Create(settings);

    private ServerRoute Create(DropInSettings settings) => Acceptor.CreateRoute(Name, new WebSocketRouteOptions
    {
        Connection = _base with
        {
            DeliverFragments = true,
            DefersCloseReply = true,

            // The code behind AcceptWebSocketAsync may block, and sends no pongs.
            RunReceiveContinuationsInline = false,
            AnswerPings = true,
            PauseReceivingWhenSendBufferIsFull = false,
            KeepAlive = settings.ToKeepAlive(),
            Limits = _base.Limits with { MaxMessageLength = long.MaxValue },
        },

        // The platform's class compresses every message, however short.
        Compression = settings.IsCompressed ? new PerMessageDeflateOptions { MinimumLength = 0 } : PerMessageDeflateOptions.Disabled,
    });
}
