using System.Runtime.CompilerServices;
using System.Text;
using Sockeye.Client;
using Sockeye.Client.Reconnecting;
using Sockeye.Connections.Lifecycle;

namespace Sockeye;

/// <summary>A client that connects again whenever its connection is lost: the same object all the time.</summary>
/// <remarks>
/// <para>
/// What is waited between two attempts is random, and grows with each failure; the server's wishes are heeded (close codes
/// 1012 and 1013, Retry-After).
/// </para>
/// <para>Thread-safe, but for one enumeration of messages at a time.</para>
/// <para>
/// A message is sent at most once. One that a connection has accepted and not brought to the peer when it was lost is lost
/// too: what must not be lost needs an answer from the peer's application.
/// </para>
/// </remarks>
public sealed class WebSocketReconnectingClient : IAsyncDisposable
{
    private readonly ReconnectLoop _loop;
    private readonly bool _hasHandler;

    /// <summary>Makes a client; it does nothing until it is started.</summary>
    /// <param name="address">As for <see cref="WebSocketClient"/>.</param>
    /// <param name="options">When to connect again, and how; <see langword="null"/> for the defaults.</param>
    /// <param name="handler">
    /// Receives the messages of all connections; <see langword="null"/> if they are asked for. Needed with
    /// <see cref="WebSocketConnectionOptions.DeliverFragments"/>: <see cref="ReadAllAsync"/> has whole messages only.
    /// </param>
    /// <exception cref="ArgumentException">The address cannot be used, or options contradict each other or the address.</exception>
    [OverloadResolutionPriority(1)]
    public WebSocketReconnectingClient(
        Uri address, WebSocketReconnectOptions? options = null, WebSocketHandler? handler = null)
        : this(ClientAddress.Parse(address), options, handler)
    {
    }

    /// <summary>Makes a client; it does nothing until it is started.</summary>
    /// <param name="address">As for the other overload.</param>
    /// <param name="options">As for the other overload.</param>
    /// <param name="handler">As for the other overload.</param>
    /// <exception cref="ArgumentException">The address cannot be used, or options contradict each other or the address.</exception>
    [OverloadResolutionPriority(1)]
    public WebSocketReconnectingClient(
        string address, WebSocketReconnectOptions? options = null, WebSocketHandler? handler = null)
        : this(ClientAddress.Parse(address), options, handler)
    {
    }

    /// <summary>Makes a client with a handler and the default options.</summary>
    /// <param name="address">As for the other overload.</param>
    /// <param name="handler">Receives the messages of all connections.</param>
    /// <exception cref="ArgumentException">The address cannot be used.</exception>
    public WebSocketReconnectingClient(Uri address, WebSocketHandler handler)
        : this(ClientAddress.Parse(address), null, handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
    }

    /// <summary>Makes a client with a handler and the default options.</summary>
    /// <param name="address">As for the other overload.</param>
    /// <param name="handler">Receives the messages of all connections.</param>
    /// <exception cref="ArgumentException">The address cannot be used.</exception>
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

    /// <summary>How it is at this moment.</summary>
    public WebSocketReconnectStatus Status => _loop.Status;

    /// <summary>The connection that is open, or was last; <see langword="null"/> before the first.</summary>
    public WebSocketConnection? Connection => _loop.Connection;

    /// <summary>How many bytes are kept for the next connection.</summary>
    public long QueueLength => _loop.Outbox.QueueLength;

    /// <summary>Completes when the client is closed, or has given up: with the last that happened. Never fails.</summary>
    public Task<WebSocketDisconnect> Closed => _loop.Closed;

