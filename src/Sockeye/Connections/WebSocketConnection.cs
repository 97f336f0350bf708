// Long because it is the whole public face of a connection: most lines are its documentation.
using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using JetBrains.Annotations;
using Sockeye.Connections;
using Sockeye.Connections.Lifecycle;
using Sockeye.Connections.Receiving;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye;

/// <summary>An open WebSocket connection, of a client or a server (RFC 6455).</summary>
/// <remarks>
/// <para>
/// Any thread may send at any time. Messages are sent whole, and the messages of one sender in the order of its calls. Only one
/// receive may wait at a time. Canceling a call does not harm the connection: a send that has not begun is withdrawn, a send
/// that has begun is completed, and a canceled receive loses no message.
/// </para>
/// <para>
/// The connection responds to pings whether or not the application receives. It responds to the peer's Close frame when the
/// application has received all messages before it and asks for the next, or after
/// <see cref="WebSocketConnectionOptions.CloseReplyDelay"/>: until then the application can still send. The same applies to the
/// Close frame that this end sends when the peer has broken a rule.
/// </para>
/// <para>
/// Messages that arrived before the end are delivered before the end, however the connection ended. Only <see cref="Abort"/>,
/// disposal and a handler that throws drop them.
/// </para>
/// </remarks>
public sealed class WebSocketConnection : IAsyncDisposable, IApplication
{
    // A text of up to 340 characters; longer ones are encoded into a rented buffer.
    private const int MaxLengthOnStack = 1_024;

    // A server's request, packed or not, or a client's response. The first property that needs more replaces it by a ConnectionDetails.
    private object? _opening;

    // Replaced once, when the connection opens, if each connection has a handler of its own.
    private WebSocketHandler? _handler;

    internal WebSocketConnection(
        Transport transport, ConnectionSettings settings, WebSocketHandler? handler, string? subprotocol = null,
        PerMessageDeflateParameters? deflate = null, object? opening = null)
    {
        Id = settings.Numbers.Next();
        _opening = opening;
        Subprotocol = subprotocol;
        _handler = handler;
        Core = new ConnectionCore(this, transport, settings, isPulled: handler is null or { ServeMethod: not null }, deflate);
    }

    /// <summary>
    /// Raised when the peer becomes slow: a message has found the send buffer at its limit
    /// (<see cref="LimitOptions.MaxSendBufferLength"/>), or has replaced another that waits. From then on messages wait, or are refused,
    /// dropped or replaced, depending on the policy (<see cref="SlowConsumerOptions"/>).
    /// </summary>
    /// <remarks>
    /// This event and <see cref="CaughtUp"/> are raised in turn on the thread pool, one at a time for each connection, soon after what
    /// they report. A peer that catches up and becomes slow again while a listener runs is not reported again. A listener may send. If
    /// it throws, the exception is logged and the connection fails with 1011. A connection with a listener needs about 250 bytes more.
    /// </remarks>
    public event Action<WebSocketConnection>? BecameSlow
    {
        add => Core.SlowConsumer.Change(isSlow: true, value, adds: true);
        remove => Core.SlowConsumer.Change(isSlow: true, value, adds: false);
    }

    /// <summary>
    /// Raised when a slow peer has caught up: the send buffer has drained to half of its limit, and all messages with keys that waited have
    /// been written. Not raised if the connection ends first.
    /// </summary>
    /// <remarks>As for <see cref="BecameSlow"/>. <see cref="DropCounts"/> has the number of messages that the peer has missed.</remarks>
    public event Action<WebSocketConnection>? CaughtUp
    {
        add => Core.SlowConsumer.Change(isSlow: false, value, adds: true);
        remove => Core.SlowConsumer.Change(isSlow: false, value, adds: false);
    }

    /// <summary>The number of the connection, which no other connection of this process has. The log shows it too.</summary>
    public long Id { get; }

    /// <summary>Whether a handler or a method serves the connection; otherwise the application receives by itself.</summary>
    internal bool IsServed => _handler is not null;

    /// <summary>How far the connection has come.</summary>
    public WebSocketConnectionState State => Core.State;

    /// <summary>The subprotocol that was agreed on (RFC 6455 §1.9); <see langword="null"/> if there is none.</summary>
    public string? Subprotocol { get; }

    /// <summary>The extensions that were agreed on, as they stand in the header (RFC 6455 §9.1).</summary>
    /// <value>
    /// Empty, or permessage-deflate with its parameters (RFC 7692 §7.1): then messages are compressed. The parameters include
    /// those by which a client's offer binds the client, even if the server's response does not repeat them.
    /// </value>
    public string Extensions => Details.Extensions;

    /// <summary>The request that opened the connection; <see langword="null"/> on a client. The same object at each call.</summary>
    public WebSocketUpgradeRequest? Request => Details.Request;

