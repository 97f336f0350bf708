using System.Runtime.CompilerServices;

namespace Sockeye.Hosting;

/// <summary>
/// The connections that the <see cref="WebSocketAcceptor"/> of an application has accepted, for any service that sends to all of them or
/// to some. Registered by <c>AddSockeye</c>.
/// </summary>
/// <remarks>
/// Thread-safe. Connections of servers that <c>AddSockeyeServer</c> registers are not among them: those have a
/// <see cref="WebSocketServer"/>, a keyed service with the server's name.
/// </remarks>
public interface IWebSocketConnections
{
    /// <summary>
    /// The number of open connections; 0 if they are not tracked (see <see cref="WebSocketAcceptorOptions.TrackConnections"/>).
    /// </summary>
    int Count { get; }

    /// <summary>Returns the open connections: a copy, made by each call; empty if they are not tracked.</summary>
    IReadOnlyCollection<WebSocketConnection> GetConnections();

    /// <summary>
    /// Sends a message to connections without waiting, with a key or its own policy for slow consumers. By default, a connection whose send
    /// buffer is full misses the message.
    /// </summary>
    /// <param name="message">The message, which is framed and compressed once for all connections.</param>
    /// <param name="options">How it is sent on each connection.</param>
    /// <param name="where">
    /// Selects the connections; <see langword="null"/> for all. All but one: <c>other => other != connection</c>.
    /// </param>
    /// <returns>The number of connections that have accepted the message: those that dropped it are not counted.</returns>
    [OverloadResolutionPriority(1)]
    int Broadcast(WebSocketPreparedMessage message, WebSocketSendOptions options, Func<WebSocketConnection, bool>? where = null);

    /// <summary>Sends a message to connections without waiting, as the other overload does.</summary>
    /// <param name="message">The message, which is framed and compressed once for all connections.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    int Broadcast(WebSocketPreparedMessage message, Func<WebSocketConnection, bool>? where = null) => Broadcast(message, default, where);

    /// <summary>Sends a text message to connections, as the other overloads do.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    int Broadcast(string text, Func<WebSocketConnection, bool>? where = null) => Broadcast(WebSocketPreparedMessage.Text(text), default, where);

    /// <summary>Sends a binary message to connections, as the other overloads do.</summary>
    /// <param name="payload">The payload; not used after the call returns.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    int Broadcast(ReadOnlySpan<byte> payload, Func<WebSocketConnection, bool>? where = null) =>
        Broadcast(payload, WebSocketMessageKind.Binary, where);

    /// <summary>Sends a text or binary message to connections, as the other overloads do.</summary>
    /// <param name="payload">The payload; not used after the call returns. Text must be UTF-8, which is not validated.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    int Broadcast(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, Func<WebSocketConnection, bool>? where = null) =>
        Broadcast(WebSocketPreparedMessage.Create(payload, kind), default, where);

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
    Task<int> BroadcastAsync(
        WebSocketPreparedMessage message, WebSocketSendOptions options, Func<WebSocketConnection, bool>? where = null,
        CancellationToken cancellationToken = default);

    /// <summary>Sends a message to connections, and waits until the slowest of them has accepted or dropped it.</summary>
    /// <param name="message">The message, which is framed and compressed once for all connections.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message. A connection that ends at the same time is not an error.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    Task<int> BroadcastAsync(
        WebSocketPreparedMessage message, Func<WebSocketConnection, bool>? where = null, CancellationToken cancellationToken = default) =>
        BroadcastAsync(message, default, where, cancellationToken);

    /// <summary>Sends a message to all connections, and waits until the slowest of them has accepted it.</summary>
    /// <param name="message">The message, which is framed and compressed once for all connections.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    Task<int> BroadcastAsync(WebSocketPreparedMessage message, CancellationToken cancellationToken) =>
        BroadcastAsync(message, default, where: null, cancellationToken);

    /// <summary>Sends a text message to connections, and waits until the slowest of them has accepted it.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    Task<int> BroadcastAsync(
        string text, Func<WebSocketConnection, bool>? where = null, CancellationToken cancellationToken = default) =>
        BroadcastAsync(WebSocketPreparedMessage.Text(text), default, where, cancellationToken);

    /// <summary>Sends a text message to all connections, and waits until the slowest of them has accepted it.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    Task<int> BroadcastAsync(string text, CancellationToken cancellationToken) =>
        BroadcastAsync(WebSocketPreparedMessage.Text(text), default, where: null, cancellationToken);

    /// <summary>Sends a text or binary message to connections, and waits until the slowest of them has accepted it.</summary>
    /// <param name="payload">The payload; not used after the call returns. Text must be UTF-8, which is not validated.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="where">Selects the connections; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    Task<int> BroadcastAsync(
        ReadOnlySpan<byte> payload, WebSocketMessageKind kind, Func<WebSocketConnection, bool>? where = null,
        CancellationToken cancellationToken = default) =>
        BroadcastAsync(WebSocketPreparedMessage.Create(payload, kind), default, where, cancellationToken);

    /// <summary>Sends a text or binary message to all connections, and waits until the slowest of them has accepted it.</summary>
    /// <param name="payload">The payload; not used after the call returns. Text must be UTF-8, which is not validated.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="cancellationToken">Withdraws the message from connections that have not accepted it.</param>
    /// <returns>The number of connections that have accepted the message.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    Task<int> BroadcastAsync(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, CancellationToken cancellationToken) =>
        BroadcastAsync(WebSocketPreparedMessage.Create(payload, kind), default, where: null, cancellationToken);
}
