using Sockeye.Memory;

namespace Sockeye;

/// <summary>The limits of the memory that a peer can make a connection hold. All are on by default.</summary>
/// <remarks>Immutable: to change an option, make a copy with <c>options with { … }</c>.</remarks>
public sealed record LimitOptions
{
    /// <summary>The default of <see cref="MaxIncompleteLength"/> is this part of <see cref="MaxBufferedLength"/>.</summary>
    internal const int IncompleteFraction = 4;

    private readonly ReceiveRateOptions _receiveRate = new();

    /// <summary>The longest message that is received, in bytes; a longer one fails the connection with 1009.</summary>
    /// <value>
    /// 0 to <see cref="long.MaxValue"/>. The default, <see langword="null"/>, is 1 MiB (1,048,576) on a server and 16 MiB
    /// (16,777,216) on a client. A value over <see cref="Array.MaxLength"/> requires
    /// <see cref="WebSocketConnectionOptions.DeliverFragments"/>, since a message that is delivered whole is stored in one array. The
    /// options of a server, a route or a client reject one without the other.
    /// </value>
    /// <remarks>
    /// Checked against what frame headers announce, before their payload arrives, and against the sum of a message's
    /// fragments (RFC 6455 §10.4). Of a compressed message the inflated bytes count.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long? MaxMessageLength
    {
        get;
        init => field = value is null or >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxMessageLength), value, "Must be at least 0.");
    }

    /// <summary>
    /// How many bytes may wait in the inbox for a busy application before the connection stops reading from the transport.
    /// </summary>
    /// <value>At least 1. The default is 64 KiB (65,536).</value>
    /// <remarks>
    /// An inbox that is not full takes a message of any length, so that the bound is this value and one message of at most
    /// <see cref="MaxMessageLength"/>. Memory is counted: the array of the payload, after inflating, and 48 bytes for each message. See
    /// <see cref="MaxBufferedLength"/> for the limit of all connections together.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int MaxInboxLength
    {
        get;
        init => field = value >= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxInboxLength), value, "Must be at least 1.");
    } = 64 * 1024;

    /// <summary>
    /// How many bytes all connections of the process may hold before the connections with these options get no more: incoming messages,
    /// inboxes, inflated payloads, codecs and send buffers together.
    /// </summary>
    /// <value>
    /// At least 0. The default is a quarter of the memory that the garbage collector may use
    /// (<see cref="GCMemoryInfo.TotalAvailableMemoryBytes"/>), which knows the limit of a container.
    /// </value>
    /// <remarks>
    /// <para>
    /// At nine tenths of it, a server rejects opening handshakes with 503, and an encoder is returned after each message, so that messages
    /// are compressed less well. When all of it is held, a connection whose next message needs more than 16 KiB, or a decoder, is failed
    /// with 1013, and an inbox with more than 16 KiB counts as full: reading waits for the application, and reads at most 16 KiB at
    /// once. A message that arrives whole in one read needs no memory and is always received. The rest of a read that waits for a turn or
    /// for the application is counted and always kept.
    /// </para>
    /// <para>
    /// There is one count for the process, and each connection has a limit: servers may have different ones. The count is kept for each
    /// processor and may lag by 64 KiB for each.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long MaxBufferedLength
    {
        get;
        init => field = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxBufferedLength), value, "Must be at least 0.");
    } = MemoryBudget.DefaultLimit;

    /// <summary>
    /// How many bytes of that incomplete messages of all connections may hold: messages whose end has not arrived. A connection whose next
    /// message needs more than 16 KiB beyond it is failed with 1013.
    /// </summary>
    /// <value>At least 0. The default, <see langword="null"/>, is a quarter of <see cref="MaxBufferedLength"/>.</value>
    /// <remarks>
    /// Many peers that each begin a long message and never end it use this up, and not the memory of messages that the application has
    /// still to receive. <see cref="MessageTimeout"/> and <see cref="MaxMessageDuration"/> end their connections. Counted as
    /// <see cref="MaxBufferedLength"/> is.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long? MaxIncompleteLength
    {
        get;
        init => field = value is null or >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxIncompleteLength), value, "Must be at least 0.");
    }

    /// <summary>How much a peer may send in a second. A copy is kept, and a copy is returned. The default limits nothing.</summary>
    /// <exception cref="ArgumentNullException">The value is <see langword="null"/>.</exception>
    public ReceiveRateOptions ReceiveRate
    {
        get => _receiveRate with { };
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(ReceiveRate));
            _receiveRate = value with { };
        }
    }

    /// <summary>
    /// How long a message may take to arrive, from its first byte to its last, before the connection is failed with 1008.
    /// </summary>
    /// <value>
    /// 1 second to a day. The default is <see cref="Timeout.InfiniteTimeSpan"/>: a long message over a slow network takes long, and
    /// <see cref="MessageTimeout"/> already ends a peer that stalls. Accurate to two tenths of a second.
    /// </value>
    /// <remarks>
    /// For peers that send a byte now and then to keep a message open. The time starts over when reading has waited for the application.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 second or over a day.</exception>
    public TimeSpan MaxMessageDuration
    {
        get;
        init => field = OptionChecks.IntervalOrInfinite(value, nameof(MaxMessageDuration));
    } = Timeout.InfiniteTimeSpan;

    /// <summary>The rates, without a copy.</summary>
    internal ReceiveRateOptions OwnReceiveRate => _receiveRate;

    /// <summary>
    /// How long the peer may pause within a message before the connection is failed with 1008.
    /// </summary>
    /// <value>
    /// 1 second to a day, or <see cref="Timeout.InfiniteTimeSpan"/> for no deadline. The default is 60 seconds, which web servers allow
    /// for the body of a request. Accurate to two tenths of a second.
    /// </value>
    /// <remarks>
    /// Any byte of the message restarts the timeout; pings and pongs between its frames do not. The timeout does not run while reading
    /// waits for the application. Set it to infinite for a peer that keeps one message open on purpose, such as one that streams
    /// fragments of live data.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 second or over a day.</exception>
    public TimeSpan MessageTimeout
    {
        get;
        init => field = OptionChecks.IntervalOrInfinite(value, nameof(MessageTimeout));
    } = TimeSpan.FromSeconds(60);

    /// <summary>How many bytes may wait for a slow peer before <c>SendAsync</c> waits and <c>TrySend</c> refuses.</summary>
    /// <value>At least 1. The default is 1 MiB (1,048,576).</value>
    /// <remarks>
    /// A send buffer below the limit takes a message of any length, so that the bound is this value and one message. A waiting message that
    /// a policy for slow consumers may drop or replace counts 192 bytes besides its frame, for the objects that keep it.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int MaxSendBufferLength
    {
        get;
        init => field = value >= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxSendBufferLength), value, "Must be at least 1.");
    } = 1024 * 1024;
}
