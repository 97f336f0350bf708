namespace Sockeye;

/// <summary>How much a peer may send in a second. Nothing is limited unless it is set.</summary>
/// <remarks>
/// A peer that exceeds a rate is failed with 1008, and <see cref="WebSocketCloseResult.Exception"/> is a
/// <see cref="WebSocketRateException"/>; the messages before are delivered. What a peer sends within its rates while reading waits for the
/// application arrives at once afterwards, and does not count as a burst. Immutable: to change an option, make a copy with
/// <c>options with { … }</c>.
/// </remarks>
public sealed record ReceiveRateOptions
{
    /// <summary>How many messages a peer may send in a second, on average over <see cref="BurstPeriod"/>.</summary>
    /// <value>At least 1. The default, <see langword="null"/>, is no limit.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? MessagesPerSecond
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(MessagesPerSecond));
    }

    /// <summary>
    /// How many bytes a peer may send in a second, on average over <see cref="BurstPeriod"/>: everything that arrives after the opening
    /// handshake, before inflating.
    /// </summary>
    /// <value>At least 1. The default, <see langword="null"/>, is no limit.</value>
    /// <remarks>
    /// A peer that is limited to this much should be allowed to send its longest message at once: set
    /// <see cref="LimitOptions.MaxMessageLength"/> to at most this rate times <see cref="BurstPeriod"/>.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? BytesPerSecond
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(BytesPerSecond));
    }

    /// <summary>How many pings a peer may send in a second, on average over <see cref="BurstPeriod"/>.</summary>
    /// <value>At least 1. The default, <see langword="null"/>, is no limit.</value>
    /// <remarks>Without a limit too, many pings cost little: while a pong waits to be written, only the newest ping is answered.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1.</exception>
    public int? PingsPerSecond
    {
        get;
        init => field = OptionChecks.AtLeastOne(value, nameof(PingsPerSecond));
    }

    /// <summary>For how long a peer may save up what it has not sent, to send it at once.</summary>
    /// <value>1 second to a day. The default is 2 seconds: with 10 messages a second, 20 may come at once after 2 seconds of silence.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 second or over a day.</exception>
    public TimeSpan BurstPeriod
    {
        get;
        init => field = value == Timeout.InfiniteTimeSpan
            ? throw new ArgumentOutOfRangeException(nameof(BurstPeriod), value, "Must be 1 second to a day.")
            : OptionChecks.IntervalOrInfinite(value, nameof(BurstPeriod));
    } = TimeSpan.FromSeconds(2);

    /// <summary>Whether any rate is limited.</summary>
    internal bool IsLimited => MessagesPerSecond is not null || BytesPerSecond is not null || PingsPerSecond is not null;
}
