namespace Sockeye.Tests;

/// <summary>Fails a test in which nothing happens for ten seconds, however long the whole test takes.</summary>
internal sealed class Watchdog : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource _stall = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Timer _timer;
    private long _progress;
    private long _lastProgress = -1;

    public Watchdog() => _timer = new Timer(static state => ((Watchdog)state!).Check(), this, Patience, Patience);

    /// <summary>Reports that something happened. May be called from any thread.</summary>
    public void Advance() => Interlocked.Increment(ref _progress);

    /// <summary>Waits for a task as long as something happens.</summary>
    /// <param name="task">The task.</param>
    /// <param name="describe">Describes the state of the test for the message of the failure.</param>
    public async Task WatchAsync(Task task, Func<string> describe)
    {
        if (await Task.WhenAny(task, _stall.Task) == _stall.Task)
        {
            Assert.Fail($"Nothing happened for {Patience.TotalSeconds} seconds: {describe()}");
        }

        await task;
    }

    public void Dispose() => _timer.Dispose();

    private void Check()
    {
        long progress = Interlocked.Read(ref _progress);
        if (progress == _lastProgress)
        {
            _stall.TrySetResult();
        }

        _lastProgress = progress;
    }
}
