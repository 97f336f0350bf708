using System.Runtime.CompilerServices;
using Sockeye.Protocol;
using Sockeye.Server;
using Sockeye.Server.Handshakes;
using Sockeye.Server.Routes;
using Sockeye.Server.Stopping;
using Sockeye.Transports;

namespace Sockeye;

/// <summary>
/// Conducts opening handshakes of a server on streams that the application provides, and keeps the connections: for named pipes, for TLS
/// of another library, or for a port that another HTTP server listens on (RFC 6455 §4.2).
/// </summary>
/// <remarks>
/// <para>
/// Create one acceptor for all streams with the same options: its limits count its connections, its broadcasts reach them, and
/// <see cref="StopAsync(CancellationToken)"/> closes them. A <see cref="WebSocketServer"/> does the same for addresses that it listens on.
/// </para>
/// <para>Thread-safe. Disposing of an acceptor stops it.</para>
/// </remarks>
public sealed class WebSocketAcceptor : IAsyncDisposable
{
    private static readonly ConditionalWeakTable<Stream, object> UsedStreams = [];

    private readonly ServerContext _context;
    private readonly ServerStop _stop;

    /// <summary>
    /// Creates an acceptor whose caller receives the messages of each connection, unless
    /// <see cref="WebSocketAcceptorOptions.OnUpgrade"/> chooses a handler.
    /// </summary>
    /// <param name="options">Which opening handshakes to accept, and how the connections behave.</param>
    /// <exception cref="ArgumentException">Options contradict each other, or are those of a server that listens.</exception>
    public WebSocketAcceptor(WebSocketAcceptorOptions options)
        : this(Context(options, handler: null))
    {
    }

    /// <summary>Creates an acceptor with one handler for all its connections.</summary>
    /// <param name="options">Which opening handshakes to accept, and how the connections behave.</param>
    /// <param name="handler">
    /// Receives the messages of every connection for which <see cref="WebSocketAcceptorOptions.OnUpgrade"/> does not choose another
    /// handler.
    /// </param>
    /// <exception cref="ArgumentException">Options contradict each other, or are those of a server that listens.</exception>
    public WebSocketAcceptor(WebSocketAcceptorOptions options, WebSocketHandler handler)
        : this(Context(options, handler ?? throw new ArgumentNullException(nameof(handler))))
    {
    }

    /// <summary>Creates an acceptor that serves each connection with a method.</summary>
    /// <param name="options">Which opening handshakes to accept, and how the connections behave.</param>
    /// <param name="serve">
    /// Serves one connection; see <see cref="WebSocketHandler.FromDelegate"/> for when it is called and what it may do.
    /// </param>
    /// <exception cref="ArgumentException">Options contradict each other, or are those of a server that listens.</exception>
    public WebSocketAcceptor(WebSocketAcceptorOptions options, Func<WebSocketConnection, CancellationToken, Task> serve)
        : this(options, WebSocketHandler.FromDelegate(serve))
    {
    }

    /// <summary>Creates an acceptor that chooses the handler of a connection by the path of its request.</summary>
    /// <param name="options">Which opening handshakes to accept, and how the connections behave.</param>
    /// <param name="routes">The routes. They are copied: routes that are mapped later have no effect on this acceptor.</param>
    /// <exception cref="ArgumentException">
    /// Options contradict each other or are those of a server that listens, or the method of a route takes a server.
    /// </exception>
    public WebSocketAcceptor(WebSocketAcceptorOptions options, WebSocketRoutes routes)
        : this(Context(options, handler: null, routes ?? throw new ArgumentNullException(nameof(routes))))
    {
    }

    private WebSocketAcceptor(ServerContext context)
    {
        _context = context;
        _stop = new ServerStop(context);
    }

    /// <summary>
    /// The number of open connections; 0 if they are not tracked (see <see cref="WebSocketAcceptorOptions.TrackConnections"/>).
    /// </summary>
    public int ConnectionCount => _context.Connections.Count;

    /// <summary>The number of opening handshakes in progress on streams.</summary>
    public int PendingHandshakeCount => _context.Pending.Count;

    /// <summary>Whether the acceptor accepts connections: until a stop begins.</summary>
    public bool IsAccepting => !IsStopping;

    /// <summary>Whether a stop has begun, or is over. Connections may still drain; <see cref="Completion"/> says when none is left.</summary>
    public bool IsStopping => _context.Connections.IsStopping;

    /// <summary>
    /// Completes when the acceptor has stopped and all serve methods have returned, including one that has called
    /// <see cref="StopAsync(CancellationToken)"/> itself. Never fails.
    /// </summary>
    public Task Completion => _stop.Completion;

