using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections.Lifecycle;

/// <summary>Readings of a <see cref="DeadlineWheel"/>, as the state machines of the lifecycle take them.</summary>
internal static class WheelTime
{
    /// <summary>
    /// The time that the wheel last turned to. Signs of life and of progress carry this time and not the clock's, which may be ahead:
    /// a pong must not seem to have arrived before its ping was sent.
    /// </summary>
    public static CoarseTime RecentTime(this DeadlineWheel wheel) => new(wheel.RecentTick, wheel.LastGapTick, DeadlineWheel.Tick);

    /// <summary>The time read from the clock.</summary>
    public static CoarseTime CurrentTime(this DeadlineWheel wheel) => new(wheel.CurrentTick, wheel.LastGapTick, DeadlineWheel.Tick);
}
