namespace Sockeye;

/// <summary>How a connection detects that its peer is gone (RFC 6455 §5.5.2).</summary>
/// <remarks>Immutable. Adjust a copy: <c>new KeepAliveOptions { … }</c>.</remarks>
public sealed record KeepAliveOptions
{
    // Common reverse proxies drop a silent connection after 60 s. 20 s leaves room for two more pings.
    private readonly TimeSpan _pingInterval = TimeSpan.FromSeconds(20);
    private readonly TimeSpan _pongTimeout = TimeSpan.FromSeconds(20);

    /// <summary>No pings: a dead peer is detected only when a send fails. A new object each time.</summary>
    public static KeepAliveOptions Disabled => new() { PingInterval = Timeout.InfiniteTimeSpan };

    /// <summary>How long the peer may send nothing before the connection sends a ping. Any byte from the peer restarts the interval.</summary>
    /// <value>
    /// 1 second to a day, or <see cref="Timeout.InfiniteTimeSpan"/> for no pings. The default is 20 seconds. Kept to
    /// within two tenths of a second.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 second or over a day.</exception>
    public TimeSpan PingInterval
    {
        get => _pingInterval;
        init => _pingInterval = OptionChecks.IntervalOrInfinite(value, nameof(PingInterval));
    }

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
        get => _pongTimeout;
        init => _pongTimeout = OptionChecks.IntervalOrInfinite(value, nameof(PongTimeout));
    }

    /// <summary>
    /// Whether an unsolicited pong is sent in each <see cref="PingInterval"/>, and no ping (RFC 6455 §5.5.3: "a unidirectional heartbeat").
    /// </summary>
    internal bool SendsPongs { get; private init; }

    /// <summary>Pings with any times of at least zero, as other libraries allow them.</summary>
    internal static KeepAliveOptions Pings(TimeSpan interval, TimeSpan timeout) => new(interval, timeout);

    /// <summary>Unsolicited pongs, at any interval of at least zero.</summary>
    internal static KeepAliveOptions Pongs(TimeSpan interval) => new(interval, Timeout.InfiniteTimeSpan) { SendsPongs = true };

    /// <summary>Creates options with the defaults.</summary>
    public KeepAliveOptions()
    {
    }

    private KeepAliveOptions(TimeSpan pingInterval, TimeSpan pongTimeout)
    {
        _pingInterval = pingInterval;
        _pongTimeout = pongTimeout;
    }
}
