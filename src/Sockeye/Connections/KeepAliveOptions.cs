namespace Sockeye;

/// <summary>How a connection detects that its peer is gone (RFC 6455 §5.5.2).</summary>
/// <remarks>Immutable. Adjust a copy: <c>new KeepAliveOptions { … }</c>.</remarks>
public sealed record KeepAliveOptions
{
    /// <summary>No pings: a dead peer is detected only when a send fails. A new object each time.</summary>
    public static KeepAliveOptions Disabled => new() { PingInterval = Timeout.InfiniteTimeSpan };

    /// <summary>How long the peer may send nothing before the connection sends a ping. Any byte from the peer restarts the interval.</summary>
    /// <value>
    /// 1 second to a day, or <see cref="Timeout.InfiniteTimeSpan"/> for no pings. The default is 20 seconds. Kept to
    /// within two tenths of a second.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 second or over a day.</exception>
    // Common reverse proxies drop a silent connection after 60 s. 20 s leaves room for two more pings.
    public TimeSpan PingInterval
    {
        get;
        init => field = OptionChecks.IntervalOrInfinite(value, nameof(PingInterval));
    } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long the peer has, after such a ping, to send anything at all before the connection is aborted. Also how long
    /// <see cref="WebSocketConnection.PingAsync"/> waits for its pong.
    /// </summary>
    /// <value>
    /// 1 second to a day, or <see cref="Timeout.InfiniteTimeSpan"/> to send pings and never abort.
    /// The default is 20 seconds.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 second or over a day.</exception>
    public TimeSpan PongTimeout
    {
        get;
        init => field = OptionChecks.IntervalOrInfinite(value, nameof(PongTimeout));
    } = TimeSpan.FromSeconds(20);
}
