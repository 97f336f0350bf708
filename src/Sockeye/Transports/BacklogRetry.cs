namespace Sockeye.Transports;

/// <summary>
/// The waits between attempts to connect to a Unix socket whose backlog is full: connect(2) answers EAGAIN then, instead of waiting
/// as it does for TCP, and the kernel does not tell when there is room.
/// </summary>
internal static class BacklogRetry
{
    private const int DoublingCount = 7;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(1);

    /// <summary>Waits 1 millisecond before the second attempt, and each time twice as long, up to 128 milliseconds.</summary>
    /// <param name="attempt">How many attempts there were.</param>
    /// <param name="time">Where time comes from.</param>
    /// <param name="cancellationToken">The deadline of all attempts together.</param>
    public static Task WaitAsync(int attempt, TimeProvider time, CancellationToken cancellationToken) =>
        Task.Delay(FirstDelay * (1 << Math.Min(attempt - 1, DoublingCount)), time, cancellationToken);
}
