using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>
/// A transport without I/O and without threads: the test feeds it what arrives, and looks at what was written. Calls up
/// are made in place, as an event loop makes them.
/// </summary>
internal sealed class InMemoryTransport : Transport
{
    private readonly List<byte> _output = [];
    private byte[] _unread = [];
    private ReadOnlyMemory<byte> _pendingWrite;
    private bool _isPaused;
    private bool _resumeAsked;
    private bool _isInSink;
    private bool _closeAsked;
    private Exception? _error;
    private readonly Lock _gate = new();

    /// <summary>How many more bytes are taken without waiting; a peer that reads nothing has 0.</summary>
    public int Capacity { get; set; } = int.MaxValue;

    /// <summary>How many separate writes were made.</summary>
    public int WriteCount { get; private set; }

    /// <summary>Whether the output was ended in order.</summary>
    public bool IsOutputEnded { get; private set; }

    /// <summary>Whether the transport was let go of.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether it was dropped.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>Whether the sink has asked that nothing more be read.</summary>
    public bool IsPaused => _isPaused;

    /// <summary>Whether <see cref="Start"/> was called.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>Told after each write, in place.</summary>
    public Action? Written { get; set; }

    public override void Start() => IsStarted = true;

    /// <summary>Gives the sink bytes; those fed during a pause wait for its end.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        if (IsClosed)
        {
            return;
        }

        if (_isPaused)
        {
            _unread = [.. _unread, .. bytes];
            return;
        }

        Call(bytes.ToArray(), (sink, input) => _isPaused = sink.OnReceived(input) == ReadVerdict.Pause);
        ServeResumes();
    }

    /// <summary>The peer ends its direction.</summary>
    public void EndInput()
    {
        if (!IsClosed)
        {
            Call([], static (sink, _) => sink.OnInputEnded());
        }
    }

    /// <summary>The transport fails by itself, as by a reset of the peer's.</summary>
    public void Break(Exception error)
    {
        _error ??= error;
        _closeAsked = true;
        TellClosed();
    }

    /// <summary>Takes what was written since the last call.</summary>
    public byte[] TakeOutput()
    {
        lock (_gate)
        {
            byte[] output = [.. _output];
            _output.Clear();
            return output;
        }
    }

    /// <summary>The peer reads: more is taken, first of what is blocked.</summary>
    public void Drain(int count = int.MaxValue)
    {
        while (true)
        {
            bool completes;
            lock (_gate)
            {
                Capacity = (int)Math.Min(int.MaxValue, (long)Capacity + count);
                count = 0;
                if (_pendingWrite.IsEmpty || IsClosed)
                {
                    return;
                }

                int taken = Math.Min(Capacity, _pendingWrite.Length);
                Take(_pendingWrite.Span[..taken]);
                _pendingWrite = _pendingWrite[taken..];
                completes = _pendingWrite.IsEmpty;
            }

            if (!completes)
            {
                return;
            }

            Sink.OnWritten();
        }
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        int taken;
        lock (_gate)
        {
            if (_closeAsked || IsClosed)
            {
                return bytes.Length;
            }

            taken = Math.Min(Capacity, bytes.Length);
            Take(bytes[..taken]);
            WriteCount++;
        }

        Written?.Invoke();
        return taken;
    }

    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            if (_closeAsked || IsClosed)
            {
                return true;
            }

            int taken = Math.Min(Capacity, bytes.Length);
            Take(bytes.Span[..taken]);
            _pendingWrite = bytes[taken..];
            return _pendingWrite.IsEmpty;
        }
    }

    public override void ResumeReading()
    {
        _resumeAsked = true;
        if (!_isInSink)
        {
            ServeResumes();
        }
    }

    public override void ShutdownOutput() => IsOutputEnded = true;

    public override void Close()
    {
        _closeAsked = true;
        TellClosed();
    }

    public override void Abort(Exception? error)
    {
        IsAborted |= !IsClosed;
        _error ??= error;
        _closeAsked = true;
        TellClosed();
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        Capacity -= Capacity == int.MaxValue ? 0 : bytes.Length;
        _output.AddRange(bytes);
    }

    private void ServeResumes()
    {
        while (_resumeAsked && !_isInSink && !IsClosed)
        {
            _resumeAsked = false;
            if (!_isPaused)
            {
                continue;
            }

            Call([], (sink, _) => _isPaused = sink.OnReadingResumed() == ReadVerdict.Pause);
            if (!_isPaused && _unread.Length != 0)
            {
                byte[] unread = _unread;
                _unread = [];
                Feed(unread);
            }
        }
    }

    // The contract: no call up from inside a call down that was made from inside a call up.
    private void Call(byte[] input, Action<ITransportSink, byte[]> call)
    {
        _isInSink = true;
        call(Sink, input);
        _isInSink = false;
        TellClosed();
    }

    private void TellClosed()
    {
        if (_closeAsked && !_isInSink && !IsClosed)
        {
            IsClosed = true;
            Sink.OnClosed(_error);
        }
    }
}
