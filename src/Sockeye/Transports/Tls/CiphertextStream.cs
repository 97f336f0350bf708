using System.Threading.Tasks.Sources;

namespace Sockeye.Transports.Tls;

/// <summary>
/// The stream below an <see cref="System.Net.Security.SslStream"/> that is driven in place: its reads complete when ciphertext is passed
/// to <see cref="Feed"/>, during that call.
/// </summary>
/// <remarks>
/// Until <see cref="TakeOver"/> it may pass everything to another stream, for a handshake that waits asynchronously. One read at a time.
/// </remarks>
internal sealed class CiphertextStream : AsyncStream, IValueTaskSource<int>
{
    private readonly Stream? _handshakeStream;
    private bool _isInPlace;

    // The continuation of a read runs in place: the reader's caller looks whether it has completed when Feed returns.
    private ManualResetValueTaskSourceCore<int> _reading;
    private Memory<byte> _destination;
    private bool _isReading;
    private bool _hasEnded;
    private Exception? _error;

    // Valid during a call to the engine only.
    private unsafe byte* _input;
    private int _inputLength;

    private TlsRecordEnds _ends;
    private ICiphertextSink? _output;

    /// <summary>Creates a stream that is driven in place from the beginning.</summary>
    public CiphertextStream() => _isInPlace = true;

    /// <summary>Creates a stream over another one, until <see cref="TakeOver"/>.</summary>
    /// <param name="handshakeStream">The stream, which is owned until then.</param>
    public CiphertextStream(Stream handshakeStream) => _handshakeStream = handshakeStream;

    /// <summary>Takes what is written in place.</summary>
    public ICiphertextSink Output
    {
        set => _output = value;
    }

    /// <summary>How much of the ciphertext is left that was passed to <see cref="Feed"/>.</summary>
    public int UnreadLength => _inputLength;

    /// <summary>From now on the stream is driven in place. No read or write may be pending.</summary>
    public void TakeOver() => _isInPlace = true;

    /// <summary>Provides ciphertext until <see cref="EndFeed"/>, and completes a pending read with it.</summary>
    public unsafe void Feed(byte* ciphertext, int length)
    {
        _input = ciphertext;
        _inputLength = length;
        if (_isReading && length != 0)
        {
            _isReading = false;
            _reading.SetResult(Take(_destination.Span));
        }
    }

    /// <summary>Ends reads, because there is no more ciphertext.</summary>
    /// <param name="error">The cause; <see langword="null"/> for the end of the stream.</param>
    public void EndInput(Exception? error)
    {
        _hasEnded = true;
        _error ??= error;
        if (!_isReading)
        {
            return;
        }

        _isReading = false;
        if (_error is null)
        {
            _reading.SetResult(0);
        }
        else
        {
            _reading.SetException(Lost());
        }
    }

    /// <summary>The ciphertext is no longer valid.</summary>
    public unsafe void EndFeed()
    {
        _input = null;
        _inputLength = 0;
    }

    /// <inheritdoc/>
    /// <remarks>In place, the token is not observed: who drives the stream has a deadline.</remarks>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_isInPlace)
        {
            return ReadHandshakeAsync(buffer, cancellationToken);
        }

        if (_inputLength != 0)
        {
            return new ValueTask<int>(Take(buffer.Span));
        }

        if (_hasEnded)
        {
            return _error is null ? new ValueTask<int>(0) : ValueTask.FromException<int>(Lost());
        }

        _destination = buffer;
        _isReading = true;
        return new ValueTask<int>(this, _reading.Version);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_isInPlace)
        {
            return _handshakeStream!.WriteAsync(buffer, cancellationToken);
        }

        _output!.OnRecords(buffer.Span);
        return default;
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer) => _output!.OnRecords(buffer);

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) =>
        _isInPlace ? Task.CompletedTask : _handshakeStream!.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is kept.
    }

    /// <inheritdoc/>
    int IValueTaskSource<int>.GetResult(short token)
    {
        try
        {
            return _reading.GetResult(token);
        }
        finally
        {
            // A connection at rest keeps nothing of the reader alive.
            _reading.Reset();
        }
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _reading.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _reading.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isInPlace)
        {
            _handshakeStream!.Dispose();
        }
        else if (disposing)
        {
            // The reader gives its buffers back.
            EndInput(new ObjectDisposedException(nameof(CiphertextStream)));
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadHandshakeAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int length = await _handshakeStream!.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _ends.Add(buffer.Span[..length]);
        return length;
    }

    private IOException Lost() => new("The connection was lost.", _error);

    private unsafe int Take(Span<byte> destination)
    {
        ReadOnlySpan<byte> next = new(_input, Math.Min(destination.Length, _inputLength));
        int length = _ends.LengthBeforeAlert(next);
        next = next[..length];
        next.CopyTo(destination);
        _ends.Add(next);
        _input += length;
        _inputLength -= length;
        return length;
    }
}