    /// <summary>The response that opened the connection, with its headers; <see langword="null"/> on a server.</summary>
    public WebSocketUpgradeResponse? Response => Details.Response;

    /// <summary>The address of this end, if the transport has one.</summary>
    /// <value>
    /// The same object at each call. <see langword="null"/> on an event loop if it is first read after the transport has ended.
    /// </value>
    public EndPoint? LocalEndPoint => Details.LocalEndPoint;

    /// <summary>The address of the peer, or of the proxy in between, if the transport has one.</summary>
    /// <value>The same object at each call.</value>
    public EndPoint? RemoteEndPoint => Details.RemoteEndPoint;

    /// <summary>Any object that the application wants to keep with the connection. Not used by Sockeye.</summary>
    public object? UserState { get; set; }

    /// <summary>
    /// What the application, or several parts of it, want to keep with the connection. Created when it is first read; any thread may read
    /// and change it. <see cref="UserState"/> costs less.
    /// </summary>
    public IDictionary<object, object?> Items => Details.Items;

    /// <summary>
    /// What sees the pings, pongs and Close frames that arrive, and decides for each ping whether it is answered; <see langword="null"/>, the
    /// default, if nothing does. Any thread may change it at any time.
    /// </summary>
    /// <remarks>
    /// Set it in <see cref="WebSocketHandler.OnOpened"/> or first in the method that serves the connection, to see every control frame.
    /// </remarks>
    public WebSocketControlFrameHandler? ControlFrames
    {
        // Without details there is none: reading it must not create them.
        get => (Volatile.Read(ref _opening) as ConnectionDetails)?.ControlFrames;
        set => Details.ControlFrames = value;
    }

    /// <summary>Whether this end is the server: it accepted the connection. The client masks what it sends (RFC 6455 §5.1).</summary>
    public bool IsServer => Core.Settings.Role == Role.Server;

    /// <summary>
    /// The TLS of a connection that a server has accepted over TLS; <see langword="null"/> on a client, without TLS, and behind a proxy.
    /// </summary>
    public WebSocketTlsInformation? Tls => Request?.Tls;

    /// <summary>When the connection was opened, within a tenth of a second.</summary>
    public DateTimeOffset OpenedAt => Core.OpenedAt;

    /// <summary>
    /// When the peer last gave a sign of life: bytes of it arrived, or it took bytes that had waited for it. Within two tenths of a second.
    /// </summary>
    public DateTimeOffset LastActivityAt => Core.LastActivityAt;

    /// <summary>The number of messages that have arrived whole, delivered or not.</summary>
    public long ReceivedMessageCount => Core.Receiver.MessageCount;

    /// <summary>How many bytes have arrived since the opening handshake: frames with their headers, as they were on the transport.</summary>
    public long ReceivedLength => Core.ReceivedLength;

    /// <summary>The number of messages that this end has sent, up to those which the operating system has not yet taken.</summary>
    /// <remarks>Messages that wait for room in the send buffer are not counted yet.</remarks>
    public long SentMessageCount => Core.Sends.MessageCount;

    /// <summary>
    /// How many bytes the operating system, or the stream below, has taken since the opening handshake: frames with their headers.
    /// </summary>
    public long SentLength => Core.Sends.WrittenLength;

    /// <summary>
    /// How many bytes of messages wait for the application, as <see cref="LimitOptions.MaxInboxLength"/> counts them.
    /// </summary>
    public long InboxLength => Core.Receiver.InboxLength;

    /// <summary>
    /// How many bytes, frame headers included, sends have accepted that the operating system, or the stream below, has not yet
    /// taken.
    /// </summary>
    public long SendBufferLength => Core.Sends.SendBufferLength;

    /// <summary>How many messages were dropped because the peer was slow, by the reason (<see cref="SlowConsumerOptions"/>).</summary>
    public WebSocketDropCounts DropCounts => Core.DropCounts;

    /// <summary>The round-trip time of the last ping that was answered, whether the application's or the keep-alive's.</summary>
    /// <value><see langword="null"/> until a ping has been answered.</value>
    public TimeSpan? RoundTripTime => RoundTripTimes?.Last;

    /// <summary>The last, the smoothed and the shortest round-trip time of pings; <see langword="null"/> until one has been answered.</summary>
    public WebSocketRoundTripTimes? RoundTripTimes => Core.RoundTripTimes;

    /// <summary>Completes when the connection has ended. Never fails.</summary>
    /// <remarks>
    /// It completes when both Close frames have been exchanged, when this end has failed the connection, or when the transport
    /// has ended. The transport may remain for another second, until the peer has ended its direction.
    /// </remarks>
    public Task<WebSocketCloseResult> Closed => Core.Closing.Closed;

