using System.Runtime.InteropServices;

namespace Sockeye.Server;

/// <summary>Waits for the signals with which a terminal or an operating system ends a process.</summary>
/// <remarks>The first signal is caught. The next one is not: it ends the process, even if a stop hangs.</remarks>
internal sealed class StopSignals : IDisposable
{
    private readonly Action _onFirst;
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private int _isTold;

    /// <summary>Catches signals from now on.</summary>
    /// <param name="onFirst">Called at the first signal, not on a thread of the pool, which may be blocked.</param>
    public StopSignals(Action onFirst)
    {
        _onFirst = onFirst;
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
    }

    // What is not canceled takes the default action, which ends the process.
    private void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Exchange(ref _isTold, 1) == 0)
        {
            context.Cancel = true;
            _onFirst();
        }
    }
}
