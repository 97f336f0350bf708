using Sockeye.Transports.Loops;

namespace Sockeye;

/// <summary>
/// Options of a server's event loops: threads that each serve many connections in place, plain or over TLS. Linux only, for TCP and Unix
/// sockets.
/// </summary>
/// <remarks>Immutable. To change a value, copy: <c>EventLoopOptions.Default with { … }</c>.</remarks>
public sealed record EventLoopOptions
{
    /// <summary>Returns a new instance with the defaults: one loop per processor.</summary>
    public static EventLoopOptions Default => new();

    /// <summary>
    /// No event loops: connections are served by asynchronous sockets and the thread pool, as on other systems than Linux. A handler
    /// that blocks then delays its own connection only. A new instance each time.
    /// </summary>
    public static EventLoopOptions Disabled => new() { IsEnabled = false };

    /// <summary>
    /// Whether event loops are used where they are supported. The default is <see langword="true"/>; with <see langword="false"/> the
    /// other options have no effect.
    /// </summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>The number of loops. Connections are distributed evenly among them.</summary>
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

    /// <summary>How long a handler may block its loop before a warning that names its connection is logged.</summary>
    /// <value>
    /// 10 milliseconds to one day, or <see cref="Timeout.InfiniteTimeSpan"/> for no warning. The default is 100 milliseconds.
    /// Accurate to a few milliseconds.
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

    /// <summary>The system calls of the loops; tests replace them to inject failures.</summary>
    internal SystemCalls Calls { get; init; } = SystemCalls.Default;
}
