using Sockeye.Memory;

namespace Sockeye;

/// <summary>How much memory a peer can make a connection hold. All limits are on by default.</summary>
/// <remarks>Immutable: to change an option, make a copy with <c>options with { … }</c>.</remarks>
public sealed record LimitOptions
{
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
    /// How many bytes may wait for a busy application before the connection stops reading from the transport.
    /// </summary>
    /// <value>At least 1. The default is 64 KiB (65,536).</value>
    /// <remarks>
    /// A message goes into an inbox that is not full whatever its length, so that the bound is this and one message of at
    /// most <see cref="MaxMessageLength"/>. What counts is the memory: the array in which the payload lies, inflated if it
    /// came compressed, and 48 bytes for each entry. See <see cref="MaxBufferedMemory"/> for all connections together.
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
    /// How many bytes all connections of the process may hold, for the connections with these options to take more: messages
    /// that arrive, inboxes, inflated payloads, codecs and send buffers together.
    /// </summary>
    /// <value>
    /// At least 0. The default is a quarter of the memory that the garbage collector may use
    /// (<see cref="GCMemoryInfo.TotalAvailableMemoryBytes"/>), which knows the limit of a container.
    /// </value>
    /// <remarks>
    /// <para>
    /// From nine tenths of it on a server answers opening handshakes with 503, and an encoder is given back after each message,
    /// so that what is sent is less well compressed. When all of it is held, a connection whose next message needs more than
    /// 16 KiB, or a decoder, is failed with 1013, and an inbox with more than 16 KiB in it is full: reading waits for the
    /// application. No more than 16 KiB is read at once then. A message that lies whole in a read is received in place: it needs no
    /// memory and is never refused. What is left of a read when it is the turn of other connections, or when reading waits for the
    /// application, is kept and counted, and never refused either.
    /// </para>
    /// <para>
    /// One count for the process, and a limit for each connection: a server may be given less than another. The count is
    /// kept for each processor and may be behind by 64 KiB for each of them.
    /// </para>
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long MaxBufferedMemory
    {
        get;
        init => field = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxBufferedMemory), value, "Must be at least 0.");
    } = MemoryBudget.DefaultLimit;

    /// <summary>
    /// How long the peer may send nothing of a message that it has begun, before the connection is failed with 1008.
    /// </summary>
    /// <value>
    /// 1 second to a day, or <see cref="Timeout.InfiniteTimeSpan"/> for no deadline. The default is 60 seconds, as what web
    /// servers give the body of a request. Kept to within two tenths of a second.
    /// </value>
    /// <remarks>
    /// Any byte of the message begins the time anew; pings and pongs between its frames do not. While reading waits for the
    /// application it does not run. Set it to infinite for a peer that keeps one message open on purpose, such as one that
    /// streams fragments as they come up.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 second or over a day.</exception>
    public TimeSpan MessageTimeout
    {
        get;
        init => field = OptionChecks.IntervalOrInfinite(value, nameof(MessageTimeout));
    } = TimeSpan.FromSeconds(60);

    /// <summary>How many bytes may wait for a slow peer before sends wait, or are refused.</summary>
    /// <value>At least 1. The default is 1 MiB (1,048,576).</value>
    /// <remarks>
    /// A message goes into a buffer that is below the limit whatever its length, so that the bound is this and one
    /// message.
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
