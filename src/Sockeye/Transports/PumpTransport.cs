using System.Buffers;

namespace Sockeye.Transports;

/// <summary>
/// A transport whose reads and writes are asynchronous calls: one task reads and pushes up what it got. The slow,
/// plain twin of an event loop, and what there is where a loop cannot be.
/// </summary>
internal abstract class PumpTransport(ArrayPool<byte> pool) : Transport
{
    // One system call should fetch what a fast peer has sent meanwhile; rented for the length of a read only. A sink that
    // cannot take so much in one slice has to keep it, and is given less the next time.
    private const int ReceiveBufferLength = 64 * 1024;
    private const int FirstReceiveLength = 16 * 1024;
    private const int LowestReceiveLength = 4 * 1024;

    // Few sizes: the pool keeps arrays of each.
    private const int ReadLengthFactor = 4;

    // Input that is always there must not keep a thread of the pool for ever.
    private const int MaxReadsPerTurn = 8;

    /// <summary>What <see cref="ReadAsync"/> answers if there is nothing to read, and it does not wait.</summary>
    protected const int Nothing = -1;

    private readonly AutoResetSignal _resumed = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The last write, until its end has been told; written by calls that have entered only.
    private volatile Task _write = Task.CompletedTask;
    private volatile Task _outputFailure = Task.CompletedTask;

    // Of the reading task alone.
    private readonly TimeSlice _slice = new(TimeProvider.System);
    private ReadVerdict _verdict;
    private Task? _resumption;
    private long _demotedUntil = long.MinValue;
    private int _readLength = FirstReceiveLength;
    private byte _stride = TimeSlice.FirstStride;

    private Exception? _error;
    private int _enteredCount;
    private int _hasOutputFailed;
    private int _isOutputEnded;
    private int _isClosing;
    private int _isReleased;

    private bool IsReleased => Volatile.Read(ref _isReleased) != 0;

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
                _write = FollowAsync(write);
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
        // Once: ending TLS twice is an error.
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

    /// <summary>Waits, without a buffer, until something can be read.</summary>
    protected abstract ValueTask WaitForInputAsync();

    /// <summary>Reads what is there.</summary>
    /// <returns>How many bytes; 0 at the end; <see cref="Nothing"/>.</returns>
    protected abstract ValueTask<int> ReadAsync(Memory<byte> buffer);

    /// <summary>Writes what can be written without waiting.</summary>
    /// <returns>How many bytes were taken.</returns>
    protected abstract int WriteNow(ReadOnlySpan<byte> bytes);

    /// <summary>Writes all of the bytes.</summary>
    protected abstract Task WriteAllAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Ends the output in order, if the transport can.</summary>
    protected abstract ValueTask EndOutputAsync();

    /// <summary>Lets go of what is below, which ends every pending call. Called once; does not throw.</summary>
    /// <param name="reset">Whether the peer is to see a reset.</param>
    protected abstract void ReleaseCore(bool reset);

    private async Task RunAsync()
    {
        try
        {
            await ReadToEndAsync().ConfigureAwait(false);
            if (HasOutputFailed)
            {
                // Both directions are over.
                Release(reset: true);
            }
            else if (!IsReleased)
            {
                Sink.OnInputEnded();
            }

            // The output may be in use until somebody says that it is over.
            await _released.Task.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // After a release this is its consequence, and says nothing new.
            if (!IsReleased)
            {
                Sink.TellIfUnexpected(exception);
                Abort(exception);
            }
        }

        await WritesEndedAsync().ConfigureAwait(false);
        Sink.TellClosed(Volatile.Read(ref _error));
    }

