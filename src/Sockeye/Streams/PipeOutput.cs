using System.Buffers;
using System.IO.Pipelines;

namespace Sockeye.Streams;

/// <summary>A pipe writer that sends what was written as one message at each flush, from the rented array it was written to.</summary>
internal sealed class PipeOutput(
    WebSocketConnection connection, WebSocketMessageKind kind, ArrayPool<byte> pool, Action<Exception?> onCompleted) : PipeWriter
{
    private const int FirstLength = 4 * 1024;

    // A pipe loses nothing: whatever the connection's policy for slow consumers, a flush waits for room.
    private static readonly WebSocketSendOptions SendOptions = new() { SlowConsumer = WebSocketSlowConsumerPolicy.Wait };

    private readonly PendingCallCancellation _cancellation = new();
    private byte[]? _array;
    private int _length;
    private bool _isCompleted;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => _length;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        CheckWritable();
        Reserve(Math.Max(sizeHint, 1));
        return _array.AsMemory(_length);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, (_array?.Length ?? 0) - _length);
        _length += bytes;
    }

    /// <inheritdoc/>
    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        CheckWritable();
        if (_length == 0)
        {
            return new FlushResult(_cancellation.TryTake(), connection.State != WebSocketConnectionState.Open);
        }

        FlushResult result = await SendAsync(_array.AsMemory(0, _length), cancellationToken).ConfigureAwait(false);
        if (!result.IsCanceled)
        {
            ReturnArray();
        }

        return result;
    }

    /// <inheritdoc/>
    public override async ValueTask<FlushResult> WriteAsync(
        ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        CheckWritable();
        if (_length == 0 && !source.IsEmpty)
        {
            FlushResult result = await SendAsync(source, cancellationToken).ConfigureAwait(false);
            if (result.IsCanceled)
            {
                // As after a canceled flush, what was written is still to be sent.
                Add(source);
            }

            return result;
        }

        Add(source);
        return await FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => _cancellation.Cancel();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        if (_isCompleted)
        {
            return;
        }

        _isCompleted = true;
        if (_length > 0 && exception is null)
        {
            // Not awaited: the Close frame goes behind the sends that wait.
            _ = SendLastAsync();
        }
        else
        {
            ReturnArray();
        }

        onCompleted(exception);
    }

    /// <inheritdoc/>
    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (!_isCompleted && exception is null)
        {
            await FlushAsync().ConfigureAwait(false);
        }

        Complete(exception);
    }

    private void CheckWritable()
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("Writing is not allowed after the writer was completed.");
        }
    }

    private async ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (_cancellation.TryTake())
        {
            return new FlushResult(isCanceled: true, isCompleted: false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        CancellationTokenSource cancellation = _cancellation.Begin();
        try
        {
            ValueTask sending = connection.SendAsync(payload, kind, SendOptions, cancellation.Token);
            using CancellationTokenRegistration registration = sending.IsCompleted
                ? default
                : cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), cancellation);
            await sending.ConfigureAwait(false);
            return default;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _cancellation.TryTake();
            cancellationToken.ThrowIfCancellationRequested();
            return new FlushResult(isCanceled: true, isCompleted: false);
        }
        catch (WebSocketClosedException)
        {
            // The way of pipes: the reader at the other end has completed. The input of the pipe throws what is to be thrown.
            return new FlushResult(isCanceled: false, isCompleted: true);
        }
        finally
        {
            _cancellation.End(cancellation);
        }
    }

    private async Task SendLastAsync()
    {
        try
        {
            await connection.SendAsync(_array.AsMemory(0, _length), kind, SendOptions).ConfigureAwait(false);
        }
        catch (WebSocketClosedException)
        {
            // It was not sent, because the connection has ended: WebSocketConnection.Closed says how.
        }
        finally
        {
            ReturnArray();
        }
    }

    private void Add(ReadOnlyMemory<byte> source)
    {
        Reserve(source.Length);
        source.CopyTo(_array.AsMemory(_length));
        _length += source.Length;
    }

    private void Reserve(int length)
    {
        if (_array is { } array && array.Length - _length >= length)
        {
            return;
        }

        long needed = (long)_length + length;
        if (needed > Array.MaxLength)
        {
            throw new InvalidOperationException("More bytes were written than a message of one array holds. Flush in between.");
        }

        byte[] longer = pool.Rent((int)Math.Max(needed, Math.Min(Math.Max(FirstLength, 2L * _length), Array.MaxLength)));
        _array.AsSpan(0, _length).CopyTo(longer);
        int written = _length;
        ReturnArray();
        _array = longer;
        _length = written;
    }

    private void ReturnArray()
    {
        if (_array is { } array)
        {
            _array = null;
            pool.Return(array);
        }

        _length = 0;
    }
}
