// Over 500 lines: the whole public face of a server, most of it documentation.
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Sockeye.Server;
using Sockeye.Server.Listening;
using Sockeye.Server.Stopping;

namespace Sockeye;

/// <summary>A WebSocket server that listens on addresses of its own (RFC 6455 §4.2).</summary>
/// <remarks>
/// <para>
/// A server is constructed, started once and stopped once. <see cref="StartAsync(int, WebSocketHandler, CancellationToken)"/> and its
/// overloads construct and start one in a single call.
/// </para>
/// <para>
/// Before the start and after the stop a server has no connections: <see cref="GetConnections"/> returns none, broadcasts reach none, and
/// <see cref="CloseAllAsync"/> completes at once.
/// </para>
/// <para>Thread-safe. Disposing of a server stops it.</para>
/// </remarks>
// The priorities let `StartAsync(new() { … }, …)` and `StopAsync(new() { … })` mean options: `new()` alone converts to any type.
public sealed class WebSocketServer : IAsyncDisposable
{
    private readonly WebSocketServerOptions _options;
    private readonly ServerContext _context;
    private readonly ServerStop _stop;

    // The start that is in progress or has succeeded. A failed one is forgotten, so that the next call starts again.
    private Task? _start;
    private EndPoint[] _localEndPoints = [];

    // Set once the server listens.
    private ServerListeners? _listeners;

    /// <summary>Creates a server with one handler for all its connections. It does not listen yet.</summary>
    /// <param name="options">Where to listen, which clients to accept, and how to serve them.</param>
    /// <param name="handler">
    /// Receives the messages of every connection for which <see cref="WebSocketAcceptorOptions.OnUpgrade"/> does not choose another
    /// handler.
    /// </param>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    public WebSocketServer(WebSocketServerOptions options, WebSocketHandler handler)
    {
        ServerOptionConflicts.CheckListening(options);
        ArgumentNullException.ThrowIfNull(handler);
        _context = new ServerContext(options, handler);
        _stop = new ServerStop(_context);
        _options = options;
    }

    /// <summary>Creates a server that serves each connection with a method. It does not listen yet.</summary>
    /// <param name="options">Where to listen, which clients to accept, and how to serve them.</param>
    /// <param name="serve">
    /// Serves one connection; see <see cref="WebSocketHandler.FromDelegate"/> for when it is called and what it may do.
    /// </param>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    public WebSocketServer(WebSocketServerOptions options, Func<WebSocketConnection, CancellationToken, Task> serve)
        : this(options, WebSocketHandler.FromDelegate(serve))
    {
    }