    // After the release: until no memory is in use, and all that is told of writes has been told.
    private async Task WritesEndedAsync()
    {
        // A call that was let in before the release may be about to begin a write. It does not wait for anything.
        while (Volatile.Read(ref _enteredCount) != 0)
        {
            await Task.Yield();
        }

        // Its end may have been answered with another write, before the release.
        Task write;
        do
        {
            write = _write;
            await write.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (write != _write);

        await _outputFailure.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReadToEndAsync()
    {
        int reads = 0;
        while (!IsReleased)
        {
            ValueTask waiting = WaitForInputAsync();
            reads = waiting.IsCompleted ? reads + 1 : 0;
            await AttendAsync(waiting).ConfigureAwait(false);
            if (reads == MaxReadsPerTurn || TimeProvider.System.GetTimestamp() < _demotedUntil)
            {
                reads = 0;
                await TurnQueue.Shared.WaitAsync().ConfigureAwait(false);
            }

            int wanted = _readLength > ITransportSink.ShortReadLength && Sink.IsShortOfMemory
                ? ITransportSink.ShortReadLength
                : _readLength;
            byte[] buffer = pool.Rent(wanted);
            try
            {
                int length = await AttendAsync(ReadAsync(buffer.AsMemory(0, wanted))).ConfigureAwait(false);
                if (length == 0)
                {
                    return;
                }

                if (length != Nothing)
                {
                    await StackSpace.EnsureAsync().ConfigureAwait(false);
                    BeginSlice();
                    _verdict = Sink.OnReceived(buffer.AsSpan(0, length));
                    EndSlice(hasTakenAll: length == wanted);
                }
            }
            finally
            {
                pool.Return(buffer);
            }

            await EndPauseAsync().ConfigureAwait(false);
        }
    }

    private void BeginSlice() => _slice.Begin(TimeProvider.System.GetTimestamp(), _stride);

    private void EndSlice(bool hasTakenAll)
    {
        _stride = _slice.Stride;
        if (_slice.IsOver)
        {
            long length = (long)(TimeSlice.DemotionTime.TotalSeconds * TimeProvider.System.TimestampFrequency);
            _demotedUntil = TimeProvider.System.GetTimestamp() + length;
        }

        if (_verdict == ReadVerdict.Yield)
        {
            _readLength = LowestReceiveLength;
        }
        else if (hasTakenAll)
        {
            _readLength = Math.Min(_readLength * ReadLengthFactor, ReceiveBufferLength);
        }
    }

    private ValueTask AttendAsync(ValueTask input) =>
        _verdict == ReadVerdict.Await ? new ValueTask(AttendAsync(input.AsTask())) : input;

    private ValueTask<int> AttendAsync(ValueTask<int> input) =>
        _verdict == ReadVerdict.Await ? new ValueTask<int>(ReadAttendedAsync(input.AsTask())) : input;

    private async Task<int> ReadAttendedAsync(Task<int> input)
    {
        await AttendAsync(input).ConfigureAwait(false);
        return await input.ConfigureAwait(false);
    }

    // Waits for input while the sink waits for something else as well, and is called when that has come.
    private async Task AttendAsync(Task input)
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

        // Paused meanwhile: what arrives is kept until the end of that.
        await EndPauseAsync().ConfigureAwait(false);
        await input.ConfigureAwait(false);
    }

    private async ValueTask EndPauseAsync()
    {
        while (_verdict is ReadVerdict.Pause or ReadVerdict.Yield && !IsReleased)
        {
            if (_verdict == ReadVerdict.Yield)
            {
                await TurnQueue.Shared.WaitAsync().ConfigureAwait(false);
                GoOn();
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
        GoOn();
    }

    private void GoOn()
    {
        if (!IsReleased)
        {
            BeginSlice();
            _verdict = Sink.OnReadingResumed();
            EndSlice(hasTakenAll: false);
        }
    }

    private async Task FollowAsync(Task write)
    {
        // Yielding, because the write may have ended just now: nothing is called up from inside a call down.
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

    // A peer that has reset the transport may have sent something before, which is still to be read: reading ends by
    // itself, or the sink ends it when it has waited long enough.
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
        // A write that is underway is finished; if the peer never takes it, Abort ends it.
        await write.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Release(reset: false);
    }

    private static Exception ErrorOf(Task write) =>
        write.Exception?.InnerException ?? new IOException("The stream gave up a write.");

    // Lets a call write, unless that is over. Whoever was let in leaves, and only then the transport ends.
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
