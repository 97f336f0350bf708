using System.Runtime.InteropServices;

namespace Sockeye.Server.Stopping;

/// <summary>Catches the signals by which a terminal or an operating system ends a process.</summary>
/// <remarks>Only the first signal is caught. The next one ends the process, even if a stop hangs.</remarks>
internal sealed class StopSignals : IDisposable
{
    private readonly Action _onFirst;
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private int _isTold;

    /// <summary>Begins to catch signals.</summary>
    /// <param name="onFirst">Called at the first signal, on a thread that does not belong to the pool, which may be blocked.</param>
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

    // A signal that is not canceled takes its default action, which ends the process.
    private void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Exchange(ref _isTold, 1) == 0)
        {
            context.Cancel = true;
            _onFirst();
        }
    }
}
