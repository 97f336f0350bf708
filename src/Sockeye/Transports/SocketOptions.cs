namespace Sockeye;

/// <summary>Limits how much of a connection's data the operating system buffers.</summary>
/// <remarks>
/// By default the system decides, for maximum throughput: it may buffer megabytes for a slow peer, which then receives data that
/// is many seconds old. Where only fresh data is worth sending, limit what the system buffers with <see cref="MaxUnsentLength"/>,
/// and what Sockeye buffers with <see cref="LimitOptions.MaxSendBufferLength"/>. Immutable.
/// </remarks>
public sealed record SocketOptions
{
    /// <summary>Returns a new instance that leaves every choice to the system.</summary>
    public static SocketOptions Default => new();

    /// <summary>
    /// The send buffer of a socket (SO_SNDBUF), in bytes: data that the peer has not acknowledged, sent or not.
    /// </summary>
    /// <value>
    /// At least 1 byte. <see langword="null"/>, the default, lets the system adapt it to the connection. The system rounds the
    /// value: Linux doubles it for its own structures, to at least 4.5 KiB and at most twice net.core.wmem_max.
    /// </value>
    /// <remarks>A connection sends at most this much per round trip, which limits its throughput over long distances.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? SendBufferLength
    {
        get;
        init => field = AtLeastOne(value, nameof(SendBufferLength));
    }

    /// <summary>The receive buffer of a socket (SO_RCVBUF), in bytes: data that has arrived and was not read yet.</summary>
    /// <value>
    /// At least 1 byte. <see langword="null"/>, the default, lets the system adapt it to the connection. Rounded like
    /// <see cref="SendBufferLength"/>.
    /// </value>
    /// <remarks>A peer sends at most this much per round trip.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? ReceiveBufferLength
    {
        get;
        init => field = AtLeastOne(value, nameof(ReceiveBufferLength));
    }

    /// <summary>
    /// How many bytes the system accepts before it can send them (TCP_NOTSENT_LOWAT). The rest stays in the connection's send
    /// buffer, where it counts towards <see cref="WebSocketConnection.SendBufferLength"/> and makes <c>TrySend</c> refuse.
    /// </summary>
    /// <value>
    /// At least 1 byte. <see langword="null"/>, the default, allows as much as the send buffer holds. The system may exceed the
    /// value by one segment of up to 64 KiB. Supported for TCP on Linux and macOS; ignored elsewhere.
    /// </value>
    /// <remarks>Unlike <see cref="SendBufferLength"/>, it does not limit throughput: bytes in flight are not counted.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? MaxUnsentLength
    {
        get;
        init => field = AtLeastOne(value, nameof(MaxUnsentLength));
    }

    private static int? AtLeastOne(int? value, string name) =>
        value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(name, value, "Must be at least 1.");
}
