using System.Buffers;

namespace Sockeye.Testing;

/// <summary>One direction of a <see cref="WebSocketTestNetwork"/>. A test observes it, and causes faults.</summary>
/// <remarks>Thread-safe. Faults take effect before the methods return; a call that waits on the link ends soon after, on the thread pool.</remarks>
public sealed class WebSocketTestLink
{
    private static readonly TimeSpan Resolution = TimeSpan.FromMilliseconds(1);

    private readonly WebSocketTestNetwork _network;
    private readonly WebSocketTestLinkOptions _options;
    private readonly DeliverySchedule _schedule;
    private readonly ArrayBufferWriter<byte>? _record;
    private readonly HeadBoundary? _exemptHead;
    private readonly ITimer _timer;

    // Everything below is read and written under the lock that both links of the network share.
    private readonly Lock _gate;
    private readonly Queue<Piece> _inFlight = [];
    private readonly Queue<Piece> _arrived = [];
    private Piece _unread;
    private TaskCompletionSource? _changed;
    private TimeSpan? _endDue;
    private long _heldLength;
    private long _sentLength;
    private long _receivedLength;
    private long? _resetAfter;
    private long? _dropAfter;
    private bool _isStalled;
    private bool _isLifted;
    private bool _isEnded;
    private bool _hasEndArrived;
    private bool _isSenderClosed;
    private bool _isReceiverClosed;
    private bool _isReset;

    internal WebSocketTestLink(
        WebSocketTestNetwork network, WebSocketTestLinkOptions options, DeliverySchedule schedule, HeadBoundary? exemptHead)
    {
        _network = network;
        _gate = network.Gate;
        _options = options;
        _schedule = schedule;
        _exemptHead = exemptHead;
        _record = network.Options.Record ? new ArrayBufferWriter<byte>() : null;
        _resetAfter = options.ResetAfterLength;
        _dropAfter = options.DropAfterLength;
        _isStalled = options.IsStalled;
        _timer = network.Options.TimeProvider.CreateTimer(
            static link => ((WebSocketTestLink)link!).Deliver(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The number of bytes that the sender has written, including those that are under way or lost.</summary>
    public long SentLength
    {
        get
        {
            lock (_gate)
            {
                return _sentLength;
            }
        }
    }

    /// <summary>The number of bytes that the receiver has read.</summary>
    public long ReceivedLength
    {
        get
        {
            lock (_gate)
            {
                return _receivedLength;
            }
        }
    }

    /// <summary>
    /// Stops the direction: nothing arrives until <see cref="Resume"/>. The sender can write until
    /// <see cref="WebSocketTestLinkOptions.BufferLength"/> is reached; what has arrived can still be read.
    /// </summary>
    public void Stall()
    {
        lock (_gate)
        {
            _isStalled = true;
        }
    }

    /// <summary>Resumes the direction after <see cref="Stall"/>. What has become due meanwhile arrives at once.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            _isStalled = false;
        }

        Deliver();
    }

    /// <summary>
    /// Ends the direction after the bytes that are under way, while the other direction stays open: a half close. The receiver reads the end;
    /// further writes of the sender throw an <see cref="IOException"/>.
    /// </summary>
    public void End()
    {
        lock (_gate)
        {
            EndCore();
        }

        Deliver();
    }

    /// <summary>
    /// Resets the connection, in both directions, when the receiver has read so many bytes of this direction: it reads these, and no more.
    /// See <see cref="WebSocketTestNetwork.Reset"/>.
    /// </summary>
    /// <param name="length">The number of bytes from the first, at least 0. If they have been read already, the reset is at once.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public void ResetAfter(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        lock (_gate)
        {
            _resetAfter = length;
            ResetIfDue();
        }
    }

