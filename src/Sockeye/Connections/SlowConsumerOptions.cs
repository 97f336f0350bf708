namespace Sockeye;

/// <summary>What a connection does when its peer reads more slowly than this end sends.</summary>
/// <remarks>Immutable: to change an option, make a copy with <c>options with { … }</c>.</remarks>
public sealed record SlowConsumerOptions
{
    /// <summary>Options with <see cref="WebSocketSlowConsumerPolicy.Wait"/>, the default. A new object each time.</summary>
    public static SlowConsumerOptions Wait => new();

    /// <summary>Options with <see cref="WebSocketSlowConsumerPolicy.DropNewest"/>. A new object each time.</summary>
    public static SlowConsumerOptions DropNewest => new() { Policy = WebSocketSlowConsumerPolicy.DropNewest };

    /// <summary>Options with <see cref="WebSocketSlowConsumerPolicy.DropOldest"/>. A new object each time.</summary>
    public static SlowConsumerOptions DropOldest => new() { Policy = WebSocketSlowConsumerPolicy.DropOldest };

    /// <summary>Options with <see cref="WebSocketSlowConsumerPolicy.LatestPerKey"/>. A new object each time.</summary>
    public static SlowConsumerOptions LatestPerKey => new() { Policy = WebSocketSlowConsumerPolicy.LatestPerKey };

    /// <summary>What happens to messages for a slow peer. A send or a broadcast may override it.</summary>
    /// <value>The default is <see cref="WebSocketSlowConsumerPolicy.Wait"/>.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a member of the enumeration.</exception>
    public WebSocketSlowConsumerPolicy Policy
    {
        get;
        init => field = Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Policy), value, "Must be a policy.");
    }

    /// <summary>
    /// How long the send buffer may be at its limit, and not drain to half of it, before <see cref="WebSocketSlowConsumerPolicy.Close"/>
    /// fails the connection with 1013.
    /// </summary>
    /// <value>1 second to a day. The default is 10 seconds. Accurate to two tenths of a second.</value>
    /// <remarks>
    /// A sender that always has a message ready, such as one that sends a file, keeps the buffer at its limit however fast the peer
    /// reads. Send such messages with the policy <see cref="WebSocketSlowConsumerPolicy.Wait"/>.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 second or over a day.</exception>
    public TimeSpan CloseAfter
    {
        get;
        init => field = value != Timeout.InfiniteTimeSpan
            ? OptionChecks.IntervalOrInfinite(value, nameof(CloseAfter))
            : throw new ArgumentOutOfRangeException(nameof(CloseAfter), value, "Must be 1 second to a day.");
    } = TimeSpan.FromSeconds(10);

    /// <summary>Options with <see cref="WebSocketSlowConsumerPolicy.Close"/>. A new object each time.</summary>
    /// <param name="after">See <see cref="CloseAfter"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is under 1 second or over a day.</exception>
    public static SlowConsumerOptions Close(TimeSpan after) =>
        new() { Policy = WebSocketSlowConsumerPolicy.Close, CloseAfter = after };
}