    /// <summary>Begins to connect, if it has not, and waits for the first connection.</summary>
    /// <param name="cancellationToken">Ends the wait alone; <see cref="CloseAsync"/> ends the client.</param>
    /// <exception cref="WebSocketHandshakeException">Connecting failed in a way that is not tried again.</exception>
    /// <exception cref="ObjectDisposedException">The client was closed before there was a connection.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        _loop.Start();
        await _loop.Opened.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a text message.</summary>
    /// <param name="text">The text; a lone surrogate becomes U+FFFD.</param>
    /// <param name="cancellationToken">Takes the message back, as long as it waits.</param>
    /// <returns>
    /// A task that completes when a connection has accepted the message, or it is kept for the next
    /// (<see cref="WebSocketReconnectOptions.MaxQueueLength"/>); until then it waits.
    /// </returns>
    /// <exception cref="WebSocketClosedException">The client is closed, or has given up.</exception>
    /// <exception cref="WebSocketHandshakeException">The client has given up, since it could not connect.</exception>
    /// <exception cref="ObjectDisposedException">The client was closed while there was no connection.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public ValueTask SendAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageKind.Text, cancellationToken);
    }

    /// <summary>Sends a text message that is UTF-8 already.</summary>
    /// <param name="utf8">The text. Do not change it until the task completes. It is not validated.</param>
    /// <param name="cancellationToken">Takes the message back, as long as it waits.</param>
    /// <returns>As for the other overload.</returns>
    /// <exception cref="WebSocketClosedException">The client is closed, or has given up.</exception>
    /// <exception cref="WebSocketHandshakeException">The client has given up, since it could not connect.</exception>
    /// <exception cref="ObjectDisposedException">The client was closed while there was no connection.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public ValueTask SendTextAsync(ReadOnlyMemory<byte> utf8, CancellationToken cancellationToken = default) =>
        SendAsync(utf8, WebSocketMessageKind.Text, cancellationToken);

    /// <summary>Sends a binary message.</summary>
    /// <param name="payload">The payload. Do not change it until the task completes.</param>
    /// <param name="cancellationToken">Takes the message back, as long as it waits.</param>
    /// <returns>As for the other overload.</returns>
    /// <exception cref="WebSocketClosedException">The client is closed, or has given up.</exception>
    /// <exception cref="WebSocketHandshakeException">The client has given up, since it could not connect.</exception>
    /// <exception cref="ObjectDisposedException">The client was closed while there was no connection.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        SendAsync(payload, WebSocketMessageKind.Binary, cancellationToken);

    /// <summary>Sends a message of either kind.</summary>
    /// <param name="payload">The payload. Do not change it until the task completes. Text must be UTF-8.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="cancellationToken">Takes the message back, as long as it waits.</param>
    /// <returns>As for the other overload.</returns>
    /// <exception cref="WebSocketClosedException">The client is closed, or has given up.</exception>
    /// <exception cref="WebSocketHandshakeException">The client has given up, since it could not connect.</exception>
    /// <exception cref="ObjectDisposedException">The client was closed while there was no connection.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, CancellationToken cancellationToken = default) =>
        kind is WebSocketMessageKind.Text or WebSocketMessageKind.Binary
            ? _loop.Outbox.SendAsync(payload, kind, cancellationToken)
            : throw new ArgumentOutOfRangeException(nameof(kind), kind, "Must be text or binary.");

    /// <summary>
    /// Receives message after message, of one connection after the other, until the application closes the client. One
    /// enumeration at a time.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait. Nothing is lost: another enumeration gets what comes next.</param>
    /// <returns>The messages. The payload of each is valid until the next is asked for.</returns>
    /// <remarks>
    /// <para>
    /// All messages of a connection come before those of the next. When 16 connections have ended with messages that were not
    /// received, the client does not connect again until the application receives. If a send waits for a connection, the client
    /// connects all the same, drops the messages of the oldest connection, and logs a warning.
    /// </para>
    /// <para>
    /// The enumeration ends without an exception only if the application closed: by <see cref="CloseAsync"/>, by disposal, or by
    /// closing the <see cref="Connection"/>. If the client gave up (<see cref="WebSocketReconnectOptions.ShouldReconnect"/>), it
    /// throws the reason. An exception of a callback is thrown as it is.
    /// </para>
    /// </remarks>
    /// <exception cref="WebSocketClosedException">
    /// The client has given up after its last connection ended, whatever the close code, 1000 included. The result has the
    /// code and the reason. Thrown after every message that was received.
    /// </exception>
    /// <exception cref="WebSocketHandshakeException">The client has given up, because it could not connect.</exception>
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

    /// <summary>Closes the connection that is open, ends an attempt or a wait, and connects no more.</summary>
    /// <param name="code">As for <see cref="WebSocketConnection.CloseAsync"/>.</param>
    /// <param name="reason">As for <see cref="WebSocketConnection.CloseAsync"/>.</param>
    /// <param name="cancellationToken">Ends the wait; the client is being closed all the same.</param>
    /// <remarks>What is kept for the next connection is dropped.</remarks>
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

    /// <summary>Closes the client with 1000, and waits until its connection has ended.</summary>
    public async ValueTask DisposeAsync()
    {
        _loop.Inbox.Discard();
        await CloseAsync().ConfigureAwait(false);
    }
}
