namespace Sockeye;

/// <summary>Receives what happens on a connection. Override what is of interest.</summary>
/// <remarks>
/// <para>
/// One instance may serve any number of connections: the connection is an argument of each call. On one connection
/// messages come one at a time and in order; calls for different connections may run at the same time.
/// </para>
/// <para>
/// The synchronous methods are called in place, on the thread that reads from the transport, and must not block: that
/// would hold up the connection, or every connection of an event loop. An exception that leaves any method closes the
/// connection with 1011 and goes to the log; it reaches nobody else.
/// </para>
/// </remarks>
public abstract class WebSocketHandler
{
    /// <summary>Makes a handler whose connections are each served by a method that asks for its messages.</summary>
    /// <param name="serve">
    /// Called once for each connection, on the thread pool. The token is canceled when the connection has ended or the
    /// server gives up waiting for it. When the method returns, the connection is closed with 1000; when it throws,
    /// with 1011.
    /// </param>
    public static WebSocketHandler FromDelegate(Func<WebSocketConnection, CancellationToken, Task> serve)
    {
        ArgumentNullException.ThrowIfNull(serve);
        return new Serving(serve);
    }

    // What serves a connection instead of this handler's methods; null if these are called.
    internal virtual Func<WebSocketConnection, CancellationToken, Task>? ServeMethod => null;

    /// <summary>The connection is open. Called before any of its messages; what is sent here goes out first.</summary>
    public virtual void OnOpened(WebSocketConnection connection)
    {
    }

    /// <summary>A message has arrived: the fastest way to get it.</summary>
    /// <param name="connection">Where it came from.</param>
    /// <param name="payload">
    /// The payload where it lies in the receive buffer, valid only during the call. Of a text message it is valid UTF-8.
    /// </param>
    /// <param name="kind">What the message is.</param>
    /// <remarks>
    /// Unless overridden, hands a message in memory of its own to <see cref="OnMessageAsync"/>. An override may call
    /// this method once, to do the same.
    /// </remarks>
    public virtual void OnMessage(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
        connection.HandOver(payload, kind, endOfMessage: true);

    /// <summary>A message has arrived. Until the returned task completes, no other is delivered on the connection.</summary>
    /// <param name="connection">Where it came from.</param>
    /// <param name="message">The message; its payload is valid until the returned task completes.</param>
    public virtual ValueTask OnMessageAsync(WebSocketConnection connection, WebSocketMessage message) => default;

    /// <summary>
    /// A piece of a message has arrived; called instead of <see cref="OnMessage"/> if
    /// <see cref="WebSocketConnectionOptions.DeliverFragments"/> is set.
    /// </summary>
    /// <param name="connection">Where it came from.</param>
    /// <param name="payload">The piece where it lies in the receive buffer, valid only during the call.</param>
    /// <param name="kind">What the message is.</param>
    /// <param name="endOfMessage">Whether this is the last piece.</param>
    /// <remarks>Unless overridden, hands the piece in memory of its own to <see cref="OnFragmentAsync"/>.</remarks>
    public virtual void OnFragment(
        WebSocketConnection connection, ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage) =>
        connection.HandOver(payload, kind, endOfMessage);

    /// <summary>A piece of a message has arrived. Until the returned task completes, no other is delivered.</summary>
    /// <param name="connection">Where it came from.</param>
    /// <param name="fragment">The piece; its payload is valid until the returned task completes.</param>
    public virtual ValueTask OnFragmentAsync(WebSocketConnection connection, WebSocketFragment fragment) => default;

    /// <summary>A ping has arrived. It is answered before this call, unless the options say otherwise.</summary>
    /// <param name="connection">Where it came from.</param>
    /// <param name="payload">0 to 125 bytes, valid only during the call.</param>
    /// <remarks>Called when the ping arrives, which may be before earlier messages have been delivered.</remarks>
    public virtual void OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload)
    {
    }

    /// <summary>A pong has arrived, whether or not it was asked for.</summary>
    /// <param name="connection">Where it came from.</param>
    /// <param name="payload">0 to 125 bytes, valid only during the call.</param>
    /// <remarks>Called when the pong arrives, which may be before earlier messages have been delivered.</remarks>
    public virtual void OnPong(WebSocketConnection connection, ReadOnlySpan<byte> payload)
    {
    }

    /// <summary>The connection has ended: the last call for it, after all its messages.</summary>
    /// <remarks>
    /// Called when all other calls for the connection have returned: in place if the end came from the transport, and else on the
    /// thread pool or on the thread whose call was the last to return.
    /// </remarks>
    public virtual void OnClosed(WebSocketConnection connection, WebSocketCloseResult result)
    {
    }

    // Lets a method go wherever a handler goes. None of its other methods is called.
    private sealed class Serving(Func<WebSocketConnection, CancellationToken, Task> serve) : WebSocketHandler
    {
        internal override Func<WebSocketConnection, CancellationToken, Task> ServeMethod => serve;
    }
}
