using System.Runtime.CompilerServices;
using Sockeye.Client;

namespace Sockeye;

/// <summary>Opens connections to WebSocket servers (RFC 6455 §4.1).</summary>
/// <remarks>
/// <see cref="SocketsHttpHandler"/> implements HTTP and proxies; Sockeye checks every header of the server's response. Redirects
/// are followed if the options allow it.
/// </remarks>
// The priorities let `ConnectAsync(address, new() { … })` mean options: `new()` alone converts to any type.
public static class WebSocketClient
{
    /// <summary>Opens a connection from which the application receives messages.</summary>
    /// <param name="address">
    /// An address with the scheme <c>ws</c>, <c>wss</c>, <c>http</c> or <c>https</c>, without a fragment (RFC 6455 §3); or the
    /// path of a Unix socket, a colon, and the path of the request: <c>ws+unix:/path/to/socket:/path?query</c>. On Windows, a
    /// named pipe <c>\\server\pipe\name</c> can take the place of the socket.
    /// </param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>The open connection. Messages that arrive before the first receive are kept.</returns>
    /// <exception cref="ArgumentException">The address or an option is invalid; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The server could not be reached, did not respond in time, or sent an invalid response.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(2)]
    public static Task<WebSocketConnection> ConnectAsync(
        Uri address, WebSocketClientOptions? options = null, CancellationToken cancellationToken = default) =>
        ClientConnector.ConnectAsync(
            ClientAddress.Parse(address), options ?? WebSocketClientOptions.OwnDefault, null, cancellationToken);

    /// <summary>Opens a connection from which the application receives messages.</summary>
    /// <param name="address">As for the other overload.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>As for the other overload.</returns>
    /// <exception cref="ArgumentException">The address or an option is invalid; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overload.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(2)]
    public static Task<WebSocketConnection> ConnectAsync(
        string address, WebSocketClientOptions? options = null, CancellationToken cancellationToken = default) =>
        ClientConnector.ConnectAsync(
            ClientAddress.Parse(address), options ?? WebSocketClientOptions.OwnDefault, null, cancellationToken);

    /// <summary>Opens a connection with the default options, from which the application receives messages.</summary>
    /// <param name="address">As for the other overloads.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="ArgumentException">The address is invalid; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overloads.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketConnection> ConnectAsync(Uri address, CancellationToken cancellationToken) =>
        ConnectAsync(address, options: null, cancellationToken);

    /// <summary>Opens a connection with the default options, from which the application receives messages.</summary>
    /// <param name="address">As for the other overloads.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="ArgumentException">The address is invalid; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overloads.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketConnection> ConnectAsync(string address, CancellationToken cancellationToken) =>
        ConnectAsync(address, options: null, cancellationToken);

    /// <summary>Opens a connection whose messages a handler receives.</summary>
    /// <param name="address">As for the other overloads.</param>
    /// <param name="handler">Receives all messages, including the first.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>The open connection. The handler may have been called before this completes.</returns>
    /// <exception cref="ArgumentException">The address or an option is invalid; nothing was sent.</exception>
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
    /// <param name="handler">Receives all messages, including the first.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>As for the other overload with a handler.</returns>
    /// <exception cref="ArgumentException">The address or an option is invalid; nothing was sent.</exception>
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
    /// <param name="handler">Receives all messages, including the first.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>As for the other overloads with a handler.</returns>
    /// <exception cref="ArgumentException">The address is invalid; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overloads.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketConnection> ConnectAsync(
        Uri address, WebSocketHandler handler, CancellationToken cancellationToken) =>
        ConnectAsync(address, handler, options: null, cancellationToken);

    /// <summary>Opens a connection with the default options, whose messages a handler receives.</summary>
    /// <param name="address">As for the other overloads.</param>
    /// <param name="handler">Receives all messages, including the first.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <returns>As for the other overloads with a handler.</returns>
    /// <exception cref="ArgumentException">The address is invalid; nothing was sent.</exception>
    /// <exception cref="WebSocketHandshakeException">As for the other overloads.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public static Task<WebSocketConnection> ConnectAsync(
        string address, WebSocketHandler handler, CancellationToken cancellationToken) =>
        ConnectAsync(address, handler, options: null, cancellationToken);
}
