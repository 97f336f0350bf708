using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.InteropServices;

namespace Sockeye.Transports;

/// <summary>
/// A transport over a duplex pipe, as ASP.NET Core's servers have. What has arrived is passed on where it lies in the pipe, and what is sent
/// is written into the pipe without waiting while the pipe has room.
/// </summary>
internal sealed class PipeTransport : PumpTransport
{
    // A pipe tells that it is full only after a write: more than this is written piece by piece.
    private const int MaxWriteLength = 128 * 1024;

    // Segments of a pipe are short, and a frame that lies in one piece costs less than one that must be put together.
    private const int MaxJoinedLength = 64 * 1024;

    private readonly ArrayPool<byte> _pool;
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly Action<Exception?>? _abort;

    // Continued in place: nothing of this object runs after it.
    private readonly TaskCompletionSource _ended = new();

    // Both the reading task and what ends the pipe use it.
    private int _userCount = 2;

    // The last flush: while it is pending, the pipe is full. Used by the writer only.
    private volatile Task _flush = Task.CompletedTask;

    /// <summary>Takes over a pipe, which is not completed: its owner does that after <see cref="Ended"/>.</summary>
    /// <param name="pipe">The pipe.</param>
    /// <param name="pool">The pool that buffers are rented from, for what has arrived in several segments.</param>
    /// <param name="localEndPoint">The local address, if known.</param>
    /// <param name="remoteEndPoint">The address of the peer, if known.</param>
    /// <param name="abort">
    /// Resets what is below the pipe, which ends its pending calls; <see langword="null"/> to complete the pipe with an error.
    /// </param>
    public PipeTransport(
        IDuplexPipe pipe, ArrayPool<byte> pool, EndPoint? localEndPoint = null, EndPoint? remoteEndPoint = null,
        Action<Exception?>? abort = null)
    {
        _pool = pool;
        _input = pipe.Input;
        _output = pipe.Output;
        _abort = abort;
        LocalEndPoint = EndPoints.Unmapped(localEndPoint);
        RemoteEndPoint = EndPoints.Unmapped(remoteEndPoint);
    }

    /// <summary>Completes when the transport has ended, and does not use the pipe any more.</summary>
    public Task Ended => _ended.Task;

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint { get; }

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint { get; }

    /// <inheritdoc/>
    public override bool CanEndOutput => false;

    /// <inheritdoc/>
    public override bool CanFlushSoon => true;

    /// <inheritdoc/>
    /// <remarks>Preferably on this thread, behind its current work item.</remarks>
    public override void FlushLater() =>
        ThreadPool.UnsafeQueueUserWorkItem(static transport => transport.Flush(), this, preferLocal: true);

    /// <inheritdoc/>
    protected override async Task ReadToEndAsync()
    {
        int reads = 0;
        while (!IsReleased)
        {
            ValueTask<ReadResult> reading = _input.ReadAsync();
            reads = reading.IsCompleted ? reads + 1 : 0;
            ReadResult result = await AwaitInputAsync(reading).ConfigureAwait(false);
            reads = await TakeTurnAsync(reads).ConfigureAwait(false);
            await StackSpace.EnsureAsync().ConfigureAwait(false);
            ReadOnlySequence<byte> taken = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, MaxLength));
            if (taken.IsEmpty || IsReleased)
            {
                // Only the end, or a wait that was canceled.
            }
            else if (taken.IsSingleSegment)
            {
                // The reader owns what it has not released, so the sink may change it in place.
                Deliver(MemoryMarshal.AsMemory(taken.First).Span);
            }
            else
            {
                DeliverJoined(taken);
            }

            _input.AdvanceTo(taken.End);
            await EndPauseAsync().ConfigureAwait(false);
            _ = TakeYielded();
            if (result.IsCompleted && taken.Length == result.Buffer.Length)
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    protected override int WriteNow(ReadOnlySpan<byte> bytes) => WriteNow(bytes, second: default);

    /// <inheritdoc/>
    protected override int WriteNow(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (!_flush.IsCompleted)
        {
            return 0;
        }

        _flush.GetAwaiter().GetResult();
        first = first[..Math.Min(first.Length, MaxWriteLength)];
        second = second[..Math.Min(second.Length, MaxWriteLength - first.Length)];
        _output.Write(first);
        _output.Write(second);
        ValueTask<FlushResult> flushing = _output.FlushAsync();
        if (flushing.IsCompleted)
        {
            Check(flushing.GetAwaiter().GetResult());
        }
        else
        {
            _flush = FinishAsync(flushing);
        }

        return first.Length + second.Length;
    }

    /// <inheritdoc/>
    protected override async Task WriteAllAsync(ReadOnlyMemory<byte> bytes)
    {
        await _flush.ConfigureAwait(false);
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(bytes.Length, MaxWriteLength);
            Check(await _output.WriteAsync(bytes[..length]).ConfigureAwait(false));
            bytes = bytes[length..];
        }
    }

    /// <inheritdoc/>
    protected override Task Flushing => _flush;

    /// <inheritdoc/>
    protected override ValueTask EndOutputAsync() => default;

    /// <inheritdoc/>
    protected override void ReleaseCore(bool reset)
    {
        if (!reset && IsDelivering && _flush.IsCompleted)
        {
            // No call of the pipe is pending.
            EndUse();
            return;
        }

        // On another thread: the caller may hold locks, and the pipe may run foreign code in place.
        ThreadPool.UnsafeQueueUserWorkItem(
            static state => state.Transport.EndPipe(state.Reset), (Transport: this, Reset: reset), preferLocal: false);
    }

    /// <inheritdoc/>
    protected override void OnEnded() => EndUse();

    // The owner recycles the pipe, and what it aborts, when nothing uses them any more.
    private void EndUse()
    {
        if (Interlocked.Decrement(ref _userCount) == 0)
        {
            _ended.SetResult();
        }
    }

    private void Flush()
    {
        if (!IsReleased)
        {
            Sink.OnFlush();
        }
    }

    // A segment of a foreign pipe may be of any length.
    private int MaxLength => Sink.IsShortOfMemory ? ITransportSink.ShortReadLength : MaxJoinedLength;

    private void DeliverJoined(in ReadOnlySequence<byte> segments)
    {
        int length = (int)segments.Length;
        byte[] joined = _pool.Rent(length);
        try
        {
            segments.CopyTo(joined);
            Deliver(joined.AsSpan(0, length));
        }
        finally
        {
            _pool.Return(joined);
        }
    }

    private static async Task FinishAsync(ValueTask<FlushResult> flushing) => Check(await flushing.ConfigureAwait(false));

    private static void Check(FlushResult result)
    {
        if (result.IsCompleted)
        {
            throw new IOException("The peer does not read any more.");
        }
    }

    private void EndPipe(bool reset)
    {
        try
        {
            if (reset && _abort is not null)
            {
                _abort(null);
            }
            else if (reset)
            {
                _output.Complete(new IOException("The connection was aborted."));
            }

            // Ends a read and a flush that wait.
            _input.CancelPendingRead();
            _output.CancelPendingFlush();
        }
        catch (Exception exception)
        {
            // Only the sink is left to report this to, and only if no error was recorded before.
            Abort(exception);
        }

        EndUse();
    }
}
