using Sockeye.Transports.Loops;

namespace Sockeye;

/// <summary>
/// How a server's event loops work: threads that each serve many connections in place, on Linux, for TCP without TLS and
/// for Unix sockets.
/// </summary>
/// <remarks>Never changes once made. Adjust a copy: <c>EventLoopOptions.Default with { … }</c>.</remarks>
public sealed record EventLoopOptions
{
    /// <summary>One loop per processor. A new object each time.</summary>
    public static EventLoopOptions Default => new();

    /// <summary>How many loops there are. Connections are spread evenly among them.</summary>
    /// <value>1 to 1,024. The default is the number of processors that the process may use.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 1 or over 1,024.</exception>
    public int Count
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, nameof(Count));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1_024, nameof(Count));
            field = value;
        }
    } = Math.Min(Environment.ProcessorCount, 1_024);

    /// <summary>
    /// How long a handler may keep its loop from all other connections before a warning names its connection in the log.
    /// </summary>
    /// <value>
    /// 10 milliseconds to a day, or <see cref="Timeout.InfiniteTimeSpan"/> for no warning. The default is 100
    /// milliseconds. Kept to within some milliseconds.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is under 10 milliseconds or over a day.</exception>
    public TimeSpan SlowCallbackThreshold
    {
        get;
        init
        {
            if (value != Timeout.InfiniteTimeSpan)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(
                    value, TimeSpan.FromMilliseconds(10), nameof(SlowCallbackThreshold));
                ArgumentOutOfRangeException.ThrowIfGreaterThan(
                    value, TimeSpan.FromDays(1), nameof(SlowCallbackThreshold));
            }

            field = value;
        }
    } = TimeSpan.FromMilliseconds(100);

    /// <summary>The system calls of the loops: a seam, for tests to put failures in.</summary>
    internal SystemCalls Calls { get; init; } = SystemCalls.Default;
}
