using System.Buffers;
using Sockeye.Timing;

namespace Sockeye.Transports.Loops;

/// <summary>
/// A transport as a stream, for an HTTP client that does the opening handshake and is then to be out of the way: no read
/// answers with bytes from behind the end of a head, so that the client holds nothing that belongs to the connection.
/// </summary>
/// <remarks>
/// The transport pauses whenever it has read something, until all of it was taken and somebody asks for more. While nobody
/// asks, it can be taken back with <see cref="Detach"/>. One read and one write at a time.
/// </remarks>
internal sealed class TransportStream : AsyncStream, ITransportSink
{
    private const string Lost = "The connection was lost.";

    private readonly EventLoopTransport _transport;
    private readonly ArrayPool<byte> _pool;
    private readonly Lock _gate = new();

    // All under the gate.
    private HeadEndFinder _heads;
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

    /// <summary>Takes over a transport, and starts it.</summary>
    public TransportStream(EventLoopTransport transport, ArrayPool<byte> pool)
    {
        _transport = transport;
        _pool = pool;
        transport.Sink = this;
        transport.Start();
    }

    /// <summary>Where whatever is served by the transport's loop has its deadlines.</summary>
    public DeadlineWheel Wheel => _transport.Loop.Wheel;

    /// <summary>Gives the transport away: paused, and nobody's until it has another sink. The stream is of no use then.</summary>
    /// <param name="unread">What was received and not read; the caller returns the array to the pool.</param>
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
                // Only if it is paused: a busy loop may come to this behind the very bytes that are waited for, when the
                // transport is somebody else's already.
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
        }

        int taken = _transport.TryWrite(buffer.Span);
        if (taken == buffer.Length || _transport.Write(buffer[taken..]))
        {
            writing.TrySetResult();
        }

        // Not the token: the memory is the transport's until it says otherwise. Whoever gives up disposes of the stream,
        // which ends the wait.
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
            // All that came before has been read, or nobody would have ended the pause behind it.
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
            // What the peer sent before it went can still be read.
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
            // The peer does not take what was written; nobody is left to wait for it.
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
        length = _heads.EndIn(unread[..length]) ?? length;
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