    /// <summary>
    /// Is canceled when the connection begins to end: this end closes, fails or aborts it, the peer's Close frame has arrived, or the
    /// transport has ended.
    /// </summary>
    /// <remarks>
    /// Messages that arrived before may still wait to be received, and <see cref="Closed"/> completes later. Callbacks of the token run
    /// on the thread pool.
    /// </remarks>
    public CancellationToken Closing => Core.Closing.Beginning;

    /// <summary>
    /// The activity of the connection; <see langword="null"/> unless <see cref="WebSocketConnectionOptions.TraceConnection"/> is set and
    /// the activity is sampled. It ends with the connection.
    /// </summary>
    public Activity? Activity => Core.Activity;

    internal ConnectionCore Core { get; }

    private ConnectionDetails Details => Volatile.Read(ref _opening) as ConnectionDetails ?? MakeDetails();

    /// <summary>Receives the next message, or waits for one.</summary>
    /// <param name="cancellationToken">Ends the wait. No message is lost: the next receive gets it.</param>
    /// <returns>
    /// The message, whose payload is valid until the next receive. <see langword="null"/> if the connection has ended cleanly
    /// (<see cref="WebSocketCloseResult.WasClean"/>: both ends sent a Close frame, whatever its code) and every message that
    /// came before has been received; all further calls return <see langword="null"/> too. <see cref="Closed"/> has the code
    /// and the reason.
    /// </returns>
    /// <example><c>while (await connection.ReceiveAsync() is { } message) { … }</c></example>
    /// <exception cref="WebSocketClosedException">
    /// The connection has ended without a completed closing handshake, and every message that came before has been received.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// Another receive is waiting, the connection has a handler, or it delivers fragments.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public ValueTask<WebSocketMessage?> ReceiveAsync(CancellationToken cancellationToken = default) =>
        FindMisuse(fragments: false) is { } misuse
            ? ValueTask.FromException<WebSocketMessage?>(misuse)
            : Core.Pull!.ReceiveMessageAsync(isRegistered: false, cancellationToken);

    /// <summary>
    /// Receives the next fragment of a message, or waits for one; only with
    /// <see cref="WebSocketConnectionOptions.DeliverFragments"/>.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait. No fragment is lost: the next receive gets it.</param>
    /// <returns>
    /// The fragment, whose payload is valid until the next receive. <see langword="null"/> after a clean end, as for
    /// <see cref="ReceiveAsync"/>. The peer's last message may then be incomplete (RFC 6455 §5.5.1 allows a Close frame between
    /// fragments): <see cref="WebSocketFragment.EndOfMessage"/> marks a whole one.
    /// </returns>
    /// <exception cref="WebSocketClosedException">
    /// The connection has ended without a completed closing handshake, and every fragment that came before has been received.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// Another receive is waiting, the connection has a handler, or it delivers whole messages.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public ValueTask<WebSocketFragment?> ReceiveFragmentAsync(CancellationToken cancellationToken = default) =>
        FindMisuse(fragments: true) is { } misuse
            ? ValueTask.FromException<WebSocketFragment?>(misuse)
            : Core.Pull!.ReceiveFragmentAsync(cancellationToken);

    /// <summary>Receives one message after another until the connection ends.</summary>
    /// <param name="cancellationToken">Ends the wait. No message is lost: another enumeration gets it.</param>
    /// <returns>
    /// The messages. The payload of each is valid until the next is asked for. The enumeration ends where
    /// <see cref="ReceiveAsync"/> returns <see langword="null"/>.
    /// </returns>
    /// <exception cref="WebSocketClosedException">
    /// The connection has ended without a completed closing handshake, and every message that came before has been received.
    /// </exception>
    /// <exception cref="InvalidOperationException">As for <see cref="ReceiveAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async IAsyncEnumerable<WebSocketMessage> ReadAllAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        PullReceiver pull = FindMisuse(fragments: false) is { } misuse ? throw misuse : Core.Pull!;