    /// <summary>
    /// Creates a server that serves each connection with a method, which receives the server too. It does not listen yet.
    /// </summary>
    /// <param name="options">Where to listen, which clients to accept, and how to serve them.</param>
    /// <param name="serve">
    /// Serves one connection, as in <see cref="WebSocketHandler.FromDelegate"/>. Receives this server, to send to other connections.
    /// </param>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    public WebSocketServer(
        WebSocketServerOptions options, Func<WebSocketServer, WebSocketConnection, CancellationToken, Task> serve)
    {
        ServerOptionConflicts.CheckListening(options);
        ArgumentNullException.ThrowIfNull(serve);
        _context = new ServerContext(
            options,
            WebSocketHandler.FromDelegate((connection, cancellationToken) => serve(this, connection, cancellationToken)));
        _stop = new ServerStop(_context);
        _options = options;
    }

    /// <summary>Creates a server that chooses the handler of a connection by the path of its request. It does not listen yet.</summary>
    /// <param name="options">Where to listen, which clients to accept, and how to serve them.</param>
    /// <param name="routes">The routes. They are copied: routes that are mapped later have no effect on this server.</param>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    public WebSocketServer(WebSocketServerOptions options, WebSocketRoutes routes)
    {
        ServerOptionConflicts.CheckListening(options);
        ArgumentNullException.ThrowIfNull(routes);
        _context = new ServerContext(options, handler: null, context => routes.Build(context, this));
        _stop = new ServerStop(_context);
        _options = options;
    }

    /// <summary>
    /// The addresses on which the server listens, with the ports that the system chose where port 0 was requested; empty before the
    /// start. They remain after the stop.
    /// </summary>
    public IReadOnlyList<EndPoint> LocalEndPoints => Volatile.Read(ref _localEndPoints);

    /// <summary>The first of <see cref="LocalEndPoints"/>.</summary>
    /// <exception cref="InvalidOperationException">The server has not been started.</exception>
    public EndPoint LocalEndPoint => LocalEndPoints is [var first, ..] ? first : throw NotStarted();

    /// <summary>The first TCP port on which the server listens.</summary>
    /// <exception cref="InvalidOperationException">
    /// The server has not been started, or listens on Unix sockets only, which have no port.
    /// </exception>
    public int Port
    {
        get
        {
            IReadOnlyList<EndPoint> endPoints = LocalEndPoints;
            for (int i = 0; i < endPoints.Count; i++)
            {
                if (endPoints[i] is IPEndPoint { Port: var port })
                {
                    return port;
                }
            }

            throw endPoints.Count == 0
                ? NotStarted()
                : new InvalidOperationException("The server listens on Unix sockets only, which have no port.");
        }
    }

    /// <summary>
    /// The number of open connections; 0 if they are not tracked (see <see cref="WebSocketAcceptorOptions.TrackConnections"/>). Cheaper
    /// than counting <see cref="GetConnections"/>.
    /// </summary>
    public int ConnectionCount => _context.Connections.Count;

    /// <summary>The number of opening handshakes in progress, including TLS handshakes.</summary>
    public int PendingHandshakeCount => _context.Pending.Count;

    /// <summary>Whether the server listens and accepts connections: from the end of a start until a stop begins.</summary>
    public bool IsAccepting => Volatile.Read(ref _listeners) is not null && !IsStopping;

    /// <summary>Whether a stop has begun, or is over. Connections may still drain; <see cref="Completion"/> says when none is left.</summary>
    public bool IsStopping => _context.Connections.IsStopping;

    /// <summary>
    /// How long the callback has been running that has occupied an event loop longest; zero if no loop runs one. A health check can
    /// report a value of a second or more: the other connections of that loop wait until the callback returns.
    /// </summary>
    /// <value>Zero without event loops, as on other systems than Linux and over TLS (<see cref="EventLoopOptions"/>).</value>
    public TimeSpan LongestRunningCallback => Volatile.Read(ref _listeners)?.LongestRunningCallback ?? TimeSpan.Zero;

    /// <summary>
    /// Completes when the server has stopped and all serve methods have returned, including one that has called
    /// <see cref="StopAsync(CancellationToken)"/> itself. Never fails.
    /// </summary>
    public Task Completion => _stop.Completion;

    /// <summary>Creates and starts a server on all addresses, without TLS, that serves each connection with a method.</summary>
    /// <param name="port">The TCP port; 0 lets the system choose a free one.</param>
    /// <param name="serve">
    /// Serves one connection; see <see cref="WebSocketHandler.FromDelegate"/> for when it is called and what it may do.
    /// </param>
    /// <param name="cancellationToken">Cancels the start; see <see cref="StartAsync(CancellationToken)"/>.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="SocketException">The port is not available; the message names it.</exception>
    public static Task<WebSocketServer> StartAsync(
        int port, Func<WebSocketConnection, CancellationToken, Task> serve, CancellationToken cancellationToken = default) =>
        new WebSocketServer(OnPort(port), serve).StartedAsync(cancellationToken);

    /// <summary>Creates and starts a server on all addresses, without TLS, with one handler for all its connections.</summary>
    /// <param name="port">The TCP port; 0 lets the system choose a free one.</param>
    /// <param name="handler">Receives the messages of every connection.</param>
    /// <param name="cancellationToken">Cancels the start; see <see cref="StartAsync(CancellationToken)"/>.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="SocketException">The port is not available; the message names it.</exception>
    public static Task<WebSocketServer> StartAsync(
        int port, WebSocketHandler handler, CancellationToken cancellationToken = default) =>
        new WebSocketServer(OnPort(port), handler).StartedAsync(cancellationToken);

    /// <summary>
    /// Creates and starts a server on all addresses, without TLS, that serves each connection with a method, which receives the server too.
    /// </summary>
    /// <param name="port">The TCP port; 0 lets the system choose a free one.</param>
    /// <param name="serve">
    /// Serves one connection, as in <see cref="WebSocketHandler.FromDelegate"/>. Receives this server, to send to other connections.
    /// </param>
    /// <param name="cancellationToken">Cancels the start; see <see cref="StartAsync(CancellationToken)"/>.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="SocketException">The port is not available; the message names it.</exception>
    public static Task<WebSocketServer> StartAsync(
        int port, Func<WebSocketServer, WebSocketConnection, CancellationToken, Task> serve,
        CancellationToken cancellationToken = default) =>
        new WebSocketServer(OnPort(port), serve).StartedAsync(cancellationToken);

    /// <summary>
    /// Creates and starts a server on all addresses, without TLS, that chooses the handler of a connection by the path of its request.
    /// </summary>
    /// <param name="port">The TCP port; 0 lets the system choose a free one.</param>
    /// <param name="routes">The routes. They are copied: routes that are mapped later have no effect on this server.</param>
    /// <param name="cancellationToken">Cancels the start; see <see cref="StartAsync(CancellationToken)"/>.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="SocketException">The port is not available; the message names it.</exception>
    public static Task<WebSocketServer> StartAsync(
        int port, WebSocketRoutes routes, CancellationToken cancellationToken = default) =>
        new WebSocketServer(OnPort(port), routes).StartedAsync(cancellationToken);

    /// <summary>Creates and starts a server that serves each connection with a method.</summary>
    /// <param name="options">Where to listen, which clients to accept, and how to serve them.</param>
    /// <param name="serve">
    /// Serves one connection; see <see cref="WebSocketHandler.FromDelegate"/> for when it is called and what it may do.
    /// </param>
    /// <param name="cancellationToken">Cancels the start; see <see cref="StartAsync(CancellationToken)"/>.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    /// <exception cref="SocketException">An address is not available; the message names it.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, Func<WebSocketConnection, CancellationToken, Task> serve,
        CancellationToken cancellationToken = default) =>
        new WebSocketServer(options, serve).StartedAsync(cancellationToken);

    /// <summary>Creates and starts a server with one handler for all its connections.</summary>
    /// <param name="options">Where to listen, which clients to accept, and how to serve them.</param>
    /// <param name="handler">Receives the messages of every connection.</param>
    /// <param name="cancellationToken">Cancels the start; see <see cref="StartAsync(CancellationToken)"/>.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    /// <exception cref="SocketException">An address is not available; the message names it.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, WebSocketHandler handler, CancellationToken cancellationToken = default) =>
        new WebSocketServer(options, handler).StartedAsync(cancellationToken);

    /// <summary>Creates and starts a server that serves each connection with a method, which receives the server too.</summary>
    /// <param name="options">Where to listen, which clients to accept, and how to serve them.</param>
    /// <param name="serve">
    /// Serves one connection, as in <see cref="WebSocketHandler.FromDelegate"/>. Receives this server, to send to other connections.
    /// </param>
    /// <param name="cancellationToken">Cancels the start; see <see cref="StartAsync(CancellationToken)"/>.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    /// <exception cref="SocketException">An address is not available; the message names it.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, Func<WebSocketServer, WebSocketConnection, CancellationToken, Task> serve,
        CancellationToken cancellationToken = default) =>
        new WebSocketServer(options, serve).StartedAsync(cancellationToken);

    /// <summary>Creates and starts a server that chooses the handler of a connection by the path of its request.</summary>
    /// <param name="options">Where to listen, which clients to accept, and how to serve them.</param>
    /// <param name="routes">The routes. They are copied: routes that are mapped later have no effect on this server.</param>
    /// <param name="cancellationToken">Cancels the start; see <see cref="StartAsync(CancellationToken)"/>.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="ArgumentException">Options contradict each other.</exception>
    /// <exception cref="SocketException">An address is not available; the message names it.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, WebSocketRoutes routes, CancellationToken cancellationToken = default) =>
        new WebSocketServer(options, routes).StartedAsync(cancellationToken);

    /// <summary>Listens on all addresses of the options, and accepts connections.</summary>
    /// <param name="cancellationToken">
    /// Cancels the start: the server does not listen, and may be started later. Once the task has completed, the token has no effect.
    /// </param>
    /// <returns>A task that completes when the server listens.</returns>
    /// <remarks>
    /// A server starts once. If the start fails or is canceled, the server listens on no address and may be started again.
    /// </remarks>
    /// <exception cref="ArgumentException">TLS has no certificate, or one without its private key.</exception>
    /// <exception cref="InvalidOperationException">
    /// The server was started before, or it has been stopped, which may happen while it starts.
    /// </exception>
    /// <exception cref="SocketException">An address is not available; the message names it.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default) =>
        TryStart(cancellationToken, out _) ?? Task.FromException(new InvalidOperationException("The server was started before."));

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
    /// Starts the server, if it was not started before, and runs until SIGINT (Ctrl+C) or SIGTERM arrives, the token is canceled or
    /// the server is stopped; then stops in order, as <see cref="StopAsync(CancellationToken)"/> does.
    /// </summary>
    /// <param name="cancellationToken">
    /// Stops the server. Canceling it is not an error: the task completes, also if it is canceled before the server listens, which then
    /// can't be started again.
    /// </param>
    /// <returns>A task that completes when the server has stopped.</returns>
    /// <remarks>
    /// A second signal ends the process at once, without waiting for connections. Signals are caught only while this method runs:
    /// an application that catches them itself passes a token, or calls <see cref="StopAsync(CancellationToken)"/>.
    /// </remarks>
    /// <exception cref="SocketException">The start failed, as for <see cref="StartAsync(CancellationToken)"/>.</exception>
    public Task RunAsync(CancellationToken cancellationToken = default) => RunAsync(null, cancellationToken);

    /// <summary>Runs as the other overload does, and stops as the options specify.</summary>
    /// <param name="options">How to stop; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Stops the server, as for the other overload.</param>
    /// <returns>A task that completes when the server has stopped.</returns>
    /// <exception cref="ArgumentException">The options have a reason without a code; the server continues.</exception>
    /// <exception cref="SocketException">The start failed, as for <see cref="StartAsync(CancellationToken)"/>.</exception>
    [OverloadResolutionPriority(1)]
    public Task RunAsync(WebSocketStopOptions? options, CancellationToken cancellationToken = default)
    {
        ServerOptionConflicts.Check(options);
        options ??= new WebSocketStopOptions();
        return _context.Connections.IsStopping || Volatile.Read(ref _start) is { IsCompletedSuccessfully: true }
            ? _stop.RunAsync(options, cancellationToken)
            : RunFromStartAsync(TryStart(cancellationToken, out Task running) ?? running, options, cancellationToken);
    }

    /// <summary>
    /// Stops in order: accepts no more connections, closes every connection with 1001 after the messages that were sent on it, and waits
    /// until the connections have ended and the methods that serve them have returned.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait: the connections that are left are aborted.</param>
    /// <returns>A task that completes when the server has stopped. A second call waits for the first.</returns>
    /// <remarks>
    /// <para>
    /// Waits for serve methods with their <see langword="finally"/> blocks, for handler calls that are running, and for
    /// <see cref="WebSocketHandler.OnClosed"/>, until <see cref="WebSocketStopOptions.AbortTimeout"/> or until the token is canceled, and
    /// for one more second. A method that is still running then is logged, and continues to run.
    /// </para>
    /// <para>
    /// A serve method may stop its own server, and await that: the task that it receives does not wait for this method, nor for others that
    /// have called a stop themselves. <see cref="Completion"/> and calls from elsewhere wait for all methods. A handler must not await the
    /// stop of its own server, which would wait for the handler until the timeout.
    /// </para>
    /// <para>
    /// The stop runs on a thread of its own, and does not need the thread pool. The first caller, other than a serve method, that awaits it
    /// or <see cref="RunAsync(CancellationToken)"/> continues on that thread.
    /// </para>
    /// <para>
    /// A server that was stopped cannot be started again, nor can one that was stopped before it was started.
    /// </para>
    /// </remarks>
    public Task StopAsync(CancellationToken cancellationToken = default) =>
        _stop.StopAsync(new WebSocketStopOptions(), cancellationToken);

    /// <summary>Stops in order, as the options specify.</summary>
    /// <param name="options">How to stop; <see langword="null"/> for the defaults. Those of the first call apply.</param>
    /// <param name="cancellationToken">Ends the wait: the connections that are left are aborted.</param>
    /// <returns>A task that completes when the server has stopped. A second call waits for the first.</returns>
    /// <exception cref="ArgumentException">The options have a reason without a code; nothing is stopped.</exception>
    [OverloadResolutionPriority(1)]
    public Task StopAsync(WebSocketStopOptions? options, CancellationToken cancellationToken = default)
    {
        ServerOptionConflicts.Check(options);
        return _stop.StopAsync(options ?? new WebSocketStopOptions(), cancellationToken);
    }

    /// <summary>Stops the server, as <see cref="StopAsync(CancellationToken)"/> does.</summary>
    public ValueTask DisposeAsync() => new(StopAsync());

    private static WebSocketServerOptions OnPort(int port) => new() { EndPoint = new IPEndPoint(IPAddress.IPv6Any, port) };

    private static InvalidOperationException NotStarted() => new("The server has not been started.");

    private async Task<WebSocketServer> StartedAsync(CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken).ConfigureAwait(false);
        return this;
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ServerListeners listeners = await ServerListeners.BindAsync(_context, _options, cancellationToken).ConfigureAwait(false);

        // The first connection may be served before this method returns.
        Volatile.Write(ref _localEndPoints, listeners.LocalEndPoints);
        listeners.Accept();
        if (!_stop.TryAttach(listeners))
        {
            Volatile.Write(ref _localEndPoints, []);
            listeners.Stop(TimeSpan.Zero);
            listeners.EndLoops();
            throw new InvalidOperationException("The server has been stopped.");
        }

        Volatile.Write(ref _listeners, listeners);
    }

    // Starts the server; null if it was started before, by the task that is returned in running.
    private Task? TryStart(CancellationToken cancellationToken, out Task running)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        running = Interlocked.CompareExchange(ref _start, start.Task, null) ?? start.Task;
        return running == start.Task ? StartAsync(start, cancellationToken) : null;
    }

    private async Task StartAsync(TaskCompletionSource start, CancellationToken cancellationToken)
    {
        try
        {
            await ListenAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Volatile.Write(ref _start, null);
            start.SetException(exception);

            // The caller gets the exception; whether RunAsync waits for this task too, or not, it is observed.
            _ = start.Task.Exception;
            throw;
        }

        start.SetResult();
    }

    private async Task RunFromStartAsync(Task start, WebSocketStopOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await start.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Canceling the token stops the server, which ends this method without an error.
        }
        catch (InvalidOperationException) when (_context.Connections.IsStopping)
        {
            // So does a stop by another call.
        }

        await _stop.RunAsync(options, cancellationToken).ConfigureAwait(false);
    }
}
