using System.Runtime.CompilerServices;
using System.Text;
using Sockeye.Client;
using Sockeye.Client.Reconnecting;
using Sockeye.Connections.Lifecycle;

namespace Sockeye;

/// <summary>A client that reconnects when its connection is lost; the application keeps the same object.</summary>
/// <remarks>
/// <para>
/// The delay between two attempts is random and grows with each failure. The client respects the delays that a server requests
/// (close codes 1012 and 1013, Retry-After).
/// </para>
/// <para>Thread-safe, except that messages are enumerated once at a time.</para>
/// <para>
/// A message is sent at most once. One that a connection had accepted but not yet transmitted when it was lost is lost too: if
/// messages must arrive, let the peer's application acknowledge them.
/// </para>
/// </remarks>
public sealed class WebSocketReconnectingClient : IAsyncDisposable
{
    private readonly ReconnectLoop _loop;
    private readonly bool _hasHandler;

    /// <summary>Creates a client, which does nothing until it is started.</summary>
    /// <param name="address">The address, as for <see cref="WebSocketClient"/>.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <param name="handler">
    /// Receives the messages of all connections; <see langword="null"/> to receive them with <see cref="ReadAllAsync"/>. Required
    /// with <see cref="WebSocketConnectionOptions.DeliverFragments"/>: <see cref="ReadAllAsync"/> returns whole messages only.
    /// </param>
    /// <exception cref="ArgumentException">The address is invalid, or options contradict each other or the address.</exception>
    [OverloadResolutionPriority(1)]
    public WebSocketReconnectingClient(
        Uri address, WebSocketReconnectOptions? options = null, WebSocketHandler? handler = null)
        : this(ClientAddress.Parse(address), options, handler)
    {
    }

    /// <summary>Creates a client, which does nothing until it is started.</summary>
    /// <param name="address">As for the other overload.</param>
    /// <param name="options">As for the other overload.</param>
    /// <param name="handler">As for the other overload.</param>
    /// <exception cref="ArgumentException">The address is invalid, or options contradict each other or the address.</exception>
    [OverloadResolutionPriority(1)]
    public WebSocketReconnectingClient(
        string address, WebSocketReconnectOptions? options = null, WebSocketHandler? handler = null)
        : this(ClientAddress.Parse(address), options, handler)
    {
    }

    /// <summary>Creates a client with a handler and the default options.</summary>
    /// <param name="address">As for the other overload.</param>
    /// <param name="handler">Receives the messages of all connections.</param>
    /// <exception cref="ArgumentException">The address is invalid.</exception>
    public WebSocketReconnectingClient(Uri address, WebSocketHandler handler)
        : this(ClientAddress.Parse(address), null, handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
    }

    /// <summary>Creates a client with a handler and the default options.</summary>
    /// <param name="address">As for the other overload.</param>
    /// <param name="handler">Receives the messages of all connections.</param>
    /// <exception cref="ArgumentException">The address is invalid.</exception>
    public WebSocketReconnectingClient(string address, WebSocketHandler handler)
        : this(ClientAddress.Parse(address), null, handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
    }

    private WebSocketReconnectingClient(
        ClientAddress address, WebSocketReconnectOptions? options, WebSocketHandler? handler)
    {
        options ??= WebSocketReconnectOptions.Default;
        _hasHandler = handler is not null;
        ClientOptionConflicts.Check(options, address, _hasHandler);
        _loop = new ReconnectLoop(address, options, handler);
    }

    /// <summary>The current status.</summary>
    public WebSocketReconnectStatus Status => _loop.Status;

    /// <summary>The open connection, or the last one; <see langword="null"/> before the first.</summary>
    public WebSocketConnection? Connection => _loop.Connection;

    /// <summary>The number of bytes that are kept for the next connection.</summary>
    public long QueueLength => _loop.Outbox.QueueLength;

    /// <summary>
    /// Completes when the client has closed or has stopped reconnecting, with the last disconnect. Never fails.
    /// </summary>
    public Task<WebSocketDisconnect> Closed => _loop.Closed;

