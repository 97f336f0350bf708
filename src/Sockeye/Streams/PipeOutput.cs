using System.Buffers;
using System.IO.Pipelines;
using Sockeye.Memory;

namespace Sockeye.Streams;

/// <summary>A pipe writer that sends what was written as one message at each flush, from the rented array it was written to.</summary>
internal sealed class PipeOutput(
    WebSocketConnection connection, WebSocketMessageKind kind, ArrayPool<byte> pool, Action<Exception?> onCompleted) : PipeWriter
{
    private const int FirstLength = 4 * 1024;

    // A pipe loses nothing: whatever the connection's policy for slow consumers, a flush waits for room.
    private static readonly WebSocketSendOptions SendOptions = new() { SlowConsumer = WebSocketSlowConsumerPolicy.Wait };

    private readonly PendingCallCancellation _cancellation = new();
    private GatheredBytes _written = new(FirstLength);
    private bool _isCompleted;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => _written.Length;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        CheckWritable();
        return _written.Reserve(pool, Math.Max(sizeHint, 1));
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _written.Room);
        _written.Advance(bytes);
    }

    /// <inheritdoc/>
    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        CheckWritable();
        if (_written.Length == 0)
        {
            return new FlushResult(_cancellation.TryTake(), connection.State != WebSocketConnectionState.Open);
        }

        FlushResult result = await SendAsync(_written.Bytes, cancellationToken).ConfigureAwait(false);
        if (!result.IsCanceled)
        {
            _written.Release(pool);
        }

        return result;
    }

    /// <inheritdoc/>
    public override async ValueTask<FlushResult> WriteAsync(
        ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        CheckWritable();
        if (_written.Length == 0 && !source.IsEmpty)
        {
            FlushResult result = await SendAsync(source, cancellationToken).ConfigureAwait(false);
            if (result.IsCanceled)
            {
                // As after a canceled flush, what was written is still to be sent.
                _written.Add(pool, source.Span);
            }

            return result;
        }

        _written.Add(pool, source.Span);
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
        if (_written.Length > 0 && exception is null)
        {
            // Not awaited: the Close frame goes behind the sends that wait.
            _ = SendLastAsync();
        }
        else
        {
            _written.Release(pool);
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
            await connection.SendAsync(_written.Bytes, kind, SendOptions).ConfigureAwait(false);
        }
        catch (WebSocketClosedException)
        {
            // It was not sent, because the connection has ended: WebSocketConnection.Closed says how.
        }
        finally
        {
            _written.Release(pool);
        }
    }
}
