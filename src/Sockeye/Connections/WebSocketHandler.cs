namespace Sockeye;

/// <summary>Handles the events of connections. Override the methods for the events you need.</summary>
/// <remarks>
/// <para>
/// One instance may serve any number of connections: the connection is an argument of each call. The messages of one connection are
/// delivered one at a time and in order; calls for different connections may run at the same time.
/// </para>
/// <para>
/// The synchronous methods are called in place, on the thread that reads from the transport, and must not block: that would delay the
/// connection, or every connection of an event loop. An exception that leaves a method closes the connection with 1011 and is logged;
/// it does not affect other connections.
/// </para>
/// </remarks>
public abstract class WebSocketHandler
{
    /// <summary>Creates a handler that serves each connection by a method, which receives the messages itself.</summary>
    /// <param name="serve">
    /// Called once for each connection, on the thread pool. The token is canceled when the connection has ended, or when the server's
    /// stop no longer waits for the method. When the method returns, the connection is closed with 1000; when it throws, with 1011.
    /// </param>
    public static WebSocketHandler FromDelegate(Func<WebSocketConnection, CancellationToken, Task> serve)
    {
        ArgumentNullException.ThrowIfNull(serve);
        return new Serving(serve);
    }

    /// <summary>Creates a handler that handles each connection by a handler of its own, whose fields can hold what belongs to it.</summary>
    /// <param name="create">
    /// Called once for each connection that opens, in place, before <see cref="OnOpened"/> of the handler that it returns; must not block.
    /// When it throws, the connection is closed with 1011, and the exception is logged. It must not return a handler that serves by a
    /// method: those receive the connection in a call of their own.
    /// </param>
    /// <remarks>
    /// Each handler that was created gets <see cref="OnClosed"/>, as its last call. A connection that is rejected, or that ends before it
    /// opens, has no handler.
    /// </remarks>
    public static WebSocketHandler FromFactory(Func<WebSocketConnection, WebSocketHandler> create)
    {
        ArgumentNullException.ThrowIfNull(create);
        return new Creating(create);
    }

    // The handler of a connection that opens: this one, unless it only creates others.
    internal virtual WebSocketHandler ForConnection(WebSocketConnection connection) => this;

    // Serves a connection instead of this handler's methods; null if those are called.
    internal virtual Func<WebSocketConnection, CancellationToken, Task>? ServeMethod => null;

    /// <summary>Called when a connection is open, before its first message. Messages sent here leave first.</summary>
    public virtual void OnOpened(WebSocketConnection connection)
    {
    }

    /// <summary>Called for each message that has arrived: the fastest way to receive.</summary>
    /// <param name="connection">The connection that it arrived on.</param>
    /// <param name="payload">
    /// The payload, a view of the receive buffer that is valid only during the call. That of a text message is valid UTF-8.
    /// </param>
    /// <param name="kind">Whether the message is text or binary.</param>
    /// <remarks>
    /// The default implementation copies the payload and calls <see cref="OnMessageAsync"/>. An override may call it once, to do the
    /// same.
    /// </remarks>
    public virtual void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
        connection.HandOver(payload, kind, endOfMessage: true);

    /// <summary>Called for each message that has arrived. The next one of the connection is delivered when the returned task has completed.</summary>
    /// <param name="connection">The connection that it arrived on.</param>
    /// <param name="message">
    /// The message. Its payload is valid until the returned task completes; <see cref="WebSocketMessage.Detach"/> keeps it.
    /// </param>
    public virtual ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) => default;

    /// <summary>
    /// Called for each piece of a message that has arrived, instead of <see cref="OnMessage"/>, if
    /// <see cref="WebSocketConnectionOptions.DeliverFragments"/> is set.
    /// </summary>
    /// <param name="connection">The connection that it arrived on.</param>
    /// <param name="payload">The piece, a view of the receive buffer that is valid only during the call.</param>
    /// <param name="kind">Whether the message is text or binary.</param>
    /// <param name="endOfMessage">Whether this is the last piece.</param>
    /// <remarks>The default implementation copies the piece and calls <see cref="OnFragmentAsync"/>.</remarks>
    public virtual void OnFragment(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage) =>
        connection.HandOver(payload, kind, endOfMessage);

    /// <summary>Called for each piece of a message that has arrived. The next one is delivered when the returned task has completed.</summary>
    /// <param name="connection">The connection that it arrived on.</param>
    /// <param name="fragment">The piece; its payload is valid until the returned task completes.</param>
    public virtual ValueTask OnFragmentAsync(WebSocketConnection connection, WebSocketFragment fragment) => default;

    /// <summary>Called for each ping that has arrived. Its pong is sent before the call, unless the options disable that.</summary>
    /// <param name="connection">The connection that it arrived on.</param>
    /// <param name="payload">0 to 125 bytes, valid only during the call.</param>
    /// <remarks>Called when the ping arrives, which may be before earlier messages have been delivered.</remarks>
    public virtual void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload)
    {
    }

    /// <summary>Called for each pong that has arrived, solicited or not.</summary>
    /// <param name="connection">The connection that it arrived on.</param>
    /// <param name="payload">0 to 125 bytes, valid only during the call.</param>
    /// <remarks>Called when the pong arrives, which may be before earlier messages have been delivered.</remarks>
    public virtual void OnPong(WebSocketConnection connection, ReadOnlySpan<byte> payload)
    {
    }

    /// <summary>Called when the connection has ended: the last call for it, after all its messages.</summary>
    /// <remarks>
    /// Called when all other calls for the connection have returned: in place if the end came from the transport, otherwise on the
    /// thread pool or on the thread whose call returned last.
    /// </remarks>
    public virtual void OnClosed(WebSocketConnection connection, WebSocketCloseResult result)
    {
    }

    // Carries a serve method where a handler is expected. Its other methods are not called.
    private sealed class Serving(Func<WebSocketConnection, CancellationToken, Task> serve) : WebSocketHandler
    {
        internal override Func<WebSocketConnection, CancellationToken, Task> ServeMethod => serve;
    }

    // Carries a method that creates handlers. Its other methods are called only if that method threw.
    private sealed class Creating(Func<WebSocketConnection, WebSocketHandler> create) : WebSocketHandler
    {
        internal override WebSocketHandler ForConnection(WebSocketConnection connection) => create(connection) switch
        {
            null => throw new InvalidOperationException("The method that creates handlers returned null."),
            { ServeMethod: not null } => throw new InvalidOperationException(
                $"The method that creates handlers returned one of {nameof(FromDelegate)}, which serves connections by a method."),
            { } handler => handler.ForConnection(connection),
        };
    }
}
