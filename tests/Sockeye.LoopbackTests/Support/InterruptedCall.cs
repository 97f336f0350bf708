using System.Globalization;
using System.Runtime.InteropServices;

namespace Sockeye.Tests;

/// <summary>A system call that blocks on a thread of its own, and is interrupted there by real signals.</summary>
internal sealed partial class InterruptedCall : IDisposable
{
    // A signal without a default effect, which the runtime can handle.
    private const int WindowChanged = 28;

    private readonly PosixSignalRegistration _handling = PosixSignalRegistration.Create(
        (PosixSignal)WindowChanged, static context => context.Cancel = true);

    private readonly TaskCompletionSource<int> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ManualResetEventSlim _isRunning = new();
    private readonly ManualResetEventSlim _isOver = new();
    private readonly Thread? _own;
    private nint _thread;
    private int _threadId;

    /// <summary>Makes the call.</summary>
    public InterruptedCall(Func<int> call)
    {
        _own = new Thread(() =>
        {
            NoteThread();
            _isRunning.Set();
            _result.SetResult(call());

            // Somebody may be looking how the thread does.
            _isOver.Wait();
        })
        { IsBackground = true };
        _own.Start();
        _isRunning.Wait();
    }

    private InterruptedCall() => NoteThread();

    /// <summary>The result of the call.</summary>
    public Task<int> Result => _result.Task.WithDeadline();

    /// <summary>An instance for the current thread, whose calls can be interrupted.</summary>
    public static InterruptedCall OfThisThread() => new();

    /// <summary>Interrupts the call several times; each time it blocks again or returns.</summary>
    public async Task InterruptAsync(int times)
    {
        await UntilBlockedAsync(beyond: -1);
        for (int i = 0; i < times && !_result.Task.IsCompleted; i++)
        {
            long before = CountBlocks();
            Assert.Equal(0, Signal(_thread, WindowChanged));
            await UntilBlockedAsync(before);
        }
    }

    public void Dispose()
    {
        _isOver.Set();
        _own?.Join(Deadlines.Deadline);
        _handling.Dispose();
        _isRunning.Dispose();
        _isOver.Dispose();
    }

    private void NoteThread()
    {
        _thread = CurrentThread();
        _threadId = CurrentThreadId();
    }

    private Task UntilBlockedAsync(long beyond) => Deadlines.UntilAsync(
        () => _result.Task.IsCompleted || (IsBlocked() && CountBlocks() > beyond), "the thread is blocked");

    // The state is behind the name of the thread, which is in parentheses.
    private bool IsBlocked() => Read("stat").Split(") ")[^1].StartsWith('S');

    private long CountBlocks()
    {
        const string Name = "voluntary_ctxt_switches:";
        string line = Read("status").Split('\n').Single(line => line.StartsWith(Name, StringComparison.Ordinal));
        return long.Parse(line[Name.Length..], CultureInfo.InvariantCulture);
    }

    private string Read(string file) => File.ReadAllText($"/proc/self/task/{_threadId}/{file}");

    [LibraryImport("libc", EntryPoint = "pthread_self")]
    private static partial nint CurrentThread();

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int CurrentThreadId();

    [LibraryImport("libc", EntryPoint = "pthread_kill")]
    private static partial int Signal(nint thread, int signal);
}
