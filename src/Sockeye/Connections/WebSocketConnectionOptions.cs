namespace Sockeye;

/// <summary>The behavior of a connection, on a server or a client.</summary>
/// <remarks>
/// Immutable: to change an option, make a copy with <c>options with { … }</c>. An option that is <see langword="null"/> has not been set:
/// the server or the client that uses these options takes the default of its role.
/// </remarks>
public sealed record WebSocketConnectionOptions
{
    // Nested options are copied when they are set and read, so that a write by reflection, as the configuration binder does it,
    // changes this object only.
    private readonly LimitOptions _limits = new();
    private readonly KeepAliveOptions _keepAlive = new();
    private readonly SlowConsumerOptions _slowConsumer = new();

    /// <summary>How much memory the peer can make the connection hold. A copy is kept, and a copy is returned.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public LimitOptions Limits
    {
        get => _limits with { };
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Limits));
            _limits = value with { };
        }
    }

    /// <summary>How the connection detects that its peer is gone. A copy is kept, and a copy is returned.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public KeepAliveOptions KeepAlive
    {
        get => _keepAlive with { };
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(KeepAlive));
            _keepAlive = value with { };
        }
    }

    /// <summary>
    /// What happens to messages for a peer that reads more slowly than this end sends. A copy is kept, and a copy is returned.
    /// </summary>
    /// <value>The default is <see cref="SlowConsumerOptions.Wait"/>.</value>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public SlowConsumerOptions SlowConsumer
    {
        get => _slowConsumer with { };
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(SlowConsumer));
            _slowConsumer = value with { };
        }
    }

    /// <summary>
    /// How long the connection waits for the peer's Close frame (RFC 6455 §7.1.2) before it drops the transport.
    /// </summary>
    /// <value>More than zero, at most a day. The default is 5 seconds.</value>
    /// <remarks>
    /// The timeout begins when the Close frame has left this host, after everything that was accepted before it. Until then it starts
    /// over whenever the peer takes some of that, so that a slow peer gets all of it.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is not more than zero, or over a day.</exception>
    public TimeSpan CloseTimeout
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(CloseTimeout));
    } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the reply to the peer's Close frame, or the Close frame of this end after the peer broke a rule, waits while the
    /// application has messages to receive and receives none (RFC 6455 §5.5.1: "as soon as practical").
    /// </summary>
    /// <value>More than zero, at most a day. The default is 1 second.</value>
    /// <remarks>
    /// While the application handles a message, the Close frame waits for four fifths of <see cref="CloseTimeout"/>, if that is longer, so
    /// that a peer with the same timeout still gets it. Until then, what the application sends leaves before it. If the application
    /// handles no message and none waits for it, the Close frame does not wait.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is not more than zero, or over a day.</exception>
    public TimeSpan CloseReplyDelay
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(CloseReplyDelay));
    } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the peer may read nothing of what waits for it before the connection is aborted. This includes a peer that replies to
    /// pings and reads nothing else.
    /// </summary>
    /// <value>
    /// 1 second to a day, or <see cref="Timeout.InfiniteTimeSpan"/> for no limit. The default is 30 seconds. Accurate to two tenths of
    /// a second.
    /// </value>
    /// <remarks>
    /// The peer counts as reading when the operating system of this host accepts data to send; on Linux, over any socket, also when the
    /// peer's system acknowledges data that was sent before.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 second or over a day.</exception>
    public TimeSpan SendTimeout
    {
        get;
        init => field = OptionChecks.IntervalOrInfinite(value, nameof(SendTimeout));
    } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether messages are delivered in pieces as they arrive, by <see cref="WebSocketConnection.ReceiveFragmentAsync"/> or
    /// <see cref="WebSocketHandler.OnFragment"/>, and not as a whole. The default is <see langword="false"/>.
    /// </summary>
    public bool DeliverFragments { get; init; }

    /// <summary>
    /// Whether delivery of messages pauses while the send buffer is over <see cref="LimitOptions.MaxSendBufferLength"/>, so that a peer
    /// that sends requests and does not read the replies cannot make this end buffer without bound.
    /// </summary>
    /// <value>
    /// The default, <see langword="null"/>, is <see langword="true"/> on a server and <see langword="false"/> on a client.
    /// </value>
    /// <remarks>If both ends pause and both send much at the same time, each may wait for the other to read.</remarks>
    public bool? PauseReceivingWhenSendBufferIsFull { get; init; }

    /// <summary>
    /// The longest payload of a frame that is sent, in bytes: a longer message is sent in fragments of this length (RFC 6455 §5.4).
    /// </summary>
    /// <value>At least 125. The default, <see langword="null"/>, sends each message in one frame, however long it is.</value>
    /// <remarks>
    /// For peers, or systems on the way, that limit the length of a frame. Some peers handle fragments badly, so leave it unset otherwise.
    /// The fragments of a message are written together: to let control frames go between them, send the message with
    /// <c>WebSocketConnection.BeginMessage</c>. Of a compressed message the compressed bytes count.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 125.</exception>
    public int? FragmentLength
    {
        get;
        init => field = value is null or >= 125
            ? value
            : throw new ArgumentOutOfRangeException(nameof(FragmentLength), value, "Must be at least 125.");
    }

    /// <summary>Whether the connection replies to pings with pongs. The default is <see langword="true"/>.</summary>
    /// <remarks>
    /// RFC 6455 §5.5.2 requires a reply: turn this off only to reply with <see cref="WebSocketConnection.PongAsync"/>.
    /// <c>WebSocketConnection.ControlFrames</c> can decide for each ping.
    /// </remarks>
    public bool AnswerPings { get; init; } = true;

    /// <summary>
    /// Whether the code after an awaited receive runs on the I/O thread. That is faster, and the code must not block: it would delay
    /// the connection, or all connections of an event loop. The default is <see langword="false"/>: it runs on the thread pool.
    /// </summary>
    /// <remarks>
    /// The code after a receive that was canceled, or that waited for the send buffer, runs on the thread pool in any case, since any
    /// thread may end such a wait. So does the code after a receive that found messages in the inbox and had used up its turn. A receive
    /// that waits for the next message to arrive continues on the I/O thread again.
    /// </remarks>
    public bool RunReceiveContinuationsInline { get; init; }

    /// <summary>
    /// Whether the peer may encode a payload length in more bytes than necessary, against a "MUST" of RFC 6455 §5.2. The default is
    /// <see langword="false"/>: such a length fails the connection with 1002.
    /// </summary>
    public bool AllowNonMinimalLengths { get; init; }

    /// <summary>
    /// Whether the connection has an activity of its own, which lasts from the opening handshake to the end and is a child of the
    /// handshake's. The default is <see langword="false"/>: only the handshake has one.
    /// </summary>
    /// <remarks>
    /// The method that serves the connection, and <see cref="WebSocketHandler.OnOpened"/>, run with it as
    /// <see cref="System.Diagnostics.Activity.Current"/>. Other methods of a handler do not, since setting it costs more than a message:
    /// use <see cref="WebSocketConnection.Activity"/> as the parent there. Without a listener for the source <c>Sockeye</c> there is no
    /// activity.
    /// </remarks>
    public bool TraceConnection { get; init; }

    /// <summary>
    /// Whether the application replies to the peer's Close frame by itself, from the beginning: its socket is made when the connection may
    /// already have received one.
    /// </summary>
    internal bool DefersCloseReply { get; init; }

    /// <summary>The limits, without a copy.</summary>
    internal LimitOptions OwnLimits => _limits;

    /// <summary>What happens to messages for a slow peer, without a copy.</summary>
    internal SlowConsumerOptions OwnSlowConsumer => _slowConsumer;

    /// <summary>The keep-alive, without a copy.</summary>
    internal KeepAliveOptions OwnKeepAlive => _keepAlive;
}
