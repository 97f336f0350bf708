namespace Sockeye.Transports;

/// <summary>
/// Paces attempts to connect to a Unix socket whose backlog is full. connect(2) then fails with EAGAIN instead of waiting as it
/// does for TCP, and the kernel does not report when there is room.
/// </summary>
internal static class BacklogRetry
{
    private const int DoublingCount = 7;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(1);

    /// <summary>Waits 1 millisecond before the second attempt and doubles that each time, up to 128 milliseconds.</summary>
    /// <param name="attempt">The number of attempts made so far.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public static Task WaitAsync(int attempt, TimeProvider time, CancellationToken cancellationToken) =>
        Task.Delay(FirstDelay * (1 << Math.Min(attempt - 1, DoublingCount)), time, cancellationToken);
}