    /// <summary>Reads a request from a stream, responds, and opens a connection (RFC 6455 §4.2).</summary>
    /// <param name="stream">
    /// A duplex stream that allows a read and a write at the same time. The acceptor owns it from now on, and disposes of it when the
    /// connection has ended or the request is rejected.
    /// </param>
    /// <param name="input">What is known of the stream and its request; <see langword="null"/> if nothing is.</param>
    /// <param name="cancellationToken">Cancels the handshake, and closes the stream.</param>
    /// <returns>
    /// The connection. If it has no handler, the caller receives its messages.
    /// </returns>
    /// <remarks>
    /// The response, including its status line, is written to the stream. Where another HTTP server writes the response, as ASP.NET Core
    /// does, use <see cref="PrepareAsync"/>.
    /// </remarks>
    /// <exception cref="WebSocketHandshakeException">
    /// The request was rejected with the status in the exception, which is thrown once the response was sent and the stream is closed. A
    /// stopped acceptor rejects requests with 503.
    /// </exception>
    /// <exception cref="InvalidOperationException">The stream was passed to an acceptor before.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async Task<WebSocketConnection> AcceptAsync(
        Stream stream, WebSocketHandshakeInput? input = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        cancellationToken.ThrowIfCancellationRequested();
        Use(stream);
        input ??= new WebSocketHandshakeInput();

        // A copy: it is read when there is room for it, which may be after this method returns, and the buffer belongs to the caller.
        byte[] first = [.. input.Request?.Head ?? [], .. input.Received.Span];
        var transport = new StreamTransport(
            first.Length == 0 ? stream : new PrefixedStream(first, stream),
            _context.Options.Pool, input.LocalEndPoint, input.RemoteEndPoint);
        var outcome = new AcceptOutcome();
        var session = new ServerHandshakeSession(
            _context, _context.SettingsOn(_context.Wheel, input.IsSecure), transport, outcome);
        PeerNetwork network = _context.NetworkOf(input.RemoteEndPoint);
        WebSocketHandshakeError error =
            !_context.Pending.HasRoom() ? WebSocketHandshakeError.TooManyConnections
            : !_context.Pending.HasRoomFor(network) ? WebSocketHandshakeError.TooManyConnectionsFromAddress
            : WebSocketHandshakeError.None;
        if (error == WebSocketHandshakeError.None)
        {
            _context.Pending.Enter(session, network);
            session.Start();
        }
        else
        {
            session.StartRejected(error);
        }

