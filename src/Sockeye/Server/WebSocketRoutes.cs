using Sockeye.Protocol;
using Sockeye.Server;
using Sockeye.Server.Routes;

namespace Sockeye;

/// <summary>Maps paths to handlers. A request for any other path is rejected with 404.</summary>
/// <remarks>
/// <para>
/// A pattern is a path, <c>/chat</c>; a path with parameters, each a whole segment, <c>/chat/{room}</c>; a path whose last parameter
/// matches the rest, <c>/files/{*path}</c>; or <c>*</c>, every path. Patterns are case-sensitive, and a trailing slash counts. Several
/// slashes at the start of a path count as one, so that <c>//chat</c> is <c>/chat</c>; the value of a rest begins with no slash.
/// </para>
/// <para>
/// A path without parameters takes precedence over patterns; those are matched in the order in which they were mapped. A pattern may be
/// mapped several times, for different subprotocols: then the client's preference decides.
/// </para>
/// <para>Not thread-safe. Copied when a server or an acceptor is created.</para>
/// </remarks>
public sealed class WebSocketRoutes
{
    private readonly List<Entry> _entries = [];

    /// <summary>Maps a pattern to a handler.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="handler">Receives the messages of the route's connections.</param>
    /// <param name="options">The options of this route; those that are not set are the server's.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">
    /// The pattern is invalid or mapped already for the same subprotocol, or options contradict each other.
    /// </exception>
    public WebSocketRoutes Map(string pattern, WebSocketHandler handler, WebSocketRouteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Map(pattern, _ => handler, options);
    }

    /// <summary>Maps a pattern to a method that serves each connection.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="serve">As for <see cref="WebSocketHandler.FromDelegate"/>.</param>
    /// <param name="options">The options of this route; those that are not set are the server's.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">
    /// The pattern is invalid or mapped already for the same subprotocol, or options contradict each other.
    /// </exception>
    public WebSocketRoutes Map(
        string pattern, Func<WebSocketConnection, CancellationToken, Task> serve, WebSocketRouteOptions? options = null) =>
        Map(pattern, WebSocketHandler.FromDelegate(serve), options);

    /// <summary>
    /// Maps a pattern to a method that serves each connection, and that receives the server too. Such routes are for a
    /// <see cref="WebSocketServer"/>; a <see cref="WebSocketAcceptor"/> rejects them.
    /// </summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="serve">As for <see cref="WebSocketHandler.FromDelegate"/>. Receives the server, to send to other connections.</param>
    /// <param name="options">The options of this route; those that are not set are the server's.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">
    /// The pattern is invalid or mapped already for the same subprotocol, or options contradict each other.
    /// </exception>
    public WebSocketRoutes Map(
        string pattern, Func<WebSocketServer, WebSocketConnection, CancellationToken, Task> serve,
        WebSocketRouteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(serve);
        return Map(
            pattern,
            server => server is null
                ? throw new ArgumentException(
                    $"The method that serves '{pattern}' takes a {nameof(WebSocketServer)}, which an acceptor does not have.", nameof(serve))
                : WebSocketHandler.FromDelegate((connection, cancellationToken) => serve(server, connection, cancellationToken)),
            options);
    }

    /// <summary>Creates the routes of a server or an acceptor.</summary>
    /// <param name="context">The rules of the server.</param>
    /// <param name="server">The server; <see langword="null"/> for an acceptor.</param>
    /// <exception cref="ArgumentException">A route needs a server, and there is none.</exception>
    internal ServerRoute[] Build(ServerContext context, WebSocketServer? server) =>
        [.. _entries.Select(entry => new ServerRoute(context, entry.Pattern, entry.Options, entry.HandlerFor(server)))];

    private WebSocketRoutes Map(
        string pattern, Func<WebSocketServer?, WebSocketHandler> handlerFor, WebSocketRouteOptions? options)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (!RoutePattern.TryParse(pattern, out RoutePattern? parsed) || parsed is null)
        {
            throw new ArgumentException(
                $"'{pattern}' is not a pattern, such as /chat, /chat/{{room}}, /files/{{*path}} or *.", nameof(pattern));
        }

        options ??= new WebSocketRouteOptions();
        ServerOptionConflicts.Check(options, pattern);
        string[] subprotocols = [.. options.Subprotocols ?? []];
        if (_entries.Any(entry => entry.Pattern.Text == pattern && entry.Overlaps(subprotocols)))
        {
            throw new ArgumentException($"'{pattern}' is mapped already.", nameof(pattern));
        }

        _entries.Add(new Entry(parsed, handlerFor, options));
        return this;
    }

    private sealed record Entry(
        RoutePattern Pattern, Func<WebSocketServer?, WebSocketHandler> HandlerFor, WebSocketRouteOptions Options)
    {
        public bool Overlaps(string[] subprotocols) => Options.Subprotocols is not { Count: > 0 } own
            ? subprotocols.Length == 0
            : own.Intersect(subprotocols, StringComparer.Ordinal).Any();
    }
}
