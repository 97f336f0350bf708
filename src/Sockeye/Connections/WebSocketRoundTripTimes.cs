namespace Sockeye;

/// <summary>How long pings took to be answered on a connection: those of the keep-alive and those of the application.</summary>
public readonly record struct WebSocketRoundTripTimes
{
    internal WebSocketRoundTripTimes(TimeSpan last, TimeSpan smoothed, TimeSpan minimum)
    {
        Last = last;
        Smoothed = smoothed;
        Minimum = minimum;
    }

    /// <summary>The round-trip time of the last ping that was answered.</summary>
    public TimeSpan Last { get; }

    /// <summary>
    /// A moving average, to which each new round-trip time contributes an eighth, as in TCP (RFC 6298 §2). It follows a change within about
    /// ten pings, and single late pongs move it little.
    /// </summary>
    public TimeSpan Smoothed { get; }

    /// <summary>The shortest round-trip time so far: the best estimate of what the network alone needs.</summary>
    public TimeSpan Minimum { get; }
}
