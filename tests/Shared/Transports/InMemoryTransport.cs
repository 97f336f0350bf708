using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>
/// A transport without I/O and without threads: the test feeds it what arrives, and looks at what was written. Calls up
/// are made in place, as an event loop makes them, and one at a time whatever thread asks for them.
/// </summary>
/// <param name="sliceTime">Where the time of slices comes from; without it the sink may do as much as it likes in a call.</param>
internal sealed class InMemoryTransport(TimeProvider? sliceTime = null) : Transport
{
    private readonly TimeSlice? _slice = sliceTime is null ? null : new TimeSlice(sliceTime);
    private readonly List<byte> _output = [];
    private byte[] _unread = [];
    private ReadOnlyMemory<byte> _pendingWrite;
    private bool _isPaused;
    private bool _isAwaited;
    private bool _resumeAsked;
    private bool _closeAsked;
    private Exception? _error;
    private readonly Lock _gate = new();

    // Held during a call up: the calls come one at a time.
    private readonly Lock _sinkGate = new();

    /// <summary>How many more bytes are taken without waiting; a peer that reads nothing has 0.</summary>
    public int Capacity { get; set; } = int.MaxValue;

    /// <summary>How many separate writes were tried.</summary>
    public int WriteCount { get; private set; }

    /// <summary>The bytes that the transport writes by itself, since the peer has not taken them.</summary>
    public int BlockedLength => _pendingWrite.Length;

    /// <summary>Whether the output was ended in order.</summary>
    public bool IsOutputEnded => ShutdownCount != 0;

    /// <summary>Whether the transport was let go of.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether it was dropped.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>Whether the sink has asked that nothing more be read.</summary>
    public bool IsPaused => _isPaused;

    /// <summary>Whether the sink has used up its slice, and <see cref="TakeTurns"/> is to be called.</summary>
    public bool IsYielding { get; private set; }

    /// <summary>How often the output was ended.</summary>
    public int ShutdownCount { get; private set; }

    /// <summary>Whether <see cref="Start"/> was called.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>Whether <see cref="Close"/> waits for a blocked write, as that of a real transport does.</summary>
    public bool HoldsClose { get; set; }

    /// <summary>Whether nothing can be taken any more, though the sink may not have been told.</summary>
    public bool IsClosing => _closeAsked;

    /// <summary>What the kernel keeps for the peer, if it tells.</summary>
    public long? KernelLength { get; set; }

    /// <summary>What the peer's kernel has acknowledged, if it tells.</summary>
    public uint? KernelProgress { get; set; }

    /// <summary>How often it was asked.</summary>
    public int KernelLengthReads { get; private set; }

    public override long? UnacknowledgedLength
    {
        get
        {
            KernelLengthReads++;
            return KernelLength;
        }
    }

    public override uint? AcknowledgedLength => KernelProgress;

    /// <summary>Told after each write, in place.</summary>
    public Action? Written { get; set; }

    public override TimeSlice? Slice => _slice;

    public override void Start() => IsStarted = true;

    /// <summary>Has the sink go on with what it kept, a slice after the other, until it has used up none.</summary>
    public void TakeTurns()
    {
        while (IsYielding && !IsClosed)
        {
            Call([], (sink, _) => Obey(sink.OnReadingResumed()));
            FeedUnread();
        }
    }

    /// <summary>Gives the sink bytes; those fed during a pause wait for its end.</summary>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        if (IsClosed)
        {
            return;
        }

        if (_isPaused)
        {
            lock (_sinkGate)
            {
                // Asked again under the lock, since another thread may have resumed.
                if (_isPaused)
                {
                    _unread = [.. _unread, .. bytes];
                    return;
                }
            }
        }

        Call(bytes.ToArray(), (sink, input) => Obey(sink.OnReceived(input)));
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

    public override int TryWrite(ReadOnlySpan<byte> bytes) => TryWrite(bytes, []);

    public override int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int taken;
        lock (_gate)
        {
            if (_closeAsked)
            {
                return first.Length + second.Length;
            }

            int ofFirst = Math.Min(Capacity, first.Length);
            Take(first[..ofFirst]);
            int ofSecond = Math.Min(Capacity, second.Length);
            Take(second[..ofSecond]);
            taken = ofFirst + ofSecond;
            WriteCount++;
        }

        Written?.Invoke();
        return taken;
    }

    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            Assert.True(_pendingWrite.IsEmpty, "One write at a time.");
            if (_closeAsked)
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
        ServeResumes();
    }

    public override void ShutdownOutput() => ShutdownCount++;

    public override void Close()
    {
        if (HoldsClose && !_pendingWrite.IsEmpty)
        {
            return;
        }

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

    private void Obey(ReadVerdict verdict)
    {
        IsYielding = verdict == ReadVerdict.Yield;
        _isPaused = verdict == ReadVerdict.Pause || IsYielding;
        _isAwaited = verdict == ReadVerdict.Await;
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        Capacity -= Capacity == int.MaxValue ? 0 : bytes.Length;
        _output.AddRange(bytes);
    }

    private void ServeResumes()
    {
        if (_sinkGate.IsHeldByCurrentThread)
        {
            return;
        }

        lock (_sinkGate)
        {
            while (_resumeAsked && !IsClosed)
            {
                _resumeAsked = false;
                if ((_isPaused && !IsYielding) || _isAwaited)
                {
                    Call([], (sink, _) => Obey(sink.OnReadingResumed()));
                    FeedUnread();
                }
            }
        }
    }

    private void FeedUnread()
    {
        if (!_isPaused && _unread.Length != 0 && !IsClosed)
        {
            byte[] unread = _unread;
            _unread = [];
            Call(unread, (sink, input) => Obey(sink.OnReceived(input)));
        }
    }

    // The contract: no call up from inside a call down that was made from inside a call up.
    private void Call(byte[] input, Action<ITransportSink, byte[]> call)
    {
        lock (_sinkGate)
        {
            _slice?.Begin(sliceTime!.GetTimestamp(), TimeSlice.FirstStride);
            call(Sink, input);
        }

        TellClosed();
    }

    private void TellClosed()
    {
        if (_sinkGate.IsHeldByCurrentThread)
        {
            return;
        }

        lock (_sinkGate)
        {
            if (_closeAsked && !IsClosed)
            {
                IsClosed = true;
                Sink.OnClosed(_error);
            }
        }
    }
}
