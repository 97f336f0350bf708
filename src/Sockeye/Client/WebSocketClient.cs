using System.Runtime.CompilerServices;
using Sockeye.Client;

namespace Sockeye;

/// <summary>Opens connections to WebSocket servers (RFC 6455 §4.1).</summary>
/// <remarks>
/// HTTP and proxies are <see cref="SocketsHttpHandler"/>'s; every header of the server's response is checked here. Redirects
/// are followed if the options say so.
/// </remarks>
// The priorities let `ConnectAsync(address, new() { … })` mean options: `new()` alone converts to any type.
public static class WebSocketClient
{
    /// <summary>Opens a connection whose messages are asked for.</summary>
    /// <param name="address">
    /// <c>ws</c>, <c>wss</c>, <c>http</c> or <c>https</c>, without a fragment (RFC 6455 §3); or the path of a Unix socket,
    /// a colon, and that of the request: <c>ws+unix:/path/to/socket:/path?query</c>. In place of the socket, on Windows,
    /// <c>\\server\pipe\name</c>.
    /// </param>
    /// <param name="options">What to ask for; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection, open. Messages that arrive before the first receive are kept.</returns>
    /// <exception cref="ArgumentException">The address or an option cannot be used; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The server could not be reached, did not respond in time, or sent an invalid response.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(2)]
    public static Task<WebSocketConnection> ConnectAsync(
        Uri address, WebSocketClientOptions? options = null, CancellationToken cancellationToken = default) =>
        ClientConnector.ConnectAsync(
            ClientAddress.Parse(address), options ?? WebSocketClientOptions.OwnDefault, null, cancellationToken);

    /// <summary>Opens a connection whose messages are asked for.</summary>
    /// <param name="address">As for the other overload.</param>
    /// <param name="options">What to ask for; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>As for the other overload.</returns>
    /// <exception cref="ArgumentException">The address or an option cannot be used; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overload.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(2)]
    public static Task<WebSocketConnection> ConnectAsync(
        string address, WebSocketClientOptions? options = null, CancellationToken cancellationToken = default) =>
        ClientConnector.ConnectAsync(
            ClientAddress.Parse(address), options ?? WebSocketClientOptions.OwnDefault, null, cancellationToken);

    /// <summary>Opens a connection with the default options, whose messages are asked for.</summary>
    /// <param name="address">As for the other overloads.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="ArgumentException">The address cannot be used; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overloads.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketConnection> ConnectAsync(Uri address, CancellationToken cancellationToken) =>
        ConnectAsync(address, options: null, cancellationToken);

    /// <summary>Opens a connection with the default options, whose messages are asked for.</summary>
    /// <param name="address">As for the other overloads.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="ArgumentException">The address cannot be used; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overloads.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketConnection> ConnectAsync(string address, CancellationToken cancellationToken) =>
        ConnectAsync(address, options: null, cancellationToken);

    /// <summary>Opens a connection whose messages a handler receives.</summary>
    /// <param name="address">As for the other overloads.</param>
    /// <param name="handler">Receives the messages, from the first.</param>
    /// <param name="options">What to ask for; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection, open. The handler may have been called before this completes.</returns>
    /// <exception cref="ArgumentException">The address or an option cannot be used; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overloads.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketConnection> ConnectAsync(
        Uri address, WebSocketHandler handler, WebSocketClientOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return ClientConnector.ConnectAsync(
            ClientAddress.Parse(address), options ?? WebSocketClientOptions.OwnDefault, handler, cancellationToken);
    }

    /// <summary>Opens a connection whose messages a handler receives.</summary>
    /// <param name="address">As for the other overloads.</param>
    /// <param name="handler">Receives the messages, from the first.</param>
    /// <param name="options">What to ask for; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>As for the other overload with a handler.</returns>
    /// <exception cref="ArgumentException">The address or an option cannot be used; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overloads.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    public static Task<WebSocketConnection> ConnectAsync(
        string address, WebSocketHandler handler, WebSocketClientOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return ClientConnector.ConnectAsync(
            ClientAddress.Parse(address), options ?? WebSocketClientOptions.OwnDefault, handler, cancellationToken);
    }

    /// <summary>Opens a connection with the default options, whose messages a handler receives.</summary>
    /// <param name="address">As for the other overloads.</param>
    /// <param name="handler">Receives the messages, from the first.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>As for the other overloads with a handler.</returns>
    /// <exception cref="ArgumentException">The address cannot be used; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overloads.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketConnection> ConnectAsync(
        Uri address, WebSocketHandler handler, CancellationToken cancellationToken) =>
        ConnectAsync(address, handler, options: null, cancellationToken);

    /// <summary>Opens a connection with the default options, whose messages a handler receives.</summary>
    /// <param name="address">As for the other overloads.</param>
    /// <param name="handler">Receives the messages, from the first.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>As for the other overloads with a handler.</returns>
    /// <exception cref="ArgumentException">The address cannot be used; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overloads.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketConnection> ConnectAsync(
        string address, WebSocketHandler handler, CancellationToken cancellationToken) =>
        ConnectAsync(address, handler, options: null, cancellationToken);
}
