using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Sockeye.Connections;
using Sockeye.Connections.Lifecycle;
using Sockeye.Server;

namespace Sockeye;

/// <summary>A WebSocket server with a listener of its own (RFC 6455 §4.2).</summary>
/// <remarks>Thread-safe. Disposing of it stops it.</remarks>
// The priorities let `StartAsync(new() { … }, …)` and `StopAsync(new() { … })` mean options: `new()` alone converts to any type.
public sealed class WebSocketServer : IAsyncDisposable
{
    private readonly ServerContext _context;
    private readonly ServerStop _stop;

    private WebSocketServer(ServerContext context, ServerListeners listeners)
    {
        _context = context;
        _stop = new ServerStop(context, listeners);
        LocalEndPoints = listeners.LocalEndPoints;
        context.Server = this;
        listeners.Accept();
    }

    /// <summary>Where the server listens: with the ports that the system chose, if 0 was asked for.</summary>
    public IReadOnlyList<EndPoint> LocalEndPoints { get; }

    /// <summary>The first of <see cref="LocalEndPoints"/>.</summary>
    public EndPoint LocalEndPoint => LocalEndPoints[0];

    /// <summary>The first TCP port on which the server listens.</summary>
    /// <exception cref="InvalidOperationException">The server listens on Unix sockets only.</exception>
    public int Port => LocalEndPoints.OfType<IPEndPoint>().FirstOrDefault()?.Port
        ?? throw new InvalidOperationException("The server listens on Unix sockets, which have no port.");

    /// <summary>The connections that are open: a copy, made at this moment.</summary>
    public IReadOnlyCollection<WebSocketConnection> Connections => _context.Connections;

    /// <summary>How many connections are open; 0 if they are not tracked. Costs less than to count <see cref="Connections"/>.</summary>
    public int ConnectionCount => _context.ConnectionCount;

    /// <summary>How many opening handshakes are underway, TLS included.</summary>
    public int PendingHandshakeCount => _context.Pending.Count;

    /// <summary>
    /// Completes when the server has stopped, after all serve methods, including one that has called for the stop. Never fails.
    /// </summary>
    public Task Completion => _stop.Completion;

    /// <summary>Starts a server on all addresses, without TLS.</summary>
    /// <param name="port">The TCP port; 0 lets the system choose a free one.</param>
    /// <param name="serve">
    /// Serves one connection; see <see cref="WebSocketHandler.FromDelegate"/> for when it is called and what it may do.
    /// </param>
    /// <param name="cancellationToken">Nothing is started if it is canceled already.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="SocketException">The port cannot be had, which the message names.</exception>
    public static Task<WebSocketServer> StartAsync(
        int port, Func<WebSocketConnection, CancellationToken, Task> serve,
        CancellationToken cancellationToken = default) => StartAsync(OnPort(port), serve, cancellationToken);

