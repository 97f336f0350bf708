using System.Globalization;

namespace Sockeye.Logging;

/// <summary>Writes log entries to a stream that may block, on a thread that may: never on the thread that logs.</summary>
/// <remarks>
/// Bounded twice. Peers can provoke entries, so that only so many are written in a period; the rest are counted. And if the
/// reader of the stream is slow, only so many wait.
/// </remarks>
internal sealed class LogOutput
{
    private const int MaxEntriesInAPeriod = 50;
    private const int MaxWaiting = 200;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    // As long as the end of a process waits for a reader of its errors.
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Queue<string> _waiting = new();
    private readonly Action<string> _write;
    private readonly TimeProvider _time;
    private long _periodStart;
    private int _countInPeriod;
    private int _dropped;
    private bool _isWriting;

    public LogOutput(Action<string> write, TimeProvider time)
    {
        _write = write;
        _time = time;
        _periodStart = time.GetTimestamp();
    }

    /// <summary>The standard error stream of the process; what waits is written before the process ends.</summary>
    public static LogOutput StandardError { get; } = CreateStandardError();

    /// <summary>Whether one more entry may be written now; if not, it is counted.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_periodStart) >= Period)
            {
                _periodStart = _time.GetTimestamp();
                _countInPeriod = 0;
            }

            if (_countInPeriod < MaxEntriesInAPeriod && _waiting.Count < MaxWaiting)
            {
                _countInPeriod++;
                return true;
            }

            _dropped++;
            return false;
        }
    }

    /// <summary>Writes an entry, soon.</summary>
    public void Write(string entry)
    {
        lock (_gate)
        {
            if (_dropped > 0)
            {
                entry = string.Create(
                    CultureInfo.InvariantCulture, $"Sockeye left out {_dropped} entries here{Environment.NewLine}{entry}");
                _dropped = 0;
            }

            _waiting.Enqueue(entry);
            if (_isWriting)
            {
                return;
            }

            _isWriting = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static output => output.WriteWaiting(), this, preferLocal: false);
    }

    private static LogOutput CreateStandardError()
    {
        var output = new LogOutput(static text => Console.Error.Write(text), TimeProvider.System);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => output.Flush();
        return output;
    }

    private void Flush()
    {
        // The process is ending: there is nothing better for this thread to do than to wait.
        SpinWait.SpinUntil(IsIdle, ExitTimeout);
    }

    private bool IsIdle()
    {
        lock (_gate)
        {
            return !_isWriting;
        }
    }

    private void WriteWaiting()
    {
        while (true)
        {
            string? entry;
            lock (_gate)
            {
                if (!_waiting.TryDequeue(out entry))
                {
                    _isWriting = false;
                    return;
                }
            }

            try
            {
                _write(entry);
            }
            catch (Exception)
            {
                // The stream is closed or its disk is full: there is nowhere left to report it.
            }
        }
    }
}
