namespace Sockeye.Transports;

/// <summary>
/// A transport over asynchronous reads and writes: one task reads and passes on what it receives. The plain, slower twin of the
/// event loop, used where a loop cannot be.
/// </summary>
internal abstract class PumpTransport : Transport
{
    // A peer that sends without pause must not occupy a pool thread forever.
    private const int MaxReadsPerTurn = 8;

    private readonly AutoResetSignal _resumed = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The last write, until its completion has been reported. Assigned only between TryEnter and Leave.
    private volatile Task _write = Task.CompletedTask;
    private volatile Task _outputFailure = Task.CompletedTask;

    // Used by the reading task only.
    private readonly TimeSlice _slice = new(TimeProvider.System);
    private ReadVerdict _verdict;
    private Task? _resumption;
    private long _demotedUntil = long.MinValue;
    private bool _hasYielded;
    private int _deliveringThread;
    private byte _stride = TimeSlice.FirstStride;

    private Exception? _error;
    private int _enteredCount;
    private int _hasOutputFailed;
    private int _isOutputEnded;
    private int _isClosing;
    private int _isReleased;

    /// <summary>Whether the transport is closed or aborted: nothing is read any more.</summary>
    protected bool IsReleased => Volatile.Read(ref _isReleased) != 0;

    private bool HasOutputFailed => Volatile.Read(ref _hasOutputFailed) != 0;

    /// <inheritdoc/>
    public sealed override TimeSlice? Slice => _slice;

    /// <inheritdoc/>
    public override void Start() => ThreadPool.UnsafeQueueUserWorkItem(
        static transport => _ = transport.RunAsync(), this, preferLocal: false);

    /// <inheritdoc/>
    public sealed override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (!TryEnter())
        {
            return bytes.Length;
        }

