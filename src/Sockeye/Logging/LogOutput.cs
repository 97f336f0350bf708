using System.Globalization;

namespace Sockeye.Logging;

/// <summary>Writes log entries to a stream that may block, on a pool thread: the thread that logs never waits.</summary>
/// <remarks>
/// Limited twice. Peers can provoke entries, so that only a number of them is written per period, and the rest are counted. If
/// the reader of the stream is slow, only a number of entries wait for it.
/// </remarks>
internal sealed class LogOutput
{
    private const int MaxEntriesInAPeriod = 50;
    private const int MaxWaiting = 200;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    // How long the end of the process waits for the reader of the stream.
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

    /// <summary>The standard error stream of the process. Pending entries are written before the process ends.</summary>
    public static LogOutput StandardError { get; } = CreateStandardError();

    /// <summary>Whether another entry may be written now. If not, the entry is counted as dropped.</summary>
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

    /// <summary>Writes an entry soon, on another thread.</summary>
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
        // The process is ending, so this thread can wait.
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
