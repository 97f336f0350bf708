namespace Sockeye;

/// <summary>
/// Handles the control frames of connections (RFC 6455 §5.5), whichever way their messages are received: set
/// <see cref="WebSocketConnection.ControlFrames"/>.
/// </summary>
/// <remarks>
/// <para>
/// One instance may serve any number of connections. The methods are called in place, on the thread that reads from the transport, and
/// must not block; calls for one connection come one at a time. Control frames are handled when they arrive, which may be before earlier
/// messages have been received. An exception that leaves a method fails its connection with 1011, and is logged.
/// </para>
/// </remarks>
public abstract class WebSocketControlFrameHandler
{
    /// <summary>Called for each ping that has arrived, before its pong is sent.</summary>
    /// <param name="connection">The connection that it arrived on.</param>
    /// <param name="payload">0 to 125 bytes, valid only during the call.</param>
    /// <returns>
    /// Whether the connection sends the pong. If not, send it with <see cref="WebSocketConnection.PongAsync"/>: RFC 6455 §5.5.2 requires a
    /// response, and a peer without one may abort. Ignored if <see cref="WebSocketConnectionOptions.AnswerPings"/> is off.
    /// </returns>
    public virtual bool OnPing(WebSocketConnection connection, ReadOnlySpan<byte> payload) => true;

    /// <summary>Called for each pong that has arrived, solicited or not.</summary>
    /// <param name="connection">The connection that it arrived on.</param>
    /// <param name="payload">0 to 125 bytes, valid only during the call.</param>
    public virtual void OnPong(WebSocketConnection connection, ReadOnlySpan<byte> payload)
    {
    }

    /// <summary>Called when the peer's Close frame has arrived, before this end responds to it.</summary>
    /// <param name="connection">The connection that it arrived on.</param>
    /// <param name="code">The code; <see cref="WebSocketCloseCode.NoStatusReceived"/> if the frame has none.</param>
    /// <param name="reason">The reason; empty if there is none. Text of the peer: escape it before you log it.</param>
    public virtual void OnClose(WebSocketConnection connection, WebSocketCloseCode code, string reason)
    {
    }
}
