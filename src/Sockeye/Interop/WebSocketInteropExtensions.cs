using System.Net.WebSockets;
using Sockeye.Connections.Receiving;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>Gives a connection to code that is written for <see cref="WebSocket"/> of the platform.</summary>
public static class WebSocketInteropExtensions
{
    /// <summary>Uses the connection as a <see cref="WebSocket"/>, for libraries that are written for that class.</summary>
    /// <param name="connection">The connection. It has no handler, and nothing else receives on it from now on.</param>
    /// <returns>The socket. Dispose it, or close it, when you are done; the connection then needs no disposal of its own.</returns>
    /// <remarks>
    /// <para>
    /// Results, states and exceptions are those of <see cref="WebSocket.CreateFromStream(Stream, WebSocketCreationOptions)"/>, except for
    /// the following.
    /// </para>
    /// <para>
    /// Cancellation does not abort the connection. A canceled receive loses no bytes, a canceled send that has not begun is withdrawn and
    /// may be repeated, and a canceled <see cref="WebSocket.CloseAsync"/> continues to close.
    /// </para>
    /// <para>
    /// One receive may wait at a time: a second one throws an <see cref="InvalidOperationException"/>, and the first continues to wait.
    /// Any number of whole messages may be sent at a time, in the order of the calls. From the first fragment of a message to its last,
    /// one send may be outstanding at a time, and all sends belong to that message. A send completes when its message is in the send
    /// buffer, for which it waits under every policy for slow consumers (<see cref="WebSocketSlowConsumerPolicy"/>). An empty fragment that
    /// does not end its message is not sent.
    /// </para>
    /// <para>
    /// A receive returns the rest of one message. Boundaries between fragments are not kept: by default a message is received when it
    /// is whole, within <see cref="LimitOptions.MaxMessageLength"/>; with <see cref="WebSocketConnectionOptions.DeliverFragments"/> it is
    /// received as it arrives.
    /// </para>
    /// <para>
    /// Every wait on the peer has a deadline. <see cref="WebSocket.CloseAsync"/> fails if the peer does not respond within
    /// <see cref="WebSocketConnectionOptions.CloseTimeout"/>. A peer's Close frame that the application does not reply to within four fifths
    /// of that time is answered with the same code, after which the state is <see cref="WebSocketState.Closed"/>. Messages that arrive
    /// during <see cref="WebSocket.CloseAsync"/> are not discarded while another thread receives.
    /// </para>
    /// <para>
    /// Only codes that RFC 6455 §7.4 allows are sent, and <see cref="WebSocketCloseStatus.Empty"/> sends a Close frame without a code.
    /// <see cref="WebSocket.Dispose"/> aborts an open connection; one that is closing completes its closing handshake.
    /// </para>
    /// </remarks>
    /// <exception cref="InvalidOperationException">The connection has a handler.</exception>
    public static WebSocket AsWebSocket(this WebSocketConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return new ConnectionWebSocket(connection, connection.Core.Pull ?? throw ReceiveErrors.CreateHandled());
    }

    /// <summary>The same for code that relies on what the platform's class does in every respect: see <see cref="PlatformWebSocket"/>.</summary>
    internal static WebSocket AsPlatformWebSocket(this WebSocketConnection connection) =>
        new PlatformWebSocket(connection, connection.Core.Pull ?? throw ReceiveErrors.CreateHandled());
}