    /// <summary>
    /// Loses all bytes of this direction after so many, and its end, as if a cable was cut: neither end is informed. Bytes that are under way
    /// are lost as well; those that have arrived are not. The sender can write until
    /// <see cref="WebSocketTestLinkOptions.BufferLength"/> is reached, because nothing acknowledges the lost bytes.
    /// </summary>
    /// <param name="length">The number of bytes from the first that are not lost, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public void DropAfter(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        lock (_gate)
        {
            _dropAfter = length;
            long position = _receivedLength + _arrived.Sum(CountedLength) + CountedLength(_unread);
            for (int count = _inFlight.Count; count > 0; count--)
            {
                Piece piece = _inFlight.Dequeue();
                int kept = (int)Math.Clamp(length - position, 0, piece.Bytes.Length);
                position += piece.Bytes.Length;
                if (kept > 0)
                {
                    _inFlight.Enqueue(piece with { Bytes = piece.Bytes[..kept] });
                }
            }

            if (!_hasEndArrived && _sentLength >= length)
            {
                _endDue = null;
            }
        }
    }

    /// <summary>Waits until the sender has written so many bytes.</summary>
    /// <param name="length">The number of bytes from the first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes then.</returns>
    /// <exception cref="IOException">The direction ended or was reset before.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public Task WaitForSentAsync(long length, CancellationToken cancellationToken = default) =>
        WaitAsync(() => _sentLength >= length, () => _isEnded || _isReset, cancellationToken);

    /// <summary>Waits until the receiver has read so many bytes.</summary>
    /// <param name="length">The number of bytes from the first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that completes then.</returns>
    /// <exception cref="IOException">The receiver was closed, or the network was reset, before.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled.</exception>
    public Task WaitForReceivedAsync(long length, CancellationToken cancellationToken = default) =>
        WaitAsync(() => _receivedLength >= length, () => _isReceiverClosed || _isReset, cancellationToken);

    /// <summary>Returns a copy of the bytes that the sender has written, including those that are under way or lost.</summary>
    /// <exception cref="InvalidOperationException"><see cref="WebSocketTestNetworkOptions.Record"/> is not set.</exception>
    public byte[] GetSentBytes()
    {
        ArrayBufferWriter<byte> record = _record
            ?? throw new InvalidOperationException($"Set {nameof(WebSocketTestNetworkOptions)}.{nameof(WebSocketTestNetworkOptions.Record)} to record bytes.");
        lock (_gate)
        {
            return record.WrittenSpan.ToArray();
        }
    }

    /// <summary>Returns the frames that the sender has written whole, after the opening handshake.</summary>
    /// <exception cref="InvalidOperationException"><see cref="WebSocketTestNetworkOptions.Record"/> is not set.</exception>
    public IReadOnlyList<WebSocketTestFrame> GetSentFrames()
    {
        ReadOnlySpan<byte> bytes = GetSentBytes();
        bool hasHead = bytes.StartsWith("GET "u8) || bytes.StartsWith("HTTP/"u8);
        return WebSocketTestFrame.ReadAll(hasHead ? bytes[new HeadBoundary(isResponse: false).Take(bytes)..] : bytes);
    }

    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task changed;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_isSenderClosed, typeof(Stream));
                _network.ThrowIfReset();
                if (_isEnded)
                {
                    throw new IOException("The simulated network has ended this direction.");
                }

                bytes = bytes[Accept(bytes.Span)..];
                changed = Changed();
            }

            Deliver();
            if (bytes.IsEmpty)
            {
                return;
            }

            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    internal async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task changed;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_isReceiverClosed, typeof(Stream));
                ResetIfDue();
                _network.ThrowIfReset();
                if (!_unread.Bytes.IsEmpty || _arrived.TryDequeue(out _unread))
                {
                    // A read of no bytes waits for input.
                    return buffer.IsEmpty ? 0 : Read(buffer.Span);
                }

                if (_hasEndArrived)
                {
                    return 0;
                }

                changed = Changed();
            }

            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    internal void CloseSender()
    {
        lock (_gate)
        {
            _isSenderClosed = true;
            EndCore();
        }

        Deliver();
    }

    internal void CloseReceiver()
    {
        lock (_gate)
        {
            _isReceiverClosed = true;
            Clear();
        }

        _timer.Dispose();
    }

    /// <summary>The network was reset. Called under the lock.</summary>
    internal void OnReset()
    {
        _isReset = true;
        Clear();
    }

    /// <summary>Ends all conditions: what is under way arrives at once, and so does what is sent later.</summary>
    /// <returns>Whether bytes have been lost, so that what is sent later makes no sense to the receiver.</returns>
    internal bool Lift()
    {
        lock (_gate)
        {
            _isLifted = true;
            _isStalled = false;
            _resetAfter = null;
            ArriveUntil(TimeSpan.MaxValue);

            // A direction whose end was lost cannot end in order either.
            bool hasLost = _dropAfter < _sentLength || (_isEnded && !_hasEndArrived);
            _dropAfter = null;
            return hasLost;
        }
    }

    private static long CountedLength(Piece piece) => piece.IsCounted ? piece.Bytes.Length : 0;

    private static bool IsExempt(Piece piece) => !piece.IsCounted && !piece.Bytes.IsEmpty;

    private int Accept(ReadOnlySpan<byte> bytes)
    {
        int accepted = 0;
        if (_exemptHead is { IsOver: false } head)
        {
            accepted = head.Take(bytes);
            if (!_isReceiverClosed)
            {
                _arrived.Enqueue(new Piece(bytes[..accepted].ToArray(), default, IsCounted: false));
                NotifyChanged();
            }
        }

        while (accepted < bytes.Length && (_isReceiverClosed || _heldLength < _options.BufferLength))
        {
            // A piece is never cut by a full buffer: how full it is depends on when the receiver runs.
            long length = _schedule.LengthAt(_sentLength) ?? Math.Max(_options.BufferLength - _heldLength, 1);
            int taken = (int)Math.Min(length, bytes.Length - accepted);
            Send(bytes.Slice(accepted, taken));
            accepted += taken;
        }

        return accepted;
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        long position = _sentLength;
        _sentLength += bytes.Length;
        _record?.Write(bytes);
        NotifyChanged();
        TimeSpan due = DueAt(position, bytes.Length);
        if (_isReceiverClosed)
        {
            return;
        }

        _heldLength += bytes.Length;
        int kept = (int)Math.Clamp((_dropAfter ?? long.MaxValue) - position, 0, bytes.Length);
        if (kept > 0)
        {
            _inFlight.Enqueue(new Piece(bytes[..kept].ToArray(), due, IsCounted: true));
        }
    }

    private TimeSpan DueAt(long position, int length)
    {
        TimeSpan now = _network.Elapsed;
        return _isLifted ? now : _schedule.DueAt(position, length, now);
    }

    private int Read(Span<byte> buffer)
    {
        int length = Math.Min(buffer.Length, _unread.Bytes.Length);
        if (_unread.IsCounted)
        {
            length = (int)Math.Min(length, (_resetAfter ?? long.MaxValue) - _receivedLength);
            _receivedLength += length;
            _heldLength -= length;
        }

        _unread.Bytes.Span[..length].CopyTo(buffer);
        _unread = _unread with { Bytes = _unread.Bytes[length..] };
        ResetIfDue();
        NotifyChanged();
        return length;
    }

    private void ResetIfDue()
    {
        bool isHandshakeUnread = _exemptHead is { IsOver: false } || _arrived.Any(IsExempt) || IsExempt(_unread);
        if (_receivedLength >= _resetAfter && !isHandshakeUnread)
        {
            _network.Reset();
        }
    }

    private void EndCore()
    {
        if (!_isEnded)
        {
            _isEnded = true;
            _endDue = _dropAfter <= _sentLength ? null : DueAt(_sentLength, length: 0);
            NotifyChanged();
        }
    }

    // Lets everything arrive that is due, and has the timer call again for the rest.
    private void Deliver()
    {
        while (true)
        {
            TimeSpan now;
            TimeSpan next;
            lock (_gate)
            {
                now = _network.Elapsed;
                ArriveUntil(now);
                TimeSpan? due = _inFlight.TryPeek(out Piece piece) ? piece.Due : _hasEndArrived ? null : _endDue;
                if (due is null || _isStalled || _isReceiverClosed)
                {
                    return;
                }

                next = due.Value;
            }

            // Outside the lock: a clock may call other timers from here.
            _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling((next - now).TotalMilliseconds)), Timeout.InfiniteTimeSpan);
            if (_network.Elapsed - now < Resolution)
            {
                return;
            }

            // The clock has advanced since the time was computed, so that the timer would be late.
        }
    }

    private void ArriveUntil(TimeSpan now)
    {
        if (_isStalled)
        {
            return;
        }

        while (_inFlight.TryPeek(out Piece piece) && piece.Due <= now)
        {
            _arrived.Enqueue(_inFlight.Dequeue());
            NotifyChanged();
        }

        if (_inFlight.Count == 0 && _endDue <= now && !_hasEndArrived)
        {
            _hasEndArrived = true;
            NotifyChanged();
        }
    }

    private void Clear()
    {
        _inFlight.Clear();
        _arrived.Clear();
        _unread = default;
        _heldLength = 0;
        NotifyChanged();
    }

    private async Task WaitAsync(Func<bool> isReached, Func<bool> isOver, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (isReached())
                {
                    return;
                }

                if (isOver())
                {
                    throw new IOException(
                        $"The direction is over, after {_sentLength} bytes sent and {_receivedLength} received.");
                }

                changed = Changed();
            }

            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private Task Changed() => (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private void NotifyChanged()
    {
        _changed?.SetResult();
        _changed = null;
    }
}
