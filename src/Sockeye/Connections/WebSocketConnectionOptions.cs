namespace Sockeye;

/// <summary>The behavior of a connection, on a server or a client.</summary>
/// <remarks>
/// Immutable: to change an option, make a copy with <c>options with { … }</c>. An option that is <see langword="null"/> has not been set:
/// the server or the client that uses these options takes the default of its role.
/// </remarks>
public sealed record WebSocketConnectionOptions
{
    // Nested options are copied on their way in and out, so that what writes through reflection, as the configuration binder
    // does, reaches this object alone.
    private readonly LimitOptions _limits = new();
    private readonly KeepAliveOptions _keepAlive = new();

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
    /// How long the peer has to answer the Close frame (RFC 6455 §7.1.2) before the transport is dropped.
    /// </summary>
    /// <value>More than zero, at most a day. The default is 5 seconds.</value>
    /// <remarks>
    /// Counted from when the Close frame has left this host, behind everything accepted before it: until then the timeout
    /// begins anew whenever the peer has taken something, so that one that reads slowly gets all of it.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is not more than zero, or over a day.</exception>
    public TimeSpan CloseTimeout
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(CloseTimeout));
    } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the peer's Close frame, or this end's after the peer broke a rule, waits for an application that has messages
    /// to take and takes none, before it is answered or sent (RFC 6455 §5.5.1: "as soon as practical").
    /// </summary>
    /// <value>More than zero, at most a day. The default is 1 second.</value>
    /// <remarks>
    /// While the application has a message in hand it waits for four fifths of <see cref="CloseTimeout"/>, if that is longer, so
    /// that a peer with the same timeout still gets the Close frame: until then what the application sends goes out before it.
    /// With nothing in hand and nothing to take it does not wait.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is not more than zero, or over a day.</exception>
    public TimeSpan CloseReplyDelay
    {
        get;
        init => field = OptionChecks.Deadline(value, nameof(CloseReplyDelay));
    } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long the peer may take nothing, while something is waiting for it, before the connection is aborted: also one
    /// that answers pings and reads nothing else.
    /// </summary>
    /// <value>
    /// 1 second to a day, or <see cref="Timeout.InfiniteTimeSpan"/> to wait for ever. The default is 30 seconds. Kept to
    /// within two tenths of a second.
    /// </value>
    /// <remarks>
    /// The peer takes something when the operating system here accepts data to send; on Linux, over any socket, also when the
    /// peer's system acknowledges data that was sent before.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 second or over a day.</exception>
    public TimeSpan SendTimeout
    {
        get;
        init => field = OptionChecks.IntervalOrInfinite(value, nameof(SendTimeout));
    } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether messages are delivered piece by piece as they arrive, by
    /// <see cref="WebSocketConnection.ReceiveFragmentAsync"/> or <see cref="WebSocketHandler.OnFragment"/>, instead of
    /// whole. The default is <see langword="false"/>.
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

    /// <summary>Whether pings are answered with a pong of their own accord. The default is <see langword="true"/>.</summary>
    /// <remarks>RFC 6455 §5.5.2 requires an answer: switch this off only to answer with
    /// <see cref="WebSocketConnection.PongAsync"/>.</remarks>
    public bool AnswerPings { get; init; } = true;

    /// <summary>
    /// Whether what follows an awaited receive runs on the I/O thread, which is faster, and must not block: it would
    /// hold up the connection, or all connections of an event loop. The default is <see langword="false"/>: it runs on
    /// the thread pool.
    /// </summary>
    /// <remarks>
    /// What follows a receive that was canceled, or that waited for the peer to take what it was sent, runs on the thread pool
    /// in any case: what ends such a wait may be any thread. So does what follows a receive that found messages waiting and had used
    /// up its turn; a receive that waits for the next message to arrive is continued on the I/O thread again.
    /// </remarks>
    public bool RunReceiveContinuationsInline { get; init; }

    /// <summary>
    /// Whether a payload length may be encoded longer than it has to be, against a "MUST" of RFC 6455 §5.2. The default
    /// is <see langword="false"/>: it fails the connection with 1002.
    /// </summary>
    public bool AllowNonMinimalLengths { get; init; }

    /// <summary>The limits themselves, for reading without a copy.</summary>
    internal LimitOptions OwnLimits => _limits;

    /// <summary>The keep-alive itself, for reading without a copy.</summary>
    internal KeepAliveOptions OwnKeepAlive => _keepAlive;
}
