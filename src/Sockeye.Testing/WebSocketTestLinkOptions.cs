namespace Sockeye.Testing;

/// <summary>The conditions of one direction of a <see cref="WebSocketTestNetwork"/>. By default, bytes arrive at once and whole.</summary>
/// <remarks>
/// Immutable. Bytes always arrive in order. Positions count the bytes of this direction from its first; of a
/// <see cref="WebSocketTestPair"/>, from the first byte after the opening handshake, unless
/// <see cref="WebSocketTestPairOptions.ImpairHandshake"/> is set.
/// </remarks>
public sealed record WebSocketTestLinkOptions
{
    /// <summary>How long each byte is under way.</summary>
    /// <value>Zero, the default, to a day. Arrivals are rounded up to a whole millisecond.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or more than a day.</exception>
    public TimeSpan Latency
    {
        get;
        init => field = OptionRange.Time(value, nameof(Latency));
    }

    /// <summary>
    /// By how much the latency varies: each piece takes up to this much longer, as <see cref="WebSocketTestNetworkOptions.Seed"/> determines
    /// for its position. A piece never overtakes another.
    /// </summary>
    /// <value>Zero, the default, to a day.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or more than a day.</exception>
    public TimeSpan Jitter
    {
        get;
        init => field = OptionRange.Time(value, nameof(Jitter));
    }

    /// <summary>The maximum number of bytes that arrive at once. A read returns bytes of one piece only.</summary>
    /// <value>
    /// At least 1. Pieces end at multiples of this length, and where a write ends. The default, <see langword="null"/>, delivers each write
    /// whole; with <see cref="BytesPerSecond"/>, in pieces of 1,460 bytes, which an Ethernet frame carries.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int? SegmentLength
    {
        get;
        init => field = OptionRange.AtLeastOne(value, nameof(SegmentLength));
    }

    /// <summary>
    /// Whether pieces have different lengths, from 1 to <see cref="SegmentLength"/>, as <see cref="WebSocketTestNetworkOptions.Seed"/>
    /// determines. The default is <see langword="false"/>. Has no effect without <see cref="SegmentLength"/>.
    /// </summary>
    public bool VarySegments { get; init; }

    /// <summary>The bandwidth, in bytes per second.</summary>
    /// <value>At least 1. The default, <see langword="null"/>, is no limit.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public long? BytesPerSecond
    {
        get;
        init => field = OptionRange.AtLeastOne(value, nameof(BytesPerSecond));
    }

    /// <summary>
    /// How many bytes the network holds that the sender has written and the receiver has not read. When they are reached, writes wait, as
    /// those of a socket do whose peer does not read.
    /// </summary>
    /// <value>At least 1. The default is 64 KiB. The last piece may exceed it.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1.</exception>
    public int BufferLength
    {
        get;
        init => field = OptionRange.AtLeastOne(value, nameof(BufferLength))!.Value;
    } = 64 * 1024;

    /// <summary>Whether the direction is stalled until <see cref="WebSocketTestLink.Resume"/> is called. The default is <see langword="false"/>.</summary>
    public bool IsStalled { get; init; }

    /// <summary>
    /// The network resets the connection when the receiver has read so many bytes of this direction; see
    /// <see cref="WebSocketTestLink.ResetAfter"/>.
    /// </summary>
    /// <value>At least 0. The default, <see langword="null"/>, is never.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long? ResetAfterLength
    {
        get;
        init => field = OptionRange.NotNegative(value, nameof(ResetAfterLength));
    }

    /// <summary>The bytes of this direction after so many are lost; see <see cref="WebSocketTestLink.DropAfter"/>.</summary>
    /// <value>At least 0. The default, <see langword="null"/>, is never.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long? DropAfterLength
    {
        get;
        init => field = OptionRange.NotNegative(value, nameof(DropAfterLength));
    }
}
