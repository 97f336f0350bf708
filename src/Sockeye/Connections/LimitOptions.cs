namespace Sockeye;

/// <summary>How much memory a peer can make a connection hold. All limits are on by default.</summary>
/// <remarks>Never changes once made. Adjust a copy: <c>LimitOptions.Server with { … }</c>.</remarks>
public sealed record LimitOptions
{
    // What ws's users asked for after 100 MiB turned out too much; python-websockets has the same.
    private const long ServerMaxMessageLength = 1024 * 1024;

    // A client chose its server, and asked for what it gets.
    private const long ClientMaxMessageLength = 16 * 1024 * 1024;

    /// <summary>The defaults of a server: messages up to 1 MiB. A new object each time.</summary>
    public static LimitOptions Server => new() { MaxMessageLength = ServerMaxMessageLength };

    /// <summary>The defaults of a client: messages up to 16 MiB. A new object each time.</summary>
    public static LimitOptions Client => new() { MaxMessageLength = ClientMaxMessageLength };

    /// <summary>The longest message that is received, in bytes; a longer one fails the connection with 1009.</summary>
    /// <value>
    /// 0 to <see cref="long.MaxValue"/>. The default is 1 MiB (1,048,576); <see cref="Client"/> has 16 MiB. More than
    /// <see cref="Array.MaxLength"/> needs <see cref="WebSocketConnectionOptions.DeliverFragments"/>: a message that is
    /// delivered whole lies in one array. Options that have the one without the other are refused where they are used.
    /// </value>
    /// <remarks>
    /// Checked against what frame headers announce, before their payload arrives, and against the sum of a message's
    /// fragments (RFC 6455 §10.4). Of a compressed message the inflated bytes count.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long MaxMessageLength
    {
        get;
        init => field = value >= 0
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxMessageLength), value, "Must be at least 0.");
    } = ServerMaxMessageLength;

    /// <summary>
    /// How many bytes may wait for a busy application before the connection stops reading from the transport.
    /// </summary>
    /// <value>At least 1. The default is 64 KiB (65,536).</value>
    /// <remarks>
    /// A message goes into an inbox that is not full whatever its length, so that the bound is this and one message. An
    /// entry counts 64 bytes beside its payload.
    /// </remarks>
    public int MaxInboxLength
    {
        get;
        init => field = value >= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxInboxLength), value, "Must be at least 1.");
    } = 64 * 1024;

    /// <summary>How many bytes may wait for a slow peer before sends wait, or are refused.</summary>
    /// <value>At least 1. The default is 1 MiB (1,048,576).</value>
    /// <remarks>
    /// A message goes into a buffer that is below the limit whatever its length, so that the bound is this and one
    /// message.
    /// </remarks>
    public int MaxSendBufferLength
    {
        get;
        init => field = value >= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MaxSendBufferLength), value, "Must be at least 1.");
    } = 1024 * 1024;
}
