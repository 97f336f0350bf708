using System.Buffers;
using System.IO.Pipelines;
using Sockeye.Connections.Receiving;

namespace Sockeye.Streams;

/// <summary>
/// The payloads of all messages as a pipe reader. A payload is shown where it was received; only the part that was examined and not
/// consumed is copied, when the next is received.
/// </summary>
internal sealed class PipeInput(PullReceiver pull, ArrayPool<byte> pool, Action<Exception?> onCompleted) : PipeReader
{
    private readonly PieceReader _reader = new(pull, acrossMessages: true);
    private readonly PendingCallCancellation _cancellation = new();

    // Examined and not consumed, from earlier payloads.
    private byte[]? _kept;
    private int _keptStart;
    private int _keptEnd;

    private ReadOnlySequence<byte> _shown;
    private bool _isShown;
    private bool _isExamined = true;
    private bool _hasEnded;
    private bool _isCompleted;

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        CheckReadable();
        if (_cancellation.TryTake())
        {
            result = Show(isCanceled: true);
            return true;
        }

        bool isThere = !_isExamined || _hasEnded;
        result = isThere ? Show(isCanceled: false) : default;
        return isThere;
    }

    /// <inheritdoc/>
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (TryRead(out ReadResult result))
        {
            return result;
        }

        cancellationToken.ThrowIfCancellationRequested();
        KeepRest();
        CancellationTokenSource cancellation = _cancellation.Begin();
        try
        {
            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static state => ((CancellationTokenSource)state!).Cancel(), cancellation);
            _hasEnded = !await _reader.WaitAsync(cancellation.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _cancellation.TryTake();
            cancellationToken.ThrowIfCancellationRequested();
            return Show(isCanceled: true);
        }
        finally
        {
            _cancellation.End(cancellation);
        }

        _isExamined = false;
        return Show(isCanceled: false);
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_isShown)
        {
            throw new InvalidOperationException("There is nothing to advance in: no read has completed since the last call.");
        }

        long length = LengthTo(consumed);
        long examinedLength = LengthTo(examined);
        if (examinedLength < length)
        {
            throw new ArgumentOutOfRangeException(nameof(examined), "The consumed bytes must be examined too.");
        }

        _isExamined = examinedLength == _shown.Length;
        _isShown = false;
        _shown = default;
        int fromKept = (int)Math.Min(length, _keptEnd - _keptStart);
        _keptStart += fromKept;
        if (_keptStart == _keptEnd)
        {
            ReturnKept();
        }

        _reader.Skip((int)(length - fromKept));
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => _cancellation.Cancel();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        if (_isCompleted)
        {
            return;
        }

        _isCompleted = true;
        _isShown = false;
        _shown = default;
        ReturnKept();
        onCompleted(exception);
    }

    /// <inheritdoc/>
    public override async Task CopyToAsync(Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        CheckReadable();
        if (_keptEnd > _keptStart)
        {
            await destination.WriteAsync(_kept.AsMemory(_keptStart, _keptEnd - _keptStart), cancellationToken).ConfigureAwait(false);
            ReturnKept();
        }

        await _reader.CopyToAsync(destination, cancellationToken).ConfigureAwait(false);
        _isExamined = true;
        _hasEnded = true;
    }

    // A default position is the beginning.
    private long LengthTo(SequencePosition position) =>
        position.GetObject() is null ? 0 : _shown.Slice(_shown.Start, position).Length;

    private void CheckReadable()
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("Reading is not allowed after the reader was completed.");
        }

        if (_isShown)
        {
            throw new InvalidOperationException("Reading is already in progress: call AdvanceTo first.");
        }
    }

    private ReadResult Show(bool isCanceled)
    {
        ReadOnlyMemory<byte> rest = _reader.Rest;
        if (_keptStart == _keptEnd)
        {
            _shown = new ReadOnlySequence<byte>(rest);
        }
        else
        {
            var first = new Segment(_kept.AsMemory(_keptStart, _keptEnd - _keptStart));
            _shown = rest.IsEmpty
                ? new ReadOnlySequence<byte>(first.Memory)
                : new ReadOnlySequence<byte>(first, 0, first.Append(rest), rest.Length);
        }

        _isShown = true;
        return new ReadResult(_shown, isCanceled, _hasEnded);
    }

    // The loan of the payload ends with the next receive.
    private void KeepRest()
    {
        ReadOnlyMemory<byte> rest = _reader.Rest;
        if (rest.IsEmpty)
        {
            return;
        }

        int length = _keptEnd - _keptStart;
        if (_kept is null || _kept.Length - _keptEnd < rest.Length)
        {
            // Doubled, so that many short messages are not copied over and over.
            byte[] longer = pool.Rent(Math.Max(checked(length + rest.Length), Math.Min(2 * length, Array.MaxLength)));
            _kept.AsSpan(_keptStart, length).CopyTo(longer);
            ReturnKept();
            _kept = longer;
            _keptEnd = length;
        }

        rest.CopyTo(_kept.AsMemory(_keptEnd));
        _keptEnd += rest.Length;
        _reader.Skip(rest.Length);
    }

    private void ReturnKept()
    {
        if (_kept is { } array)
        {
            _kept = null;
            pool.Return(array);
        }

        _keptStart = 0;
        _keptEnd = 0;
    }

    // The kept bytes, or the payload behind them.
    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory) => Memory = memory;

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory) { RunningIndex = Memory.Length };
            Next = next;
            return next;
        }
    }
}
