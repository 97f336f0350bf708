using System.Collections.Concurrent;
using Sockeye.Transports;

namespace Sockeye.Tests;

/// <summary>
/// A transport without I/O. The test feeds it what arrives, scripts how it takes what is written, and reads what was taken.
/// It calls its sink in place, as an event loop does, and makes one call at a time whichever thread asks for it.
/// </summary>
/// <param name="sliceTime">The clock of slices; without it the sink may do as much as it likes in a call.</param>
internal sealed class InMemoryTransport(TimeProvider? sliceTime = null) : Transport
{
    private readonly TimeSlice? _slice = sliceTime is null ? null : new TimeSlice(sliceTime);
    private readonly List<byte> _output = [];
    private readonly Lock _gate = new();

    // Held during a call up: the calls come one at a time.
    private readonly Lock _sinkGate = new();

    // Signaled when a write on another thread ends.
    private readonly object _postedGate = new();

    private byte[] _unread = [];
    private ReadOnlyMemory<byte> _pendingWrite;
    private Exception? _error;
    private int _postedCount;
    private int _writers;
    private int _isEndPosted;
    private bool _isPaused;
    private bool _isAwaited;
    private bool _resumeAsked;
    private bool _closeAsked;

    /// <summary>How writes are taken.</summary>
    public WriteScript Writes { get; init; } = WriteScript.UpToCapacity;

    /// <summary>How many more bytes the peer accepts without blocking; 0 for a peer that reads nothing.</summary>
    public int Capacity { get; set; } = int.MaxValue;

    /// <summary>Whether what is taken can be read from <see cref="TakeOutput"/>. If not, writing allocates nothing.</summary>
    public bool KeepsOutput { get; init; } = true;

    /// <summary>Called with each run of bytes that is taken, in the memory it lies in.</summary>
    public Action<ReadOnlySpan<byte>>? Taken { get; init; }

    /// <summary>Called after each write, in place.</summary>
    public Action? Written { get; set; }

    /// <summary>
    /// Called each time this end ends its output: with <see langword="null"/> when it does so in order, and with the reason
    /// when it drops the transport.
    /// </summary>
    public Action<Exception?>? OutputEnded { get; init; }

    /// <summary>
    /// Where the calls up are put that a call down causes, as an event loop does; the test makes them. Without a mailbox they
    /// are made in place.
    /// </summary>
    public ConcurrentQueue<Action>? Mailbox { get; init; }

    /// <summary>Whether it has replies gathered, as a transport of an event loop does; the test then flushes.</summary>
    public bool CanGather { get; init; }

    /// <summary>Whether <see cref="Close"/> waits for a blocked write, as that of a real transport does.</summary>
    public bool HoldsClose { get; set; }

    /// <summary>What <see cref="UnacknowledgedLength"/> returns.</summary>
    public long? KernelLength { get; set; }

    /// <summary>What <see cref="AcknowledgedLength"/> returns.</summary>
    public uint? KernelProgress { get; set; }

    /// <summary>The number of writes.</summary>
    public int WriteCount { get; private set; }

    /// <summary>How many bytes were taken.</summary>
    public long WrittenLength { get; private set; }

    /// <summary>Whether two threads ever wrote at once, which the contract forbids.</summary>
    public bool WasShared { get; private set; }

    /// <summary>The rest of the write that the transport completes by itself, in the memory it was given.</summary>
    public ReadOnlyMemory<byte> BlockedWrite => _pendingWrite;

    /// <summary>The length of <see cref="BlockedWrite"/>.</summary>
    public int BlockedLength => _pendingWrite.Length;

    /// <summary>Whether the output was ended cleanly.</summary>
    public bool IsOutputEnded => ShutdownCount != 0;

    /// <summary>How often the output was ended.</summary>
    public int ShutdownCount { get; private set; }

    /// <summary>Whether the sink was called for the last time.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether nothing more is taken, although the sink may not have been called for the last time.</summary>
    public bool IsClosing => _closeAsked;

