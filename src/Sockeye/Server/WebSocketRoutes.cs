using Sockeye.Protocol;
using Sockeye.Server;

namespace Sockeye;

/// <summary>What a server has at which path. A request for another is answered with 404.</summary>
/// <remarks>
/// <para>
/// A pattern is a path, <c>/chat</c>; a path with parameters, each a whole segment, <c>/chat/{room}</c>; one whose last parameter
/// takes the rest, <c>/files/{*path}</c>; or <c>*</c>, every path. Case counts, and so does a slash at the end. Several slashes at
/// the start of a path count as one, so that <c>//chat</c> is <c>/chat</c>; a rest begins with no slash at all.
/// </para>
/// <para>
/// A path without parameters goes before patterns; those are tried in the order in which they were mapped. A pattern may be
/// mapped several times, for different subprotocols: then the client's preference decides.
/// </para>
/// <para>Not thread-safe; read when the server starts.</para>
/// </remarks>
public sealed class WebSocketRoutes
{
    private readonly List<Entry> _entries = [];

    /// <summary>Maps a pattern to a handler.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="handler">Receives the messages of the route's connections.</param>
    /// <param name="options">What is different on this route.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">
    /// The pattern is none, or it is mapped for the same subprotocol already, or options contradict each other.
    /// </exception>
    public WebSocketRoutes Map(string pattern, WebSocketHandler handler, WebSocketRouteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Map(pattern, _ => handler, options);
    }

    /// <summary>Maps a pattern to a method that serves each connection.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="serve">As for <see cref="WebSocketHandler.FromDelegate"/>.</param>
    /// <param name="options">What is different on this route.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">
    /// The pattern is none, or it is mapped for the same subprotocol already, or options contradict each other.
    /// </exception>
    public WebSocketRoutes Map(
        string pattern, Func<WebSocketConnection, CancellationToken, Task> serve, WebSocketRouteOptions? options = null) =>
        Map(pattern, WebSocketHandler.FromDelegate(serve), options);

    /// <summary>Maps a pattern to a method that serves each connection and is given the server too.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="serve">As for <see cref="WebSocketHandler.FromDelegate"/>; the server is there to tell other connections.</param>
    /// <param name="options">What is different on this route.</param>
    /// <returns>This object.</returns>
    /// <exception cref="ArgumentException">
    /// The pattern is none, or it is mapped for the same subprotocol already, or options contradict each other.
    /// </exception>
    public WebSocketRoutes Map(
        string pattern, Func<WebSocketServer, WebSocketConnection, CancellationToken, Task> serve,
        WebSocketRouteOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(serve);
        return Map(
            pattern,
            server => WebSocketHandler.FromDelegate(
                (connection, cancellationToken) => serve(server, connection, cancellationToken)),
            options);
    }

    internal ServerRoute[] Build(ServerContext context, WebSocketServer server) =>
        [.. _entries.Select(entry => new ServerRoute(context, entry.Pattern, entry.Options, entry.HandlerOf(server)))];

    private WebSocketRoutes Map(
        string pattern, Func<WebSocketServer, WebSocketHandler> handlerOf, WebSocketRouteOptions? options)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        if (!RoutePattern.TryParse(pattern, out RoutePattern? parsed))
        {
            throw new ArgumentException(
                $"'{pattern}' is no pattern, such as /chat, /chat/{{room}}, /files/{{*path}} or *.", nameof(pattern));
        }

        options ??= new WebSocketRouteOptions();
        ServerOptionConflicts.Check(options, pattern);
        string[] subprotocols = [.. options.Subprotocols ?? []];
        if (_entries.Any(entry => entry.Pattern.Text == pattern && entry.Overlaps(subprotocols)))
        {
            throw new ArgumentException($"'{pattern}' is mapped already.", nameof(pattern));
        }

        _entries.Add(new Entry(parsed!, handlerOf, options));
        return this;
    }

    private sealed record Entry(
        RoutePattern Pattern, Func<WebSocketServer, WebSocketHandler> HandlerOf, WebSocketRouteOptions Options)
    {
        public bool Overlaps(string[] subprotocols) => Options.Subprotocols is not { Count: > 0 } own
            ? subprotocols.Length == 0
            : own.Intersect(subprotocols, StringComparer.Ordinal).Any();
    }
}
