using System.Runtime.InteropServices;

namespace Sockeye.Server;

/// <summary>Waits for the signals with which a terminal or an operating system ends a process.</summary>
/// <remarks>The first signal is caught. The next one is not: it ends the process, even if a stop hangs.</remarks>
internal sealed class StopSignals : IDisposable
{
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public StopSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    /// <summary>Completes at the first signal.</summary>
    public Task First => _first.Task;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
    }

    // What is not canceled takes the default action, which ends the process.
    private void OnSignal(PosixSignalContext context) => context.Cancel = _first.TrySetResult();
}
