namespace Sockeye;

/// <summary>How much the operating system may hold of what a connection sends and receives.</summary>
/// <remarks>
/// By default the system decides, for the highest throughput: it may hold megabytes for a peer that reads slowly, which then gets data
/// that is many seconds old. Where only new data is worth sending, bound what the system holds with
/// <see cref="MaxUnsentLength"/>, and what Sockeye holds with <see cref="LimitOptions.MaxSendBufferLength"/>.
/// Never changes once made.
/// </remarks>
public sealed record SocketOptions
{
    /// <summary>The system's own way. A new object each time.</summary>
    public static SocketOptions Default => new();

    /// <summary>The send buffer of a socket (SO_SNDBUF): what the peer has not acknowledged yet, sent or not.</summary>
    /// <value>
    /// At least 1 byte; <see langword="null"/>, the default, lets the system adapt it to the connection. The system rounds it: Linux
    /// takes twice as much, for its own structures, at least 4.5 KiB and at most twice net.core.wmem_max.
    /// </value>
    /// <remarks>
    /// A connection sends no more than this in a round trip, which limits its throughput on long distances.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? SendBufferLength
    {
        get;
        init => field = AtLeastOne(value, nameof(SendBufferLength));
    }

    /// <summary>The receive buffer of a socket (SO_RCVBUF): what has arrived, and has not been read.</summary>
    /// <value>
    /// At least 1 byte; <see langword="null"/>, the default, lets the system adapt it to the connection. Rounded as
    /// <see cref="SendBufferLength"/> is.
    /// </value>
    /// <remarks>A peer sends no more than this in a round trip.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? ReceiveBufferLength
    {
        get;
        init => field = AtLeastOne(value, nameof(ReceiveBufferLength));
    }

    /// <summary>
    /// How much the system takes over before it can send it (TCP_NOTSENT_LOWAT): the rest stays in the send buffer of the connection,
    /// where it counts for <see cref="WebSocketConnection.SendBufferLength"/> and for what <c>TrySend</c> refuses.
    /// </summary>
    /// <value>
    /// At least 1 byte; <see langword="null"/>, the default, for as much as the send buffer has room for. The system may exceed it by
    /// one segment of up to 64 KiB. Linux and macOS have this, for TCP; it is ignored elsewhere.
    /// </value>
    /// <remarks>
    /// Unlike <see cref="SendBufferLength"/> it does not limit the throughput: what is on its way is not counted.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? MaxUnsentLength
    {
        get;
        init => field = AtLeastOne(value, nameof(MaxUnsentLength));
    }

    private static int? AtLeastOne(int? value, string name) =>
        value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(name, value, "Must be at least 1.");
}