    /// <summary>Starts a server whose connections are each served by a method that asks for its messages.</summary>
    /// <param name="options">Where to listen, and all else.</param>
    /// <param name="serve">As for the other overload.</param>
    /// <param name="cancellationToken">Nothing is started if it is canceled already.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="ArgumentException">Options contradict each other; nothing is started.</exception>
    /// <exception cref="SocketException">An address cannot be had, which the message names; nothing is started.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, Func<WebSocketConnection, CancellationToken, Task> serve,
        CancellationToken cancellationToken = default) =>
        StartAsync(options, WebSocketHandler.FromDelegate(serve), cancellationToken);

    /// <summary>Starts a server on all addresses, without TLS, whose connections know their server.</summary>
    /// <param name="port">The TCP port; 0 lets the system choose a free one.</param>
    /// <param name="serve">Serves one connection; is given the server too, to tell other connections.</param>
    /// <param name="cancellationToken">Nothing is started if it is canceled already.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="SocketException">The port cannot be had, which the message names.</exception>
    public static Task<WebSocketServer> StartAsync(
        int port, Func<WebSocketServer, WebSocketConnection, CancellationToken, Task> serve,
        CancellationToken cancellationToken = default) => StartAsync(OnPort(port), serve, cancellationToken);

    /// <summary>Starts a server on all addresses, without TLS, with one handler for all its connections.</summary>
    /// <param name="port">The TCP port; 0 lets the system choose a free one.</param>
    /// <param name="handler">Receives the messages of every connection.</param>
    /// <param name="cancellationToken">Nothing is started if it is canceled already.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="SocketException">The port is not available; the message names it.</exception>
    public static Task<WebSocketServer> StartAsync(
        int port, WebSocketHandler handler, CancellationToken cancellationToken = default) =>
        StartAsync(OnPort(port), handler, cancellationToken);

    /// <summary>Starts a server on all addresses, without TLS, that selects a handler for each connection by its request.</summary>
    /// <param name="port">The TCP port; 0 lets the system choose a free one.</param>
    /// <param name="selectHandler">
    /// Called in place before a connection is accepted; must not block. If it throws, the response is 500.
    /// </param>
    /// <param name="cancellationToken">Nothing is started if it is canceled already.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="SocketException">The port is not available; the message names it.</exception>
    public static Task<WebSocketServer> StartAsync(
        int port, Func<WebSocketUpgradeRequest, WebSocketHandler> selectHandler, CancellationToken cancellationToken = default) =>
        StartAsync(OnPort(port), selectHandler, cancellationToken);

    /// <summary>Starts a server on all addresses, without TLS, with routes.</summary>
    /// <param name="port">The TCP port; 0 lets the system choose a free one.</param>
    /// <param name="routes">Which handler serves which path; read now, and not again.</param>
    /// <param name="cancellationToken">Nothing is started if it is canceled already.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="SocketException">The port is not available; the message names it.</exception>
    public static Task<WebSocketServer> StartAsync(
        int port, WebSocketRoutes routes, CancellationToken cancellationToken = default) =>
        StartAsync(OnPort(port), routes, cancellationToken);

    /// <summary>Starts a server whose connections know it.</summary>
    /// <param name="options">Where to listen, and all else.</param>
    /// <param name="serve">Serves one connection; is given the server too, to tell other connections.</param>
    /// <param name="cancellationToken">Nothing is started if it is canceled already.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="ArgumentException">Options contradict each other; nothing is started.</exception>
    /// <exception cref="SocketException">An address cannot be had, which the message names; nothing is started.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, Func<WebSocketServer, WebSocketConnection, CancellationToken, Task> serve,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(serve);
        ServerContext? context = null;
        var handler = WebSocketHandler.FromDelegate(
            (connection, cancellation) => serve(context!.Server!, connection, cancellation));
        context = new ServerContext(options, _ => handler);
        return StartAsync(context, cancellationToken);
    }

    /// <summary>Starts a server with one handler for all its connections.</summary>
    /// <param name="options">Where to listen, and all else.</param>
    /// <param name="handler">Receives the messages of every connection.</param>
    /// <param name="cancellationToken">Nothing is started if it is canceled already.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="ArgumentException">Options contradict each other; nothing is started.</exception>
    /// <exception cref="SocketException">An address cannot be had, which the message names; nothing is started.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, WebSocketHandler handler, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return StartAsync(options, _ => handler, cancellationToken);
    }

    /// <summary>Starts a server that selects a handler for each connection, by its request.</summary>
    /// <param name="options">Where to listen, and all else.</param>
    /// <param name="selectHandler">
    /// Called in place before a connection is accepted; must not block. If it throws, the client is answered with 500.
    /// </param>
    /// <param name="cancellationToken">Nothing is started if it is canceled already.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="ArgumentException">Options contradict each other; nothing is started.</exception>
    /// <exception cref="SocketException">An address cannot be had, which the message names; nothing is started.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, Func<WebSocketUpgradeRequest, WebSocketHandler> selectHandler,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(selectHandler);
        return StartAsync(new ServerContext(options, selectHandler), cancellationToken);
    }

    /// <summary>Starts a server with routes: what it does depends on the path of a request.</summary>
    /// <param name="options">Where to listen, and all else.</param>
    /// <param name="routes">What is where; read now, and not again.</param>
    /// <param name="cancellationToken">Nothing is started if it is canceled already.</param>
    /// <returns>The server, which listens.</returns>
    /// <exception cref="ArgumentException">Options contradict each other; nothing is started.</exception>
    /// <exception cref="SocketException">An address cannot be had, which the message names; nothing is started.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketServer> StartAsync(
        WebSocketServerOptions options, WebSocketRoutes routes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(routes);
        return StartAsync(
            new ServerContext(options, static _ => throw new InvalidOperationException("There is no route."), routes),
            cancellationToken);
    }

    /// <summary>Sends a message to connections, now and without waiting: who is too slow for it does not get it.</summary>
    /// <param name="message">The message, which is framed, and compressed, once for all of them.</param>
    /// <param name="where">
    /// Which of the connections; <see langword="null"/> for all. All but one: <c>other => other != connection</c>.
    /// </param>
    /// <returns>How many have taken it. One that ends meanwhile is no error.</returns>
    public int Broadcast(WebSocketPreparedMessage message, Func<WebSocketConnection, bool>? where = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Broadcasts.Send(Connections, message, where);
    }

    /// <summary>Sends a binary message to connections, as the other overload does.</summary>
    /// <param name="payload">The payload; not needed after the call.</param>
    /// <param name="where">Which of the connections; <see langword="null"/> for all.</param>
    /// <returns>How many have taken it.</returns>
    public int Broadcast(ReadOnlySpan<byte> payload, Func<WebSocketConnection, bool>? where = null) =>
        Broadcast(payload, WebSocketMessageKind.Binary, where);

    /// <summary>Sends a message of either kind to connections, as the other overloads do.</summary>
    /// <param name="payload">The payload; not needed after the call. Text must be UTF-8, which is not validated.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="where">Which of the connections; <see langword="null"/> for all.</param>
    /// <returns>How many have taken it.</returns>
    public int Broadcast(
        ReadOnlySpan<byte> payload, WebSocketMessageKind kind, Func<WebSocketConnection, bool>? where = null) =>
        Broadcast(WebSocketPreparedMessage.Create(payload, kind), where);

    /// <summary>Sends a text message to connections, as the other overloads do.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="where">Which of the connections; <see langword="null"/> for all.</param>
    /// <returns>How many have taken it.</returns>
    public int Broadcast(string text, Func<WebSocketConnection, bool>? where = null) =>
        Broadcast(WebSocketPreparedMessage.Text(text), where);

    /// <summary>Sends a message to connections, and waits until the slowest of them has taken it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="where">Which of the connections; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Takes the message back from those that have not taken it.</param>
    /// <returns>How many have taken it. One that ends meanwhile is no error.</returns>
    [OverloadResolutionPriority(1)]
    public Task<int> BroadcastAsync(
        WebSocketPreparedMessage message, Func<WebSocketConnection, bool>? where = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Broadcasts.SendAsync(Connections, message, where, cancellationToken);
    }

    /// <summary>Sends a message to all connections, and waits until the slowest of them has taken it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellationToken">Takes the message back from those that have not taken it.</param>
    /// <returns>How many have taken it.</returns>
    public Task<int> BroadcastAsync(WebSocketPreparedMessage message, CancellationToken cancellationToken) =>
        BroadcastAsync(message, where: null, cancellationToken);

    /// <summary>Closes all connections that there are now, in order, and goes on accepting others.</summary>
    /// <param name="code">As for <see cref="WebSocketConnection.CloseAsync"/>.</param>
    /// <param name="reason">As for <see cref="WebSocketConnection.CloseAsync"/>.</param>
    /// <param name="cancellationToken">Ends the wait; the connections are being closed all the same.</param>
    /// <returns>A task that completes when they have ended.</returns>
    /// <exception cref="ArgumentException">
    /// The code must not be sent, the reason is too long, or there is a reason without a code.
    /// </exception>
    public async Task CloseAllAsync(
        WebSocketCloseCode? code = WebSocketCloseCode.GoingAway, string? reason = null,
        CancellationToken cancellationToken = default)
    {
        CloseArguments.Check(code, reason);
        await Task.WhenAll(Connections.Select(connection => connection.CloseAsync(code, reason).AsTask()))
            .WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Runs until the process is asked to end, by SIGINT (Ctrl+C) or SIGTERM, until the token is canceled or until the server
    /// is stopped; then stops in order, as <see cref="StopAsync(CancellationToken)"/> does.
    /// </summary>
    /// <param name="cancellationToken">Stops the server. Canceling it is not an error: the task completes.</param>
    /// <returns>A task that completes when the server has stopped.</returns>
    /// <remarks>
    /// A second signal ends the process at once, without waiting for connections. Signals are caught only while this runs:
    /// an application that catches them itself passes a token, or calls <see cref="StopAsync(CancellationToken)"/>.
    /// </remarks>
    public Task RunAsync(CancellationToken cancellationToken = default) => RunAsync(null, cancellationToken);

    /// <summary>Runs until the process is asked to end, as the other overload does, and stops as the options say.</summary>
    /// <param name="options">How to stop; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Stops the server. Canceling it is not an error: the task completes.</param>
    /// <returns>A task that completes when the server has stopped.</returns>
    /// <exception cref="ArgumentException">There is a reason without a code; the server goes on.</exception>
    [OverloadResolutionPriority(1)]
    public Task RunAsync(WebSocketStopOptions? options, CancellationToken cancellationToken = default)
    {
        Check(options);
        return _stop.RunAsync(options ?? new WebSocketStopOptions(), cancellationToken);
    }

    /// <summary>
    /// Stops in order: accepts no more, closes every connection with 1001 behind what was sent on it, and waits until the
    /// connections have ended and the methods that serve them have returned.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait: the connections that are left are dropped.</param>
    /// <returns>A task that completes when the server has stopped. A second call waits for the first.</returns>
    /// <remarks>
    /// <para>
    /// Waits for serve methods with their <see langword="finally"/> blocks, for handler calls that are running, and for
    /// <see cref="WebSocketHandler.OnClosed"/>: no longer than <see cref="WebSocketStopOptions.AbortTimeout"/>, or until the token
    /// is canceled, and a second more. A method that still runs then is logged and left alone.
    /// </para>
    /// <para>
    /// A serve method may stop its own server, and await that or go on: the task that it gets does not wait for this method, nor for
    /// others that have called for the stop themselves. <see cref="Completion"/>, and calls from elsewhere, wait for all methods. A
    /// handler must not await the stop of its own server: that waits for the handler until the timeout.
    /// </para>
    /// <para>
    /// The stop has a thread of its own, and does not need the thread pool. The first caller, other than a serve method, that awaits
    /// it or <see cref="RunAsync(CancellationToken)"/> continues on that thread.
    /// </para>
    /// <para>A server that has stopped stays so: start another.</para>
    /// </remarks>
    public Task StopAsync(CancellationToken cancellationToken = default) =>
        _stop.StopAsync(new WebSocketStopOptions(), cancellationToken);

    /// <summary>Stops in order, with a say in how.</summary>
    /// <param name="options">How; <see langword="null"/> for the defaults. Only those of the first call count.</param>
    /// <param name="cancellationToken">Ends the wait: the connections that are left are dropped.</param>
    /// <returns>A task that completes when no connection is left. A second call waits for the first.</returns>
    /// <exception cref="ArgumentException">There is a reason without a code; nothing is stopped.</exception>
    [OverloadResolutionPriority(1)]
    public Task StopAsync(WebSocketStopOptions? options, CancellationToken cancellationToken = default)
    {
        Check(options);
        return _stop.StopAsync(options ?? new WebSocketStopOptions(), cancellationToken);
    }

    /// <summary>Stops the server, as <see cref="StopAsync(CancellationToken)"/> does.</summary>
    public ValueTask DisposeAsync() => new(StopAsync());

    // Before anything stops.
    private static void Check(WebSocketStopOptions? options)
    {
        if (options is { CloseCode: null, CloseReason.Length: > 0 })
        {
            throw OptionConflict.Create(
                nameof(options.CloseReason), $"{nameof(options.CloseCode)} = null",
                "A Close frame has no reason without a code (RFC 6455 §5.5.1).");
        }
    }

    private static WebSocketServerOptions OnPort(int port) => new() { EndPoint = new IPEndPoint(IPAddress.IPv6Any, port) };

    private static async Task<WebSocketServer> StartAsync(ServerContext context, CancellationToken cancellationToken)
    {
        ServerOptionConflicts.CheckListening(context.Options);
        cancellationToken.ThrowIfCancellationRequested();
        return new WebSocketServer(context, await ServerListeners.BindAsync(context).ConfigureAwait(false));
    }
}
