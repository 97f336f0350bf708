using System.Buffers;

namespace Sockeye.Transports;

/// <summary>
/// A transport whose reads and writes are asynchronous calls: one task reads and pushes up what it got. The slow,
/// plain twin of an event loop, and what there is where a loop cannot be.
/// </summary>
internal abstract class PumpTransport(ArrayPool<byte> pool) : Transport
{
    // One system call should fetch what a fast peer has sent meanwhile; rented for the length of a read only.
    private const int ReceiveBufferLength = 64 * 1024;

    private readonly AutoResetSignal _resumed = new();
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _write = Task.CompletedTask;
    private Exception? _error;
    private int _isClosing;
    private int _isReleased;

    /// <summary>Whether the transport is gone: what is written is dropped.</summary>
    protected bool IsReleased => Volatile.Read(ref _isReleased) != 0;

    /// <inheritdoc/>
    public override void Start() => ThreadPool.UnsafeQueueUserWorkItem(
        static transport => _ = transport.RunAsync(), this, preferLocal: false);

    /// <inheritdoc/>
    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        if (IsReleased)
        {
            return true;
        }

        Task write = WriteAllAsync(bytes);
        if (!write.IsCompleted)
        {
            _write = write;
            _ = FollowAsync(write);
            return false;
        }

        if (write.Exception is not null)
        {
            Fail(write.Exception.InnerException);
        }

        return true;
    }

    /// <inheritdoc/>
    public override void ResumeReading() => _resumed.Set();

    /// <inheritdoc/>
    public override void ShutdownOutput()
    {
        if (!IsReleased)
        {
            _write = ShutdownAsync();
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
    /// <returns>How many bytes; 0 at the end.</returns>
    protected abstract ValueTask<int> ReadAsync(Memory<byte> buffer);

    /// <summary>Writes all of the bytes.</summary>
    protected abstract Task WriteAllAsync(ReadOnlyMemory<byte> bytes);

    /// <summary>Ends the output in order, if the transport can.</summary>
    protected abstract ValueTask EndOutputAsync();

    /// <summary>Lets go of what is below, which ends every pending call. Called once.</summary>
    /// <param name="reset">Whether the peer is to see a reset.</param>
    protected abstract void ReleaseCore(bool reset);

    /// <summary>Takes note that the transport has failed, and drops it.</summary>
    protected void Fail(Exception? error) => Abort(error ?? new IOException("The transport has failed."));

    private async Task RunAsync()
    {
        try
        {
            await ReadToEndAsync().ConfigureAwait(false);
            if (!IsReleased)
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
                Fail(exception);
            }
        }

        await _write.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Sink.OnClosed(Volatile.Read(ref _error));
    }

    private async Task ReadToEndAsync()
    {
        bool mayHaveMore = false;
        while (!IsReleased)
        {
            if (!mayHaveMore)
            {
                await WaitForInputAsync().ConfigureAwait(false);
            }

            byte[] buffer = pool.Rent(ReceiveBufferLength);
            ReadVerdict verdict;
            try
            {
                int length = await ReadAsync(buffer).ConfigureAwait(false);
                if (length == 0)
                {
                    return;
                }

                mayHaveMore = length == buffer.Length;
                verdict = Sink.OnReceived(buffer.AsSpan(0, length));
            }
            finally
            {
                pool.Return(buffer);
            }

            while (verdict == ReadVerdict.Pause)
            {
                await _resumed.WaitAsync().ConfigureAwait(false);
                if (IsReleased)
                {
                    return;
                }

                verdict = Sink.OnReadingResumed();
            }
        }
    }

    private async Task FollowAsync(Task write)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            if (!IsReleased)
            {
                Fail(exception);
            }

            return;
        }

        if (!IsReleased)
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
            if (!IsReleased)
            {
                Fail(exception);
            }
        }
    }

    private async Task CloseAfterAsync(Task write)
    {
        // A write that is underway is finished; if the peer never takes it, Abort ends it.
        await write.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Release(reset: false);
    }

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