        using CancellationTokenRegistration canceling = cancellationToken.UnsafeRegister(
            (_, token) =>
            {
                outcome.OnCanceled(token);
                session.AbortUndecided();
            },
            state: null);
        return await outcome.Task.ConfigureAwait(false);
    }

    /// <summary>
    /// Checks a request that another HTTP server has read, and prepares the response for that server to write (RFC 6455 §4.2). Use it where
    /// <see cref="AcceptAsync"/> would write a second 101, as on the stream of ASP.NET Core's <c>IHttpUpgradeFeature</c>.
    /// </summary>
    /// <param name="input">
    /// The request, and what else is known of its connection; <see cref="WebSocketHandshakeInput.Received"/> is read before the stream that
    /// is attached.
    /// </param>
    /// <param name="cancellationToken">
    /// Cancels the wait for <see cref="WebSocketAcceptorOptions.OnUpgrade"/>; nothing remains of the handshake.
    /// </param>
    /// <returns>
    /// The response: 101 or a rejection. The caller disposes of it; see <see cref="WebSocketPreparedUpgrade.Attach"/> for the connection.
    /// </returns>
    /// <remarks>
    /// Nothing is written. Rejections are logged and reported to <see cref="WebSocketAcceptorOptions.OnHandshakeFailed"/> as if the acceptor
    /// had sent them.
    /// </remarks>
    /// <exception cref="ArgumentException">The input has no request.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public Task<WebSocketPreparedUpgrade> PrepareAsync(
        WebSocketHandshakeInput input, CancellationToken cancellationToken = default) =>
        PrepareOnAsync(route: null, input, cancellationToken);

    /// <summary>Makes a route that another router matches, for <see cref="PrepareOnAsync"/>.</summary>
    /// <param name="name">What it is called in metrics: the pattern of that router.</param>
    /// <param name="options">The options of the route; those that are not set are the acceptor's.</param>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    internal ServerRoute CreateRoute(string name, WebSocketRouteOptions options)
    {
        ServerOptionConflicts.Check(options, name);
        return new ServerRoute(_context, RoutePattern.Named(name), options, handler: null);
    }

    /// <summary>The same as the public method, for a route that another router has matched.</summary>
    internal Task<WebSocketPreparedUpgrade> PrepareOnAsync(
        ServerRoute? route, WebSocketHandshakeInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Request is not { } request)
        {
            throw new ArgumentException("The input must have a request.", nameof(input));
        }

        return cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<WebSocketPreparedUpgrade>(cancellationToken)
            : new UpgradePreparation(_context, request, input, route).RunAsync(cancellationToken);
    }

    /// <summary>How connections behave that no route says otherwise about.</summary>
    internal WebSocketConnectionOptions ConnectionOptions => _context.Options.Connection;

    /// <summary>Accepts a request that another HTTP server has checked and responds to by its own rules, if there is room.</summary>
    /// <param name="route">The route of the request, made by <see cref="CreateRoute"/>.</param>
    /// <param name="input">The request, and what else is known of its connection.</param>
    /// <param name="subprotocol">The subprotocol in the response; <see langword="null"/> for none.</param>
    /// <param name="deflate">The parameters of permessage-deflate in the response; <see langword="null"/> for none.</param>
    internal WebSocketPreparedUpgrade Admit(
        ServerRoute route, WebSocketHandshakeInput input, string? subprotocol, PerMessageDeflateParameters? deflate) =>
        input.Request is { } request
            ? new UpgradePreparation(_context, request, input, route).Admit(subprotocol, deflate)
            : throw new ArgumentException("The input must have a request.", nameof(input));

    /// <summary>Returns the open connections: a copy, made by each call; empty if they are not tracked.</summary>
    public IReadOnlyCollection<WebSocketConnection> GetConnections() => _context.Connections.GetOpen();

    /// <summary>
    /// Sends a message to connections without waiting. What happens on a connection whose send buffer is full depends on its
    /// <see cref="WebSocketConnectionOptions.SlowConsumer"/>: by default it misses the message.
    /// </summary>
    /// <param name="message">The message, which is framed and compressed once for all connections.</param>
    /// <param name="where">
    /// Selects the connections; <see langword="null"/> for all. All but one: <c>other => other != connection</c>.
    /// </param>
    /// <returns>The number of connections that have accepted the message. A connection that ends at the same time is not an error.</returns>
    public int Broadcast(WebSocketPreparedMessage message, Func<WebSocketConnection, bool>? where = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Broadcasts.Send(_context.Connections.GetOpen(), message, default, where);
    }

    /// <summary>Sends a message to connections without waiting, with a key or its own policy for slow consumers.</summary>
    /// <param name="message">The message, which is framed and compressed once for all connections.</param>
    /// <param name="options">How it is sent on each connection.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <returns>The number of connections that have accepted the message: those that dropped it are not counted.</returns>
    [OverloadResolutionPriority(1)]
    public int Broadcast(
        WebSocketPreparedMessage message, WebSocketSendOptions options, Func<WebSocketConnection, bool>? where = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Broadcasts.Send(_context.Connections.GetOpen(), message, options, where);
    }

    /// <summary>Sends a binary message to connections, as the other overload does.</summary>
    /// <param name="payload">The payload; not used after the call returns.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    public int Broadcast(ReadOnlySpan<byte> payload, Func<WebSocketConnection, bool>? where = null) =>
        Broadcast(payload, WebSocketMessageKind.Binary, where);

    /// <summary>Sends a text or binary message to connections, as the other overloads do.</summary>
    /// <param name="payload">The payload; not used after the call returns. Text must be UTF-8, which is not validated.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    public int Broadcast(
        ReadOnlySpan<byte> payload, WebSocketMessageKind kind, Func<WebSocketConnection, bool>? where = null) =>
        Broadcast(WebSocketPreparedMessage.Create(payload, kind), where);

    /// <summary>Sends a text message to connections, as the other overloads do.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    public int Broadcast(string text, Func<WebSocketConnection, bool>? where = null) =>
        Broadcast(WebSocketPreparedMessage.Text(text), where);

    /// <summary>Sends a message to connections, and waits until the slowest of them has accepted or dropped it.</summary>
    /// <param name="message">The message, which is framed and compressed once for all connections.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message. A connection that ends at the same time is not an error.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    public Task<int> BroadcastAsync(
        WebSocketPreparedMessage message, Func<WebSocketConnection, bool>? where = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Broadcasts.SendAsync(_context.Connections.GetOpen(), message, default, where, cancellationToken);
    }

    /// <summary>
    /// Sends a message to connections, with a key or its own policy for slow consumers, and waits until the slowest of them has accepted
    /// or dropped it.
    /// </summary>
    /// <param name="message">The message, which is framed and compressed once for all connections.</param>
    /// <param name="options">How it is sent on each connection.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message: those that dropped it are not counted.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(2)]
    public Task<int> BroadcastAsync(
        WebSocketPreparedMessage message, WebSocketSendOptions options, Func<WebSocketConnection, bool>? where = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Broadcasts.SendAsync(_context.Connections.GetOpen(), message, options, where, cancellationToken);
    }

    /// <summary>Sends a message to all connections, and waits until the slowest of them has accepted it.</summary>
    /// <param name="message">The message, which is framed and compressed once for all connections.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public Task<int> BroadcastAsync(WebSocketPreparedMessage message, CancellationToken cancellationToken) =>
        BroadcastAsync(message, where: null, cancellationToken);

    /// <summary>Sends a text message to connections, and waits until the slowest of them has accepted it.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    public Task<int> BroadcastAsync(
        string text, Func<WebSocketConnection, bool>? where = null, CancellationToken cancellationToken = default) =>
        BroadcastAsync(WebSocketPreparedMessage.Text(text), where, cancellationToken);

    /// <summary>Sends a text message to all connections, and waits until the slowest of them has accepted it.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public Task<int> BroadcastAsync(string text, CancellationToken cancellationToken) =>
        BroadcastAsync(text, where: null, cancellationToken);

    /// <summary>Sends a text or binary message to connections, and waits until the slowest of them has accepted it.</summary>
    /// <param name="payload">The payload; not used after the call returns. Text must be UTF-8, which is not validated.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    public Task<int> BroadcastAsync(
        ReadOnlySpan<byte> payload, WebSocketMessageKind kind, Func<WebSocketConnection, bool>? where = null,
        CancellationToken cancellationToken = default) =>
        BroadcastAsync(WebSocketPreparedMessage.Create(payload, kind), where, cancellationToken);

    /// <summary>Sends a text or binary message to all connections, and waits until the slowest of them has accepted it.</summary>
    /// <param name="payload">The payload; not used after the call returns. Text must be UTF-8, which is not validated.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public Task<int> BroadcastAsync(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, CancellationToken cancellationToken) =>
        BroadcastAsync(payload, kind, where: null, cancellationToken);

    /// <summary>Closes all connections that are open now, and continues to accept others.</summary>
    /// <param name="code">As for <see cref="WebSocketConnection.CloseAsync"/>.</param>
    /// <param name="reason">As for <see cref="WebSocketConnection.CloseAsync"/>.</param>
    /// <param name="cancellationToken">Ends the wait; the connections are closed nevertheless.</param>
    /// <returns>A task that completes when they have ended.</returns>
    /// <exception cref="ArgumentException">
    /// The code must not be sent, the reason is too long, or there is a reason without a code.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public Task CloseAllAsync(
        WebSocketCloseCode? code = WebSocketCloseCode.GoingAway, string? reason = null,
        CancellationToken cancellationToken = default) =>
        Broadcasts.CloseAsync(_context.Connections.GetOpen(), code, reason, cancellationToken);

    /// <summary>
    /// Stops in order: rejects requests with 503, closes every connection with 1001 after the messages that were sent on it, and waits until
    /// the connections have ended and the methods that serve them have returned.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait: the connections that are left are aborted.</param>
    /// <returns>A task that completes when the acceptor has stopped. A second call waits for the first.</returns>
    /// <remarks>
    /// The same rules as for <see cref="WebSocketServer.StopAsync(CancellationToken)"/> apply to serve methods, handlers and threads.
    /// </remarks>
    public Task StopAsync(CancellationToken cancellationToken = default) =>
        _stop.StopAsync(new WebSocketStopOptions(), cancellationToken);

    /// <summary>Stops in order, as the options specify.</summary>
    /// <param name="options">How to stop; <see langword="null"/> for the defaults. Those of the first call apply.</param>
    /// <param name="cancellationToken">Ends the wait: the connections that are left are aborted.</param>
    /// <returns>A task that completes when the acceptor has stopped. A second call waits for the first.</returns>
    /// <exception cref="ArgumentException">The options have a reason without a code; nothing is stopped.</exception>
    [OverloadResolutionPriority(1)]
    public Task StopAsync(WebSocketStopOptions? options, CancellationToken cancellationToken = default)
    {
        ServerOptionConflicts.Check(options);
        return _stop.StopAsync(options ?? new WebSocketStopOptions(), cancellationToken);
    }

    /// <summary>Stops the acceptor, as <see cref="StopAsync(CancellationToken)"/> does.</summary>
    public ValueTask DisposeAsync() => new(StopAsync());

    /// <summary>Notes that a stream has an opening handshake.</summary>
    /// <exception cref="InvalidOperationException">It had one before.</exception>
    internal static void Use(Stream stream)
    {
        if (!UsedStreams.TryAdd(stream, stream))
        {
            throw new InvalidOperationException("The stream was passed to an acceptor before.");
        }
    }

    private static ServerContext Context(WebSocketAcceptorOptions options, WebSocketHandler? handler, WebSocketRoutes? routes = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options is WebSocketServerOptions)
        {
            // What they say about addresses, TLS and sockets would have no effect.
            throw new ArgumentException(
                $"An acceptor does not listen: its options are {nameof(WebSocketAcceptorOptions)}.", nameof(options));
        }

        return new ServerContext(
            options, handler, routes is null ? null : context => routes.Build(context, server: null));
    }
}