        try
        {
            return WriteNow(bytes);
        }
        catch (Exception exception)
        {
            FailOutput(exception);
            return bytes.Length;
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public sealed override int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (!TryEnter())
        {
            return first.Length + second.Length;
        }

        try
        {
            return WriteNow(first, second);
        }
        catch (Exception exception)
        {
            FailOutput(exception);
            return first.Length + second.Length;
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        if (!TryEnter())
        {
            return true;
        }

        try
        {
            Task write = WriteAllAsync(bytes);
            if (!write.IsCompleted)
            {
                _write = ReportCompletionAsync(write);
                return false;
            }

            if (!write.IsCompletedSuccessfully)
            {
                FailOutput(ErrorOf(write));
            }

            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public override void ResumeReading() => _resumed.Set();

    /// <inheritdoc/>
    public override void ShutdownOutput()
    {
        // Only once: ending TLS twice is an error.
        if (Interlocked.Exchange(ref _isOutputEnded, 1) == 0 && TryEnter())
        {
            _write = ShutdownAsync();
            Leave();
        }
    }

    /// <inheritdoc/>
    public override void Close()
    {
        if (Interlocked.Exchange(ref _isClosing, 1) == 0)
        {
            _ = CloseAfterAsync(_write);
        }
    }

    /// <inheritdoc/>
    public override void Abort(Exception? error)
    {
        Interlocked.CompareExchange(ref _error, error, null);
        Release(reset: true);
    }

    /// <summary>Reads, and calls <see cref="Deliver"/>, until the input has ended or the transport is released.</summary>
    protected abstract Task ReadToEndAsync();

    /// <summary>Writes what can be written without waiting.</summary>
    /// <returns>The number of bytes written.</returns>
    protected abstract int WriteNow(ReadOnlySpan<byte> bytes);

    /// <summary>Writes what can be written of two spans without waiting.</summary>
    /// <returns>The number of bytes written of both together.</returns>
    protected virtual int WriteNow(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int taken = WriteNow(first);
        return taken < first.Length ? taken : taken + WriteNow(second);
    }

    /// <summary>Writes all of the bytes.</summary>
    protected abstract Task WriteAllAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>What was written and is not out yet.</summary>
    protected virtual Task Flushing => Task.CompletedTask;

    /// <summary>Ends the output in order, if the transport supports it.</summary>
    protected abstract ValueTask EndOutputAsync();

    /// <summary>Closes the socket or stream, which ends every pending call. Called once; does not throw.</summary>
    /// <param name="reset">Whether to reset the connection.</param>
    protected abstract void ReleaseCore(bool reset);

    /// <summary>Called once, after the end was reported to the sink.</summary>
    protected virtual void OnEnded()
    {
    }

    private async Task RunAsync()
    {
        try
        {
            await ReadToEndAsync().ConfigureAwait(false);
            if (HasOutputFailed)
            {
                // Both directions have ended.
                Release(reset: true);
            }
            else if (!IsReleased)
            {
                Sink.OnInputEnded();
            }

            // The output may still be in use, until Close or Abort is called.
            await _released.Task.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // After a release, the exception is only a consequence of it.
            if (!IsReleased)
            {
                Sink.NotifyIfUnexpected(exception);
                Abort(exception);
            }
        }

        await WaitForWritesAsync().ConfigureAwait(false);
        Sink.NotifyClosed(Volatile.Read(ref _error));
        OnEnded();
    }

    // After the release: waits until no write uses memory and every notification about writes has been sent.
    private async Task WaitForWritesAsync()
    {
        // A call that entered before the release may be about to begin a write. It does not block.
        while (Volatile.Read(ref _enteredCount) != 0)
        {
            await Task.Yield();
        }

        // Its completion may have caused another write before the release.
        Task write;
        do
        {
            write = _write;
            await write.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (write != _write);

        await _outputFailure.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Waits for the turn of this transport, after a number of reads that did not wait.</summary>
    /// <returns>The number of reads since its last turn.</returns>
    protected ValueTask<int> TakeTurnAsync(int reads)
    {
        return reads != MaxReadsPerTurn && TimeProvider.System.GetTimestamp() >= _demotedUntil ? new(reads) : WaitAsync();

        static async ValueTask<int> WaitAsync()
        {
            await TurnQueue.Shared.WaitAsync().ConfigureAwait(false);
            return 0;
        }
    }

    /// <summary>Passes what has arrived to the sink. <see cref="EndPauseAsync"/> is to follow.</summary>
    /// <param name="bytes">What has arrived, on loan.</param>
    protected void Deliver(Span<byte> bytes)
    {
        BeginSlice();
        _deliveringThread = Environment.CurrentManagedThreadId;
        _verdict = Sink.OnReceived(bytes);
        _deliveringThread = 0;
        EndSlice();
    }

    /// <summary>Whether this thread delivers to the sink: then nothing waits for input.</summary>
    protected bool IsDelivering => _deliveringThread == Environment.CurrentManagedThreadId;

    /// <summary>Whether the sink has had too little time for what was delivered, since this was last asked.</summary>
    protected bool TakeYielded()
    {
        bool hasYielded = _hasYielded;
        _hasYielded = false;
        return hasYielded;
    }

    private void BeginSlice() => _slice.Begin(TimeProvider.System.GetTimestamp(), _stride);

    private void EndSlice()
    {
        _stride = _slice.Stride;
        if (_slice.IsOver)
        {
            long length = (long)(TimeSlice.DemotionTime.TotalSeconds * TimeProvider.System.TimestampFrequency);
            _demotedUntil = TimeProvider.System.GetTimestamp() + length;
        }

        _hasYielded |= _verdict == ReadVerdict.Yield;
    }

    /// <summary>Waits for input as long as the sink allows it, and meanwhile calls the sink when it requests to be resumed.</summary>
    protected ValueTask AwaitInputAsync(ValueTask input) =>
        _verdict == ReadVerdict.Await ? new ValueTask(AwaitInputAsync(input.AsTask())) : input;

    /// <summary>The same for input with a result.</summary>
    protected ValueTask<T> AwaitInputAsync<T>(ValueTask<T> input) =>
        _verdict == ReadVerdict.Await ? new ValueTask<T>(ReadInputAsync(input.AsTask())) : input;

    private async Task<T> ReadInputAsync<T>(Task<T> input)
    {
        await AwaitInputAsync(input).ConfigureAwait(false);
        return await input.ConfigureAwait(false);
    }

    // Waits for input, and meanwhile calls the sink when it requests to be resumed.
    private async Task AwaitInputAsync(Task input)
    {
        while (_verdict == ReadVerdict.Await && !IsReleased)
        {
            Task resumption = _resumption ??= _resumed.WaitAsync();
            if (await Task.WhenAny(resumption, input).ConfigureAwait(false) == input)
            {
                break;
            }

            Resume();
        }

        // If the sink has paused meanwhile, the input waits until the pause is over.
        await EndPauseAsync().ConfigureAwait(false);
        await input.ConfigureAwait(false);
    }

    /// <summary>Waits until the sink wants to read on.</summary>
    protected async ValueTask EndPauseAsync()
    {
        while (_verdict is ReadVerdict.Pause or ReadVerdict.Yield && !IsReleased)
        {
            if (_verdict == ReadVerdict.Yield)
            {
                await TurnQueue.Shared.WaitAsync().ConfigureAwait(false);
                ResumeSink();
            }
            else
            {
                await (_resumption ??= _resumed.WaitAsync()).ConfigureAwait(false);
                Resume();
            }
        }
    }

    private void Resume()
    {
        _resumption = null;
        ResumeSink();
    }

    private void ResumeSink()
    {
        if (!IsReleased)
        {
            BeginSlice();
            _verdict = Sink.OnReadingResumed();
            EndSlice();
        }
    }

    private async Task ReportCompletionAsync(Task write)
    {
        // Forces a yield because the write may have completed just now: the sink is never called from inside a call to the
        // transport.
        await write.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        if (!write.IsCompletedSuccessfully)
        {
            FailOutput(ErrorOf(write));
        }
        else if (!IsReleased)
        {
            Sink.OnWritten();
        }
    }

    private async Task ShutdownAsync()
    {
        try
        {
            await EndOutputAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            FailOutput(exception);
        }
    }

    // A peer that reset the connection may have sent something before, which is still to be read. Reading then ends on its own,
    // or the sink ends it after a timeout.
    private void FailOutput(Exception error)
    {
        if (!IsReleased && Interlocked.Exchange(ref _hasOutputFailed, 1) == 0)
        {
            Interlocked.CompareExchange(ref _error, error, null);
            _outputFailure = Task.Run(() => Sink.OnOutputFailed(error));
        }
    }

    private async Task CloseAfterAsync(Task write)
    {
        // A pending write is completed first; if the peer never reads it, Abort ends it.
        await write.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Flushing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Release(reset: false);
    }

    private static Exception ErrorOf(Task write) =>
        write.Exception?.InnerException ?? new IOException("The stream canceled a write.");

    // Admits a call that writes, unless the output has ended. The transport does not report its end before every admitted call
    // has left.
    private bool TryEnter()
    {
        Interlocked.Increment(ref _enteredCount);
        if (!IsReleased && !HasOutputFailed)
        {
            return true;
        }

        Leave();
        return false;
    }

    private void Leave() => Interlocked.Decrement(ref _enteredCount);

    private void Release(bool reset)
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
        {
            ReleaseCore(reset);
            _resumed.Set();
            _released.TrySetResult();
        }
    }
}