    /// <summary>Starts to connect, unless it was started before, and waits for the first connection.</summary>
    /// <remarks>
    /// While failures may be temporary (<see cref="WebSocketReconnectOptions.ShouldReconnect"/>), the client tries again and the wait goes
    /// on: pass a token to limit it.
    /// </remarks>
    /// <param name="cancellationToken">Cancels the wait only; <see cref="CloseAsync"/> ends the client.</param>
    /// <exception cref="WebSocketHandshakeException">Connecting failed, and the client does not try again.</exception>
    /// <exception cref="WebSocketClosedException">The client was closed before there was a connection.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        _loop.Start();
        await _loop.Opened.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a text message.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="cancellationToken">Cancels the send while it waits; the message is then not sent.</param>
    /// <returns>
    /// A task that completes when a connection has accepted the message, or the message is kept for the next one
    /// (<see cref="WebSocketReconnectOptions.MaxQueueLength"/>).
    /// </returns>
    /// <exception cref="WebSocketClosedException">The client is closed, or has stopped reconnecting.</exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The client has stopped reconnecting because it could not connect.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public ValueTask SendAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageKind.Text, cancellationToken);
    }

    /// <summary>Sends a text message that is UTF-8 already.</summary>
    /// <param name="utf8">The text. Do not change it until the task completes. It is not validated.</param>
    /// <param name="cancellationToken">Cancels the send while it waits; the message is then not sent.</param>
    /// <returns>As for the other overload.</returns>
    /// <exception cref="WebSocketClosedException">The client is closed, or has stopped reconnecting.</exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The client has stopped reconnecting because it could not connect.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public ValueTask SendTextAsync(ReadOnlyMemory<byte> utf8, CancellationToken cancellationToken = default) =>
        SendAsync(utf8, WebSocketMessageKind.Text, cancellationToken);

    /// <summary>Sends a binary message.</summary>
    /// <param name="payload">The payload. Do not change it until the task completes.</param>
    /// <param name="cancellationToken">Cancels the send while it waits; the message is then not sent.</param>
    /// <returns>As for the other overload.</returns>
    /// <exception cref="WebSocketClosedException">The client is closed, or has stopped reconnecting.</exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The client has stopped reconnecting because it could not connect.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        SendAsync(payload, WebSocketMessageKind.Binary, cancellationToken);

    /// <summary>Sends a message of either kind.</summary>
    /// <param name="payload">The payload. Do not change it until the task completes. Text must be UTF-8.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="cancellationToken">Cancels the send while it waits; the message is then not sent.</param>
    /// <returns>As for the other overload.</returns>
    /// <exception cref="WebSocketClosedException">The client is closed, or has stopped reconnecting.</exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The client has stopped reconnecting because it could not connect.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, CancellationToken cancellationToken = default) =>
        kind is WebSocketMessageKind.Text or WebSocketMessageKind.Binary
            ? _loop.Outbox.SendAsync(payload, kind, cancellationToken)
            : throw new ArgumentOutOfRangeException(nameof(kind), kind, "Must be text or binary.");

    /// <summary>
    /// Receives the messages of all connections, one connection after the other, until the application closes the client. Only
    /// one enumeration at a time.
    /// </summary>
    /// <param name="cancellationToken">
    /// Cancels the wait. Nothing is lost: another enumeration continues with the next message.
    /// </param>
    /// <returns>The messages. The payload of each is valid until the next one is requested.</returns>
    /// <remarks>
    /// <para>
    /// All messages of a connection come before those of the next. When 16 connections have ended with unread messages, the
    /// client does not connect again until the application receives. If a send waits for a connection, the client connects
    /// anyway, drops the messages of the oldest connection, and logs a warning.
    /// </para>
    /// <para>
    /// The enumeration ends without an exception only if the application closed: by <see cref="CloseAsync"/>, by disposal, or by
    /// closing the <see cref="Connection"/>. If the client stopped reconnecting
    /// (<see cref="WebSocketReconnectOptions.ShouldReconnect"/>), it throws the reason. The exception of a callback is thrown
    /// unchanged.
    /// </para>
    /// </remarks>
    /// <exception cref="WebSocketClosedException">
    /// The client stopped reconnecting after its last connection ended, whatever the close code, 1000 included. The result has
    /// the code and the reason. Thrown after every received message has been returned.
    /// </exception>
    /// <exception cref="WebSocketHandshakeException">
    /// The client has stopped reconnecting because it could not connect.
    /// </exception>
    /// <exception cref="InvalidOperationException">The client has a handler.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async IAsyncEnumerable<WebSocketMessage> ReadAllAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (_hasHandler)
        {
            throw new InvalidOperationException("The client has a handler, which receives its messages.");
        }

        while (await _loop.Inbox.ReceiveAsync(cancellationToken).ConfigureAwait(false) is { } message)
        {
            yield return message;
        }
    }

    /// <summary>Closes the open connection, cancels an attempt or a delay, and stops reconnecting.</summary>
    /// <param name="code">As for <see cref="WebSocketConnection.CloseAsync"/>.</param>
    /// <param name="reason">As for <see cref="WebSocketConnection.CloseAsync"/>.</param>
    /// <param name="cancellationToken">Cancels the wait; the client continues to close.</param>
    /// <remarks>Messages that are kept for the next connection are dropped.</remarks>
    /// <exception cref="ArgumentException">
    /// The code must not be sent, the reason is too long, or there is a reason without a code.
    /// </exception>
    public async Task CloseAsync(
        WebSocketCloseCode? code = WebSocketCloseCode.NormalClosure, string? reason = null,
        CancellationToken cancellationToken = default)
    {
        _ = CloseArguments.Check(code, reason);
        await _loop.CloseAsync(code, reason, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes the client with code 1000, and waits until its connection has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        _loop.Inbox.Discard();
        await CloseAsync().ConfigureAwait(false);
    }
}
