using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>Records the calls of a transport, and checks its contract.</summary>
internal sealed class RecordingSink : ITransportSink
{
    private readonly Lock _gate = new();
    private readonly MemoryStream _received = new();
    private readonly List<string> _violations = [];
    private readonly List<(Func<bool> Condition, TaskCompletionSource Waiter)> _waiters = [];
    private readonly ThreadLocal<bool> _isCallingDown = new();
    private int _running;

    /// <summary>What <see cref="ITransportSink.OnReceived"/> answers, given all the bytes so far.</summary>
    public Func<long, ReadVerdict> Verdict { get; set; } = static _ => ReadVerdict.Continue;

    /// <summary>What <see cref="ITransportSink.OnReadingResumed"/> answers, given how often it was called.</summary>
    public Func<int, ReadVerdict> ResumedVerdict { get; set; } = static _ => ReadVerdict.Continue;

    /// <summary>Done inside each <see cref="ITransportSink.OnReceived"/>.</summary>
    public Action? Received { get; set; }

    /// <summary>Done inside each <see cref="ITransportSink.OnWritten"/>.</summary>
    public Action? Written { get; set; }

    public bool IsShortOfMemory { get; set; }

    /// <summary>The most bytes that one <see cref="ITransportSink.OnReceived"/> has had.</summary>
    public int LongestRead { get; set; }

    public int ReceivedCalls { get; private set; }

    public int ResumedCalls { get; private set; }

    public int WrittenCalls { get; private set; }

    public int OutputFailedCalls { get; private set; }

    public int InputEndedCalls { get; private set; }

    public int ClosedCalls { get; private set; }

    public Exception? Error { get; private set; }

    /// <summary>The exception that <see cref="ITransportSink.OnFaulted"/> got.</summary>
    public Exception? Fault { get; private set; }

    /// <summary>Thrown by <see cref="ITransportSink.OnClosed"/>.</summary>
    public Exception? ThrownWhenClosed { get; set; }

    /// <summary>The calls that broke the contract: after the last, at once, or from inside a call down.</summary>
    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_gate)
            {
                return [.. _violations];
            }
        }
    }

    public long ReceivedLength
    {
        get
        {
            lock (_gate)
            {
                return _received.Length;
            }
        }
    }

    public byte[] ReceivedBytes
    {
        get
        {
            lock (_gate)
            {
                return _received.ToArray();
            }
        }
    }

    /// <summary>Calls the transport in a context in which it must not call back.</summary>
    public T Down<T>(Func<T> call)
    {
        _isCallingDown.Value = true;
        try
        {
            return call();
        }
        finally
        {
            _isCallingDown.Value = false;
        }
    }

    /// <summary>As the other overload.</summary>
    public void Down(Action call) => Down(() =>
    {
        call();
        return true;
    });

    public Task WhenReceived(long length) => When(() => _received.Length >= length);

    public Task WhenWritten(int calls) => When(() => WrittenCalls >= calls);

    public Task WhenInputEnded() => When(() => InputEndedCalls > 0);

    public Task WhenClosed() => When(() => ClosedCalls > 0);

    public Task WhenFaulted() => When(() => Fault is not null);

    public ReadVerdict OnReceived(Span<byte> bytes)
    {
        Enter(nameof(OnReceived));
        lock (_gate)
        {
            ReceivedCalls++;
            LongestRead = Math.Max(LongestRead, bytes.Length);
            _received.Write(bytes);
        }

        // The sink may do with them what it likes.
        bytes.Clear();
        Received?.Invoke();
        ReadVerdict verdict = Verdict(ReceivedLength);
        Leave();
        return verdict;
    }

    public ReadVerdict OnReadingResumed()
    {
        Enter(nameof(OnReadingResumed));
        ReadVerdict verdict = ResumedVerdict(++ResumedCalls);
        Leave();
        return verdict;
    }

    public void OnWritten()
    {
        Note(nameof(OnWritten));
        lock (_gate)
        {
            WrittenCalls++;
        }

        Written?.Invoke();
        Wake();
    }

    public void OnOutputFailed(Exception error)
    {
        Note(nameof(OnOutputFailed));
        OutputFailedCalls++;
        Wake();
    }

    public void OnInputEnded()
    {
        Enter(nameof(OnInputEnded));
        InputEndedCalls++;
        Leave();
    }

    public void OnClosed(Exception? error)
    {
        Enter(nameof(OnClosed));
        Error = error;
        ClosedCalls++;
        Leave();
        if (ThrownWhenClosed is not null)
        {
            throw ThrownWhenClosed;
        }
    }

    public void OnFaulted(Exception exception)
    {
        Fault = exception;
        Wake();
    }

    private Task When(Func<bool> condition)
    {
        lock (_gate)
        {
            if (condition())
            {
                return Task.CompletedTask;
            }

            var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((condition, waiter));
            return waiter.Task;
        }
    }

    private void Enter(string call)
    {
        Note(call);
        if (Interlocked.Increment(ref _running) != 1)
        {
            Violate(call + " while another call was running");
        }
    }

    private void Leave()
    {
        Interlocked.Decrement(ref _running);
        Wake();
    }

    private void Note(string call)
    {
        if (ClosedCalls > 0)
        {
            Violate(call + " after OnClosed");
        }

        if (_isCallingDown.Value)
        {
            Violate(call + " from inside a call to the transport");
        }
    }

    private void Violate(string what)
    {
        lock (_gate)
        {
            _violations.Add(what);
        }
    }

    private void Wake()
    {
        lock (_gate)
        {
            for (int index = _waiters.Count - 1; index >= 0; index--)
            {
                if (_waiters[index].Condition())
                {
                    _waiters[index].Waiter.TrySetResult();
                    _waiters.RemoveAt(index);
                }
            }
        }
    }
}