        // Registered once, not for each message.
        using CancellationTokenRegistration registration =
            cancellationToken.UnsafeRegister(static (state, token) => ((PullReceiver)state!).Cancel(token), pull);
        while (await pull.ReceiveMessageAsync(isRegistered: true, cancellationToken).ConfigureAwait(false) is { } message)
        {
            yield return message;
        }
    }

    /// <summary>Whether <see cref="PauseReceiving"/> was called, and <see cref="ResumeReceiving"/> not since.</summary>
    public bool IsReceivingPaused => Core.Receiver.IsPaused;

    /// <summary>Holds received messages back: no handler is called with them, and no receive returns one.</summary>
    /// <remarks>
    /// <para>
    /// Pings are still answered and the peer's Close frame is still noticed, until <see cref="LimitOptions.MaxInboxLength"/> bytes of
    /// messages wait: then the connection stops reading, and the peer's sends wait in turn. A pause outlasts the connection: messages that
    /// were held back, and the handler's call about the end, come after <see cref="ResumeReceiving"/>. Aborting or disposing of the
    /// connection drops them.
    /// </para>
    /// <para>
    /// Any thread may call this. A message that another thread is delivering at that moment is still delivered. An application that
    /// receives with calls need not pause: it stops calling.
    /// </para>
    /// </remarks>
    public void PauseReceiving() => Core.Receiver.Pause();

    /// <summary>Ends a pause. The messages that were held back are delivered first, in order, on the thread pool.</summary>
    /// <remarks>Any thread may call this. Does nothing without a pause.</remarks>
    public void ResumeReceiving() => Core.Receiver.Resume();

    /// <summary>Sends a text message.</summary>
    /// <param name="text">The text. A lone surrogate becomes U+FFFD.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>
    /// A task that completes when the message is in the send buffer, or beyond: at once, unless the peer is slow. Await it, so
    /// that you send no faster than the peer reads.
    /// </returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(string text, CancellationToken cancellationToken = default) =>
        SendAsync(text, compress: true, cancellationToken);

    /// <summary>Sends a text message, and chooses whether it may be compressed.</summary>
    /// <param name="text">The text. A lone surrogate becomes U+FFFD.</param>
    /// <param name="compress">
    /// Whether to compress the message if compression was negotiated (RFC 7692) and the message is long enough. Do not
    /// compress a secret together with text that someone else has chosen: the length would reveal it (§8).
    /// </param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for the other overload.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    public ValueTask SendAsync(string text, bool compress, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        byte[] rented = Core.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        int length = Encoding.UTF8.GetBytes(text, rented);
        return SendAsync(rented.AsMemory(0, length), WebSocketMessageKind.Text, compress, isRented: true, cancellationToken);
    }

    /// <summary>Sends a text message, with a key or its own policy for slow consumers.</summary>
    /// <param name="text">The text. A lone surrogate becomes U+FFFD.</param>
    /// <param name="options">How it is sent.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for the other overloads. It completes at once if the policy drops messages.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    [OverloadResolutionPriority(2)]
    public ValueTask SendAsync(string text, WebSocketSendOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        byte[] rented = Core.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        int length = Encoding.UTF8.GetBytes(text, rented);
        return SendRentedAsync(rented.AsMemory(0, length), WebSocketMessageKind.Text, options, cancellationToken);
    }

    /// <summary>Sends a text message that is already encoded as UTF-8.</summary>
    /// <param name="utf8">
    /// The text. Do not change it until the task completes. It is not validated: a peer fails the connection with 1007 if
    /// it is not UTF-8 (RFC 6455 §8.1).
    /// </param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    [OverloadResolutionPriority(1)]
    public ValueTask SendTextAsync(ReadOnlyMemory<byte> utf8, CancellationToken cancellationToken = default) =>
        SendAsync(utf8, WebSocketMessageKind.Text, compress: true, isRented: false, cancellationToken);

    /// <summary>Sends a text message that is already encoded as UTF-8, and chooses whether it may be compressed.</summary>
    /// <param name="utf8">As for the other overload.</param>
    /// <param name="compress">Whether to compress the message if compression was negotiated and the message is long enough.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    public ValueTask SendTextAsync(ReadOnlyMemory<byte> utf8, bool compress, CancellationToken cancellationToken = default) =>
        SendAsync(utf8, WebSocketMessageKind.Text, compress, isRented: false, cancellationToken);

    /// <summary>Sends a binary message.</summary>
    /// <param name="payload">
    /// The payload. Do not change it until the task completes. To send UTF-8 as a text message, use
    /// <see cref="SendTextAsync(ReadOnlyMemory{byte}, CancellationToken)"/>.
    /// </param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    /// <exception cref="ArgumentException">
    /// The message needs more bytes with its frame headers than an array holds (<see cref="Array.MaxLength"/>): almost 2 GiB.
    /// </exception>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken = default) =>
        SendAsync(payload, WebSocketMessageKind.Binary, compress: true, isRented: false, cancellationToken);

    /// <summary>Sends a binary message, and chooses whether it may be compressed.</summary>
    /// <param name="payload">The payload. Do not change it until the task completes.</param>
    /// <param name="compress">Whether to compress the message if compression was negotiated and the message is long enough.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> payload, bool compress, CancellationToken cancellationToken = default) =>
        SendAsync(payload, WebSocketMessageKind.Binary, compress, isRented: false, cancellationToken);

    /// <summary>Sends a message of either kind, such as one that was received.</summary>
    /// <param name="payload">
    /// The payload. Do not change it until the task completes. Text must be UTF-8, which is not validated: the peer would
    /// fail the connection with 1007.
    /// </param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, CancellationToken cancellationToken = default) =>
        SendAsync(payload, kind, compress: true, isRented: false, cancellationToken);

    /// <summary>Sends a message of either kind, and chooses whether it may be compressed.</summary>
    /// <param name="payload">As for the other overload.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="compress">Whether to compress the message if compression was negotiated and the message is long enough.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, bool compress,
        CancellationToken cancellationToken = default) =>
        SendAsync(payload, kind, compress, isRented: false, cancellationToken);

    /// <summary>Sends a message of either kind, with a key or its own policy for slow consumers.</summary>
    /// <param name="payload">As for the other overload.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="options">How it is sent.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for the other overloads. It completes at once if the policy drops messages.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled before the message was accepted.</exception>
    [OverloadResolutionPriority(2)]
    public ValueTask SendAsync(
        ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, WebSocketSendOptions options,
        CancellationToken cancellationToken = default)
    {
        var frame = new OutgoingFrame(OutgoingFrame.OpcodeOf(kind), payload)
        {
            Encoder = EncoderFor(payload.Length, options.Compress),
        };
        return Core.SendAsync(frame, options, cancellationToken);
    }

    /// <summary>Sends a message that was received, on this connection or another.</summary>
    /// <param name="message">The message. Its payload must stay valid until the task completes.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for the other overloads.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The message was never received.</exception>
    public ValueTask SendAsync(WebSocketMessage message, CancellationToken cancellationToken = default) =>
        SendAsync(message.Payload, message.Kind, cancellationToken);

    /// <summary>Sends a message now or not at all.</summary>
    /// <param name="payload">
    /// The payload, not used after the call. Text must be UTF-8, which is not validated: see <see cref="TrySendText"/>.
    /// </param>
    /// <param name="kind">Text or binary. Binary is the default.</param>
    /// <param name="compress">Whether to compress the message if compression was negotiated and the message is long enough.</param>
    /// <returns>
    /// What became of the message. <see cref="WebSocketSendResult.Refused"/> and <see cref="WebSocketSendResult.Closed"/> mean
    /// that it was not sent: if you ignore the result, the message is lost unnoticed. Rider and ReSharper warn of that; the
    /// analyzer CA1806 of the .NET SDK does if its option <c>additional_use_results_methods</c> has <c>TrySend|TrySendText</c>.
    /// </returns>
    /// <remarks>
    /// Never waits, and allocates nothing if the transport takes the message at once. There is one exception: a message that is
    /// to be compressed waits while another thread compresses a message of this connection.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    /// <exception cref="ArgumentException">
    /// The message needs more bytes with its frame headers than an array holds (<see cref="Array.MaxLength"/>): almost 2 GiB.
    /// </exception>
    [MustUseReturnValue]
    public WebSocketSendResult TrySend(
        ReadOnlySpan<byte> payload, WebSocketMessageKind kind = WebSocketMessageKind.Binary, bool compress = true) =>
        Core.TrySend(
            new OutgoingFrame(OutgoingFrame.OpcodeOf(kind)) { Encoder = EncoderFor(payload.Length, compress) }, payload);

    /// <summary>Sends a message now or not at all, with a key or its own policy for slow consumers.</summary>
    /// <param name="payload">As for the other overload.</param>
    /// <param name="kind">Text or binary.</param>
    /// <param name="options">How it is sent.</param>
    /// <returns>As for the other overload.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    [MustUseReturnValue]
    [OverloadResolutionPriority(1)]
    public WebSocketSendResult TrySend(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, WebSocketSendOptions options) =>
        Core.TrySend(
            new OutgoingFrame(OutgoingFrame.OpcodeOf(kind)) { Encoder = EncoderFor(payload.Length, options.Compress) },
            payload,
            options);

    /// <summary>Sends a text message now or not at all.</summary>
    /// <param name="text">The text. A lone surrogate becomes U+FFFD.</param>
    /// <param name="compress">Whether to compress the message if compression was negotiated and the message is long enough.</param>
    /// <returns>As for the other overload.</returns>
    [MustUseReturnValue]
    public WebSocketSendResult TrySend(string text, bool compress = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        using var utf8 = new EncodedText(text, stackalloc byte[MaxLengthOnStack], Core.Settings.Pool);
        return TrySendText(utf8.Bytes, compress);
    }

    /// <summary>Sends a text message now or not at all, with a key or its own policy for slow consumers.</summary>
    /// <param name="text">The text. A lone surrogate becomes U+FFFD.</param>
    /// <param name="options">How it is sent.</param>
    /// <returns>As for the other overloads.</returns>
    [MustUseReturnValue]
    [OverloadResolutionPriority(1)]
    public WebSocketSendResult TrySend(string text, WebSocketSendOptions options)
    {
        ArgumentNullException.ThrowIfNull(text);
        using var utf8 = new EncodedText(text, stackalloc byte[MaxLengthOnStack], Core.Settings.Pool);
        return TrySend(utf8.Bytes, WebSocketMessageKind.Text, options);
    }

    /// <summary>Sends a text message that is already encoded as UTF-8, such as a literal <c>"…"u8</c>, now or not at all.</summary>
    /// <param name="utf8">
    /// The text, not used after the call. It is not validated: a peer fails the connection with 1007 if it is not UTF-8.
    /// </param>
    /// <param name="compress">Whether to compress the message if compression was negotiated and the message is long enough.</param>
    /// <returns>As for <see cref="TrySend(ReadOnlySpan{byte}, WebSocketMessageKind, bool)"/>.</returns>
    [MustUseReturnValue]
    public WebSocketSendResult TrySendText(ReadOnlySpan<byte> utf8, bool compress = true) =>
        TrySend(utf8, WebSocketMessageKind.Text, compress);

    /// <summary>Sends a message that was prepared for many connections.</summary>
    /// <param name="message">The message. It may be sent on any number of connections at once.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for other messages.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    public ValueTask SendAsync(WebSocketPreparedMessage message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message.Key is null
            ? Core.SendAsync(FrameOf(message, compress: true), cancellationToken)
            : SendAsync(message, default(WebSocketSendOptions), cancellationToken);
    }

    /// <summary>Sends a message that was prepared for many connections, with a key or its own policy for slow consumers.</summary>
    /// <param name="message">The message. It may be sent on any number of connections at once.</param>
    /// <param name="options">How it is sent.</param>
    /// <param name="cancellationToken">Withdraws the message while it waits for room in the send buffer.</param>
    /// <returns>As for other messages.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    [OverloadResolutionPriority(1)]
    public ValueTask SendAsync(
        WebSocketPreparedMessage message, WebSocketSendOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Core.SendAsync(FrameOf(message, options.Compress), options.With(message), cancellationToken);
    }

    /// <summary>Sends a message that was prepared for many connections, now or not at all.</summary>
    /// <param name="message">The message.</param>
    /// <returns>As for other messages.</returns>
    [MustUseReturnValue]
    public WebSocketSendResult TrySend(WebSocketPreparedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return message.Key is null
            ? Core.TrySend(FrameOf(message, compress: true), message.Payload.Span)
            : TrySend(message, default(WebSocketSendOptions));
    }

    /// <summary>
    /// Sends a message that was prepared for many connections, now or not at all, with a key or its own policy for slow consumers.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="options">How it is sent.</param>
    /// <returns>As for other messages.</returns>
    [MustUseReturnValue]
    public WebSocketSendResult TrySend(WebSocketPreparedMessage message, WebSocketSendOptions options)
    {
        ArgumentNullException.ThrowIfNull(message);
        return Core.TrySend(FrameOf(message, options.Compress), message.Payload.Span, options.With(message));
    }

    /// <summary>Begins a message that is sent in fragments.</summary>
    /// <param name="kind">Text or binary.</param>
    /// <param name="compress">
    /// Whether to compress the message if compression was negotiated and the first fragment is long enough.
    /// </param>
    /// <returns>A writer, which must be completed. Nothing is sent, and no other sender waits, before its first write.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The kind is neither text nor binary.</exception>
    public WebSocketMessageWriter BeginMessage(WebSocketMessageKind kind, bool compress = true) =>
        new(this, OutgoingFrame.OpcodeOf(kind), compress);

    /// <summary>Sends a ping and waits for its pong (RFC 6455 §5.5.2).</summary>
    /// <param name="cancellationToken">Ends the wait. A pong that arrives later still updates <see cref="RoundTripTime"/>.</param>
    /// <returns>The round-trip time.</returns>
    /// <exception cref="WebSocketClosedException">The connection is closed, or closes before the pong arrives.</exception>
    /// <exception cref="TimeoutException">
    /// No pong with the ping's payload arrived within <see cref="KeepAliveOptions.PongTimeout"/> of sending the ping, with or
    /// without a token. The connection stays open. The time starts again while the ping waits behind earlier data that the
    /// peer's system continues to acknowledge.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async ValueTask<TimeSpan> PingAsync(CancellationToken cancellationToken = default)
    {
        var answer = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        var deadline = new PingDeadline(Core, answer);
        try
        {
            await Core.SendPing(answer, cancellationToken).ConfigureAwait(false);
            deadline.Start();
            return await WaitForAsync(answer.Task, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            deadline.Stop();
            answer.TrySetCanceled(CancellationToken.None);
        }
    }

    /// <summary>Sends an unsolicited pong: a heartbeat in one direction (RFC 6455 §5.5.3).</summary>
    /// <param name="payload">0 to 125 bytes. Do not change them until the task completes.</param>
    /// <param name="cancellationToken">Withdraws the pong while it waits for room in the send buffer.</param>
    /// <exception cref="ArgumentException">The payload is longer than 125 bytes.</exception>
    /// <exception cref="WebSocketClosedException">The connection is closing or closed.</exception>
    public ValueTask PongAsync(ReadOnlyMemory<byte> payload = default, CancellationToken cancellationToken = default) =>
        payload.Length <= FrameHeader.MaxControlPayloadLength
            ? Core.SendControl(Opcode.Pong, payload, cancellationToken)
            : throw new ArgumentException("A pong has at most 125 bytes of payload (RFC 6455 §5.5).", nameof(payload));

    /// <summary>Closes the connection: sends a Close frame after everything that was sent before, and waits for the peer's.</summary>
    /// <param name="code">
    /// 1000 to 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455 §7.4). <see langword="null"/> sends a Close frame without a code,
    /// which the peer reports as 1005.
    /// </param>
    /// <param name="reason">At most 123 bytes as UTF-8 (RFC 6455 §5.5). <see langword="null"/> sends none.</param>
    /// <param name="cancellationToken">Ends the wait. The close continues.</param>
    /// <returns>
    /// How the connection ended, when both Close frames have been exchanged, or the peer has not responded within
    /// <see cref="WebSocketConnectionOptions.CloseTimeout"/>. If the connection was closed before, how it ended then.
    /// </returns>
    /// <remarks>
    /// <para>
    /// Everything that was accepted before is sent first, as long as the peer reads: the timeout starts again whenever the peer
    /// takes something, and a last time when the Close frame has been sent.
    /// </para>
    /// <para>
    /// Messages that still arrive can be received. Messages that do not fit into the inbox are dropped when it is full and the
    /// application has taken nothing for <see cref="WebSocketConnectionOptions.CloseReplyDelay"/>, or for four fifths of
    /// <see cref="WebSocketConnectionOptions.CloseTimeout"/> while it holds a message, or has not taken everything after 30 seconds.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The code must not be sent, the reason is too long, or there is a reason without a code.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public async ValueTask<WebSocketCloseResult> CloseAsync(
        WebSocketCloseCode? code = WebSocketCloseCode.NormalClosure, string? reason = null,
        CancellationToken cancellationToken = default)
    {
        Core.BeginClose(CloseArguments.Check(code, reason));
        return await WaitForAsync(Closed, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends the transport at once. Data that has not been sent is lost, and so are messages that were received and not delivered.
    /// The peer sees code 1006.
    /// </summary>
    public void Abort() => Core.Closing.Abort();

    /// <summary>
    /// Fails the connection (RFC 6455 §7.1.7): sends a Close frame, and ends the transport without waiting for that of the peer.
    /// </summary>
    /// <param name="code">1000 to 1003, 1007 to 1014, or 3000 to 4999 (RFC 6455 §7.4).</param>
    /// <param name="reason">At most 123 bytes as UTF-8 (RFC 6455 §5.5). <see langword="null"/> sends none.</param>
    /// <remarks>
    /// <para>
    /// For a peer that must go at once. The Close frame goes after the messages that were accepted, within
    /// <see cref="WebSocketConnectionOptions.CloseTimeout"/>. Sends that still wait fail, and messages that a policy for slow consumers
    /// still holds are dropped. Messages that were received and not delivered are dropped. Does nothing more if the connection was failed or
    /// aborted before.
    /// </para>
    /// <para>
    /// <see cref="CloseAsync"/> ends a connection in agreement with the peer; <see cref="Abort"/> does not even send a Close frame.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentException">The code must not be sent, or the reason is too long.</exception>
    public void Fail(WebSocketCloseCode code, string? reason = null) => Core.Fail(CloseArguments.Check(code, reason));

    /// <summary>Closes the connection with 1000, if it is open, and waits until it has ended.</summary>
    /// <remarks>Messages that the application has not received are dropped. Detached messages stay valid.</remarks>
    public async ValueTask DisposeAsync()
    {
        Core.Pull?.Discard();
        await CloseAsync().ConfigureAwait(false);
    }

    // The task takes precedence over the token, which is often canceled because of the same end of the connection.
    private static async Task<T> WaitForAsync<T>(Task<T> task, CancellationToken cancellationToken)
    {
        try
        {
            return await task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (task.IsCompleted)
        {
            return await task.ConfigureAwait(false);
        }
    }

    bool IApplication.IsServed => _handler is not null;

    void IApplication.OnOpened()
    {
        if (_handler?.ServeMethod is { } serve)
        {
            // On the thread pool: what comes before the first await is the application's, and may take its time.
            ThreadPool.UnsafeQueueUserWorkItem(
                static call => _ = call.Connection.ServeAsync(call.Serve), (Connection: this, Serve: serve), preferLocal: false);
        }
        else if (_handler is { } handler)
        {
            _handler = handler.ForConnection(this);
            _handler.OnOpened(this);
        }
    }

    void IApplication.OnMessage(ReadOnlySpan<byte> payload, WebSocketMessageKind kind) =>
        _handler!.OnMessage(this, payload, kind);

    ValueTask IApplication.OnMessageAsync(WebSocketMessage message) => _handler!.OnMessageAsync(this, message);

    void IApplication.OnFragment(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage) =>
        _handler!.OnFragment(this, payload, kind, endOfMessage);

    ValueTask IApplication.OnFragmentAsync(WebSocketFragment fragment) => _handler!.OnFragmentAsync(this, fragment);

    bool IApplication.OnPinging(ReadOnlySpan<byte> payload) => ControlFrames?.OnPing(this, payload) ?? true;

    void IApplication.OnClosing(WebSocketCloseCode code, string reason) => ControlFrames?.OnClose(this, code, reason);

    void IApplication.OnPing(ReadOnlySpan<byte> payload) => _handler?.OnPing(this, payload);

    void IApplication.OnPong(ReadOnlySpan<byte> payload)
    {
        ControlFrames?.OnPong(this, payload);
        _handler?.OnPong(this, payload);
    }

    void IApplication.OnClosed(WebSocketCloseResult result) => _handler!.OnClosed(this, result);

    // The default methods of a handler call this, to have a message in memory of its own.
    internal void HandOver(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage) =>
        (Core.Receiver as HandlerReceiver)?.HandOver(payload, kind, endOfMessage);

    // Runs the application's method that serves the connection.
    private async Task ServeAsync(Func<WebSocketConnection, CancellationToken, Task> serve)
    {
        PullReceiver pull = Core.Pull!;
        var served = new ServedConnection(pull, Core);
        pull.Serve(served);
        var call = new ServeCall(Core.Settings.Host);
        call.Enter();
        if (Activity is { } activity)
        {
            // In this method only: it flows into what the method calls, and the thread has its own again when the method returns.
            Activity.Current = activity;
        }

        try
        {
            await serve(this, served.Token).ConfigureAwait(false);
            call.End();
            pull.Discard();
            await CloseAsync(WebSocketCloseCode.NormalClosure).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            call.End();
            Core.OnHandlerFailed(exception);
            pull.Discard();
        }
    }

    private ValueTask SendAsync(
        ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, bool compress, bool isRented,
        CancellationToken cancellationToken)
    {
        var frame = new OutgoingFrame(OutgoingFrame.OpcodeOf(kind), payload)
        {
            IsRented = isRented,
            Encoder = EncoderFor(payload.Length, compress),
        };
        return Core.SendAsync(frame, cancellationToken);
    }

    // The payload is at the start of a rented array, which the send returns to the pool of the connection.
    internal ValueTask SendRentedAsync(
        ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, in WebSocketSendOptions options, CancellationToken cancellationToken)
    {
        var frame = new OutgoingFrame(OutgoingFrame.OpcodeOf(kind), payload)
        {
            IsRented = true,
            Encoder = EncoderFor(payload.Length, options.Compress),
        };
        return Core.SendAsync(frame, options, cancellationToken);
    }

    private ConnectionDetails MakeDetails()
    {
        object? opening = Volatile.Read(ref _opening);
        var details = new ConnectionDetails(
            opening, Core.Transport, Core.Settings.Scope, Core.Compression?.Agreed.ToString() ?? "");

        // Another thread may have been first: all see the same objects.
        return opening as ConnectionDetails
            ?? Interlocked.CompareExchange(ref _opening, details, opening) as ConnectionDetails
            ?? details;
    }

    private OutgoingFrame FrameOf(WebSocketPreparedMessage message, bool compress) =>
        EncoderFor(message.Payload.Length, compress && message.Compress) is { } encoder
            ? OutgoingFrame.Prepare(message, encoder)
            : message.Plain;

    private MessageEncoder? EncoderFor(int length, bool compress) =>
        compress ? Core.Compression?.EncoderFor(length) : null;

    private InvalidOperationException? FindMisuse(bool fragments) =>
        Core.Pull is null ? ReceiveErrors.CreateHandled()
        : Core.Settings.Reader.DeliverFragments == fragments ? null
        : new(fragments
            ? "The connection delivers whole messages; set WebSocketConnectionOptions.DeliverFragments."
            : "The connection delivers fragments; receive them with ReceiveFragmentAsync.");
}
