using System.Buffers;
using Sockeye.Timing;

namespace Sockeye.Transports.Loops;

/// <summary>
/// Presents a transport as a stream to an HTTP client that performs the opening handshake. A read never returns bytes from beyond
/// the end of a head, so that the client holds no bytes that belong to the connection.
/// </summary>
/// <remarks>
/// The transport pauses after each receive until all bytes have been read and the next read begins. While no read is pending,
/// <see cref="Detach"/> takes the transport back. One read and one write at a time.
/// </remarks>
internal sealed class TransportStream : AsyncStream, ITransportSink
{
    private const string Lost = "The connection was lost.";

    private readonly EventLoopTransport _transport;
    private readonly ArrayPool<byte> _pool;
    private readonly IReadBoundary? _boundary;
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private byte[]? _received;
    private int _start;
    private int _end;
    private TaskCompletionSource? _reading;
    private TaskCompletionSource? _writing;
    private bool _isPaused;
    private bool _hasEnded;
    private bool _hasOutputFailed;
    private bool _isDetached;
    private Exception? _error;

    /// <summary>Takes ownership of a transport and starts it.</summary>
    /// <param name="transport">The transport.</param>
    /// <param name="pool">Where buffers are rented.</param>
    /// <param name="boundary">Limits what one read returns; <see langword="null"/> for no limit. Called under a lock.</param>
    public TransportStream(EventLoopTransport transport, ArrayPool<byte> pool, IReadBoundary? boundary = null)
    {
        _transport = transport;
        _pool = pool;
        _boundary = boundary;
        transport.Sink = this;
        transport.Start();
    }

    /// <summary>The deadline wheel of the transport's loop.</summary>
    public DeadlineWheel Wheel => _transport.Loop.Wheel;

    /// <summary>Detaches the transport, which is paused and needs a new sink. The stream must not be used afterwards.</summary>
    /// <param name="unread">The bytes that were received and not read; the caller returns the array to the pool.</param>
    /// <returns>The transport, or <see langword="null"/> if it has ended.</returns>
    public EventLoopTransport? Detach(out ArraySegment<byte> unread)
    {
        lock (_gate)
        {
            unread = default;
            if (_error is not null || _hasEnded || _hasOutputFailed)
            {
                return null;
            }

            unread = _received is null ? default : new ArraySegment<byte>(_received, _start, _end - _start);
            _received = null;
            _isDetached = true;
            return _transport;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task waiting;
            bool resume;
            lock (_gate)
            {
                if (_received is not null)
                {
                    return buffer.IsEmpty ? 0 : TakeReceived(buffer.Span);
                }

                if (_error is not null)
                {
                    throw new IOException(Lost, _error);
                }

                if (_hasEnded)
                {
                    return 0;
                }

                _reading = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                waiting = _reading.Task;
                resume = _isPaused;
                _isPaused = false;
            }

            if (resume)
            {
                // Only if paused: a busy loop might execute the request after it has delivered the bytes, when the transport may
                // have another sink already.
                _transport.ResumeReading();
            }

            await waiting.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_error is not null)
            {
                throw new IOException(Lost, _error);
            }

            _writing = writing;
            _boundary?.OnWrite();
        }

        int taken = _transport.TryWrite(buffer.Span);
        if (taken == buffer.Length || _transport.Write(buffer[taken..]))
        {
            writing.TrySetResult();
        }

        // Not canceled by the token: the transport uses the memory until it reports otherwise. A caller that cancels disposes of
        // the stream, which ends the wait.
        await writing.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
        // Writes go to the kernel at once.
    }

    /// <inheritdoc/>
    ReadVerdict ITransportSink.OnReceived(Span<byte> bytes)
    {
        lock (_gate)
        {
            // Everything received before has been read; otherwise no read would have ended the pause.
            _received = _pool.Rent(bytes.Length);
            bytes.CopyTo(_received);
            _start = 0;
            _end = bytes.Length;
            _isPaused = true;
            _reading?.TrySetResult();
        }

        return ReadVerdict.Pause;
    }

    /// <inheritdoc/>
    ReadVerdict ITransportSink.OnReadingResumed() => ReadVerdict.Continue;

    /// <inheritdoc/>
    void ITransportSink.OnWritten()
    {
        lock (_gate)
        {
            _writing?.TrySetResult();
        }
    }

    /// <inheritdoc/>
    void ITransportSink.OnOutputFailed(Exception error)
    {
        lock (_gate)
        {
            // Bytes that the peer sent before it closed can still be read.
            _hasOutputFailed = true;
            _writing?.TrySetException(new IOException(Lost, error));
        }
    }

    /// <inheritdoc/>
    void ITransportSink.OnInputEnded()
    {
        lock (_gate)
        {
            _hasEnded = true;
            _reading?.TrySetResult();
        }
    }

    /// <inheritdoc/>
    void ITransportSink.OnClosed(Exception? error)
    {
        lock (_gate)
        {
            _error = error ?? new ObjectDisposedException(nameof(TransportStream));
            _reading?.TrySetResult();
            _writing?.TrySetException(new IOException(Lost, _error));
            ReleaseReceived();
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        bool close;
        bool abort;
        lock (_gate)
        {
            close = !_isDetached;
            abort = close && _writing is { Task.IsCompleted: false };
        }

        if (abort)
        {
            // The peer does not read what was written, and no caller waits for it any more.
            _transport.Abort(error: null);
        }
        else if (close)
        {
            _transport.Close();
        }

        base.Dispose(disposing);
    }

    private int TakeReceived(Span<byte> buffer)
    {
        ReadOnlySpan<byte> unread = _received.AsSpan(_start, _end - _start);
        int length = Math.Min(unread.Length, buffer.Length);
        length = _boundary?.LengthWithin(unread[..length]) ?? length;
        unread[..length].CopyTo(buffer);
        _start += length;
        if (_start == _end)
        {
            ReleaseReceived();
        }

        return length;
    }

    private void ReleaseReceived()
    {
        if (_received is not null)
        {
            _pool.Return(_received);
            _received = null;
        }
    }
}