    /// <summary>Whether the transport was dropped.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>Whether the sink has paused reading.</summary>
    public bool IsPaused => _isPaused;

    /// <summary>Whether the sink has used up its turn, and <see cref="TakeTurns"/> must be called.</summary>
    public bool IsYielding { get; private set; }

    /// <summary>Whether <see cref="Start"/> was called.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>How often <see cref="UnacknowledgedLength"/> was read.</summary>
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

    public override TimeSlice? Slice => _slice;

    public override bool CanFlushLater => CanGather;

    public override void Start() => IsStarted = true;

    /// <summary>Lets the sink continue with what it kept, one slice after the other, until it yields no more.</summary>
    public void TakeTurns()
    {
        while (IsYielding && !IsClosed)
        {
            Resume();
        }
    }

    /// <summary>Delivers bytes to the sink; what is fed during a pause waits for its end.</summary>
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
                // Read again under the lock, since another thread may have resumed.
                if (_isPaused)
                {
                    _unread = [.. _unread, .. bytes];
                    return;
                }
            }
        }

        Deliver(bytes.ToArray());
        ServeResumes();
    }

    /// <summary>The peer ends its direction.</summary>
    public void EndInput()
    {
        if (!IsClosed)
        {
            Call([], static (sink, _) =>
            {
                sink.OnInputEnded();
                return null;
            });
        }
    }

    /// <summary>The transport fails, as after a reset by the peer.</summary>
    public void Break(Exception error)
    {
        _error ??= error;
        _closeAsked = true;
        ReportClosed();
    }

    /// <summary>Returns what was taken since the last call.</summary>
    public byte[] TakeOutput()
    {
        lock (_gate)
        {
            byte[] output = [.. _output];
            _output.Clear();
            return output;
        }
    }

    /// <summary>The peer reads: there is room for more, first for what is blocked.</summary>
    public void Drain(int count = int.MaxValue)
    {
        lock (_gate)
        {
            Capacity = (int)Math.Min(int.MaxValue, (long)Capacity + count);
        }

        while (TakeBlocked(Capacity))
        {
            Sink.OnWritten();
        }
    }

    /// <summary>Takes some of the blocked write, without a call to the sink.</summary>
    /// <returns>Whether that completes the write.</returns>
    public bool TakeBlocked(int count = int.MaxValue)
    {
        lock (_gate)
        {
            if (_pendingWrite.IsEmpty || IsClosed)
            {
                return false;
            }

            int taken = Math.Min(count, _pendingWrite.Length);
            Take(_pendingWrite.Span[..taken]);
            _pendingWrite = _pendingWrite[taken..];
            return _pendingWrite.IsEmpty;
        }
    }

    /// <summary>
    /// Waits until no write is under way on another thread. Once nobody sends any more, everything has then been written and
    /// reported.
    /// </summary>
    public void WaitForPostedWrites()
    {
        lock (_postedGate)
        {
            while (_postedCount != 0)
            {
                Assert.True(Monitor.Wait(_postedGate, TimeSpan.FromSeconds(60)), "A write on another thread does not end.");
            }
        }
    }

    public override int TryWrite(ReadOnlySpan<byte> bytes) => TryWrite(bytes, []);

    public override int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int taken;
        Enter();
        lock (_gate)
        {
            if (_closeAsked)
            {
                Leave();
                return first.Length + second.Length;
            }

            taken = Math.Min(Capacity, Writes.Take(first.Length + second.Length));
            int ofFirst = Math.Min(taken, first.Length);
            Take(first[..ofFirst]);
            Take(second[..(taken - ofFirst)]);
            WriteCount++;
        }

        Leave();
        Written?.Invoke();
        return taken;
    }

    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        Enter();
        WriteCompletion completion;
        bool isOver;
        lock (_gate)
        {
            Assert.True(_pendingWrite.IsEmpty, "A write was begun while another was under way.");
            completion = _closeAsked ? WriteCompletion.InPlace : Writes.Complete();
            int taken = completion switch
            {
                WriteCompletion.OnAnotherThread => 0,
                WriteCompletion.InPlace => bytes.Length,
                _ => Math.Min(Capacity, bytes.Length),
            };
            if (!_closeAsked)
            {
                Take(bytes.Span[..taken]);
                _pendingWrite = bytes[taken..];
            }

            isOver = taken == bytes.Length;
        }

        Leave();
        if (completion == WriteCompletion.OnAnotherThread)
        {
            Post();
        }

        return isOver && completion != WriteCompletion.OnAnotherThread;
    }

    public override void FlushLater()
    {
    }

    public override void ResumeReading()
    {
        _resumeAsked = true;
        if (Mailbox is { } mailbox)
        {
            mailbox.Enqueue(ServeResumes);
            return;
        }

        ServeResumes();
    }

    public override void ShutdownOutput()
    {
        ShutdownCount++;
        OutputEnded?.Invoke(null);
    }

    public override void Close()
    {
        if (HoldsClose && !_pendingWrite.IsEmpty)
        {
            return;
        }

        _closeAsked = true;
        OutputEnded?.Invoke(null);
        ReportClosed();
    }

    public override void Abort(Exception? error)
    {
        if (!_closeAsked)
        {
            OutputEnded?.Invoke(error ?? new IOException("This end has dropped the transport."));
        }

        IsAborted |= !IsClosed;
        _error ??= error;
        _closeAsked = true;
        ReportClosed();
    }

    private void Obey(ReadVerdict verdict)
    {
        IsYielding = verdict == ReadVerdict.Yield;
        _isPaused = verdict == ReadVerdict.Pause || IsYielding;
        _isAwaited = verdict == ReadVerdict.Await;
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        Capacity = Capacity == int.MaxValue ? Capacity : Math.Max(0, Capacity - bytes.Length);
        WrittenLength += bytes.Length;
        if (bytes.IsEmpty)
        {
            return;
        }

        Taken?.Invoke(bytes);
        if (KeepsOutput)
        {
            _output.AddRange(bytes);
        }
    }

    // Has another thread take the pending write. It counts until its report has returned, and by then the next may be posted.
    private void Post()
    {
        lock (_postedGate)
        {
            _postedCount++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(
            static transport =>
            {
                transport.Enter();
                bool isOver = transport.TakeBlocked();
                transport.Leave();
                if (isOver)
                {
                    transport.Sink.OnWritten();
                }

                lock (transport._postedGate)
                {
                    transport._postedCount--;
                    Monitor.PulseAll(transport._postedGate);
                }
            },
            this,
            preferLocal: false);
    }

    private void Enter() => WasShared |= Interlocked.Increment(ref _writers) != 1;

    private void Leave() => Interlocked.Decrement(ref _writers);

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
                    Resume();
                }
            }
        }
    }

    private void Resume()
    {
        Call([], static (sink, _) => sink.OnReadingResumed());
        if (!_isPaused && _unread.Length != 0 && !IsClosed)
        {
            byte[] unread = _unread;
            _unread = [];
            Deliver(unread);
        }
    }

    // The bytes are on loan for the length of the call: a sink that looks at them later finds them overwritten.
    private void Deliver(byte[] bytes)
    {
        Call(bytes, static (sink, input) => sink.OnReceived(input));
        bytes.AsSpan().Fill(CountingPool.Poison);
    }

    // The contract: no call up from inside a call down that was made from inside a call up.
    private void Call(byte[] input, Func<ITransportSink, byte[], ReadVerdict?> call)
    {
        lock (_sinkGate)
        {
            _slice?.Begin(sliceTime!.GetTimestamp(), TimeSlice.FirstStride);
            if (call(Sink, input) is { } verdict)
            {
                Obey(verdict);
            }
        }

        if (_closeAsked)
        {
            ReportClosed();
        }
    }

    private void ReportClosed()
    {
        if (Mailbox is not { } mailbox)
        {
            CloseSink();
        }
        else if (Interlocked.Exchange(ref _isEndPosted, 1) == 0)
        {
            mailbox.Enqueue(CloseSink);
        }
    }

    private void CloseSink()
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
