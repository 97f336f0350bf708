namespace Sockeye.Transports.Loops;

/// <summary>
/// A stream socket on an <see cref="EventLoop"/>. Receives into the loop's buffer, passes the bytes on in place, and owns no
/// buffer.
/// </summary>
/// <remarks>Only the loop's thread reads, and only it closes the descriptor.</remarks>
internal sealed class EventLoopTransport : EventLoopWriter, IEventLoopSource
{
    private const EpollEvents Watched =
        EpollEvents.In | EpollEvents.Urgent | EpollEvents.Out | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered;

    private const EpollEvents Ends = EpollEvents.ReadHangUp | EpollEvents.HangUp | EpollEvents.Error;

    // The length of a read. A sink must buffer what it cannot handle in one slice, so the next read is shorter, and reads grow
    // again while the sink keeps up. Doubled with each level.
    private const int LowestReadLength = 4 * 1024;
    private const byte FirstReadLevel = 2;
    private const byte LastReadLevel = 6;

    // While this many transports are queued, none reads more than the initial length: each may have to buffer it.
    private const int CrowdCount = 64;

    // The limit in one turn for a peer that fills each read or splits them with urgent bytes.
    private const int MaxReceivedPerTurn = 256 * 1024;
    private const int MaxReadsPerTurn = 8;

    // Used by the loop only.
    private ulong _number;
    private long _demotedUntil = long.MinValue;
    private byte _stride = TimeSlice.FirstStride;
    private byte _readLevel = FirstReadLevel;
    private bool _isWatched;
    private bool _isPaused;
    private bool _isAwaited;

    // Whether to call OnReadingResumed before the next read.
    private bool _mustResumeSink;

    // Whether OnTurn is scheduled.
    private bool _isQueued;
    private bool _peerHangsUp;
    private bool _hasUrgent;
    private bool _hasInputEnded;
    private bool _isClosing;
    private bool _isReleased;

    /// <summary>Takes ownership of a connected, non-blocking socket.</summary>
    /// <param name="loop">The loop that serves it.</param>
    /// <param name="descriptor">The socket.</param>
    /// <param name="peer">The address of its peer.</param>
    public EventLoopTransport(EventLoop loop, Descriptor descriptor, in SocketAddress peer)
        : base(loop, descriptor, peer)
    {
    }

    /// <inheritdoc/>
    public override void Start() => Request(TransportRequests.Start);

    /// <inheritdoc/>
    public override bool CanFlushLater => Loop.IsCurrent;

    /// <inheritdoc/>
    /// <remarks>Not while a call blocks the loop.</remarks>
    public override bool CanFlushSoon => Loop.IsResponsive;

    /// <inheritdoc/>
    public override void FlushLater()
    {
        if (Loop.IsCurrent)
        {
            Loop.FlushLater(this);
        }
        else
        {
            Request(TransportRequests.Flush);
        }
    }

    /// <summary>Writes the output that the sink has corked. Loop thread only.</summary>
    public void Flush()
    {
        if (!_isReleased)
        {
            Sink.OnFlush();
        }
    }

    /// <inheritdoc/>
    public override void ResumeReading() => Request(TransportRequests.ResumeReading);

    /// <inheritdoc/>
    public override void Close() => Request(TransportRequests.Close);

    /// <inheritdoc/>
    void IEventLoopSource.OnEvents(EpollEvents events)
    {
        _peerHangsUp |= (events & Ends) != 0;
        _hasUrgent |= (events & EpollEvents.Urgent) != 0;
        if (IsBlocked && (events & ~EpollEvents.In) != 0)
        {
            WriteBlocked();
            ReleaseIfClosing();
        }

        if ((events & ~EpollEvents.Out) != 0)
        {
            ServeInTurn();
        }
    }

    /// <summary>Continues after other connections have had their turn. Loop thread only.</summary>
    public void OnTurn()
    {
        _isQueued = false;
        if (!IsAborted)
        {
            Serve();
        }
    }

    /// <summary>
    /// Hands the transport over to another sink, which is resumed first, so that it may have kept bytes. Loop thread only, and not during a
    /// call to the current sink.
    /// </summary>
    /// <param name="take">Sets <see cref="Transport.Sink"/>.</param>
    /// <returns>Whether it was handed over; not if the transport has ended.</returns>
    public bool TryHandOver(Action take)
    {
        if (_isReleased || IsAborted)
        {
            return false;
        }

        take();
        _isPaused = false;
        _isAwaited = false;
        _mustResumeSink = true;
        if (_hasInputEnded)
        {
            // It was reported to the former sink, and nothing more is read.
            Sink.OnInputEnded();
        }

        ServeInTurn();
        return true;
    }

    /// <inheritdoc/>
    public override TimeSlice? Slice => Loop.Slice;

    /// <inheritdoc/>
    void IEventLoopSource.OnPosted()
    {
        // Not HasFlag, which allocates until the method is compiled with optimisations.
        TransportRequests requests = TakeRequests();
        if (_isReleased)
        {
            return;
        }

        // A sink that takes over starts it again.
        if ((requests & TransportRequests.Start) != 0 && !_isWatched)
        {
            Watch();
        }

        if ((requests & TransportRequests.ReportOutputFailed) != 0)
        {
            ReportOutputFailed();
        }

        if ((requests & TransportRequests.Write) != 0)
        {
            BeginWrite();
        }

        // The write may have completed meanwhile, after an event from the kernel.
        if ((requests & TransportRequests.ContinueWriting) != 0 && IsBlocked)
        {
            WriteBlocked();
        }

        if ((requests & TransportRequests.Flush) != 0)
        {
            Flush();
        }

        if ((requests & TransportRequests.ResumeReading) != 0)
        {
            Resume();
        }

        if ((requests & TransportRequests.Abort) != 0)
        {
            Release(reset: true);
            return;
        }

        _isClosing |= (requests & TransportRequests.Close) != 0;
        ReleaseIfClosing();
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnFaulted(Exception exception)
    {
        try
        {
            Sink.OnFaulted(exception);
        }
        finally
        {
            if (!_isReleased)
            {
                Abort(exception);
            }
        }
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnHeldUp(TimeSpan duration) => Sink.OnHeldUp(duration);

    /// <inheritdoc/>
    void IEventLoopSource.OnStuck(TimeSpan duration) => Sink.OnStuck(duration);

    /// <inheritdoc/>
    protected override void Post() => Loop.Post(this);

    private void Watch()
    {
        int result = Loop.Add(Descriptor.Number, Watched, this, out _number);
        _isWatched = result >= 0;
        if (!_isWatched)
        {
            Abort(SocketErrors.Exception(-result));
        }
    }

    // Serves the transport at once, or queues it if it has used up a slice recently.
    private void ServeInTurn()
    {
        if (_isQueued)
        {
            return;
        }

        if (Loop.Now < _demotedUntil)
        {
            Queue();
        }
        else
        {
            Serve();
        }
    }

    // Resumes the sink if requested, then receives until the input or the slice is used up.
    private void Serve()
    {
        if (_isPaused || _isQueued || _isReleased)
        {
            return;
        }

        TimeSlice slice = Loop.BeginSlice(_stride);
        if (_mustResumeSink)
        {
            _mustResumeSink = false;
            Apply(Sink.OnReadingResumed());
        }

        bool isUnfinished = !_isPaused && !_mustResumeSink && !_hasInputEnded && Read(slice);
        _stride = slice.Stride;
        if (slice.IsOver)
        {
            _demotedUntil = Loop.Now + Loop.ToTimestamps(TimeSlice.DemotionTime);
        }

        if (isUnfinished || _mustResumeSink)
        {
            Queue();
        }
    }

    // Returns whether there may be more to read than this turn allowed.
    private bool Read(TimeSlice slice)
    {
        int received = 0;
        for (int reads = 1; ; reads++)
        {
            Span<byte> buffer = Loop.ReceiveBuffer[..ReadLength()];
            int length = Loop.Calls.Receive(Descriptor.Number, buffer);
            if (length <= 0)
            {
                EndRead(length);
                return false;
            }

            Apply(Sink.OnReceived(buffer[..length]));
            if (_mustResumeSink)
            {
                _readLevel = (byte)Math.Max(_readLevel - 1, 0);
                return true;
            }

            if (_isPaused)
            {
                return false;
            }

            // A read stops at an urgent byte, however much follows it (tcp(7)): after one, read until nothing is left.
            bool isFilled = length == buffer.Length;
            if (isFilled || _hasUrgent)
            {
                _readLevel = Math.Min((byte)(_readLevel + (isFilled ? 1 : 0)), LastReadLevel);
                received += length;
                if (slice.IsOver || received >= MaxReceivedPerTurn || reads == MaxReadsPerTurn)
                {
                    return true;
                }
            }
            else if (!_peerHangsUp)
            {
                // A short read took all that was there, and the kernel reports when there is more.
                return false;
            }

            if (IsAborted)
            {
                return false;
            }
        }
    }

    private int ReadLength()
    {
        int length = LowestReadLength << _readLevel;
        bool isLong = _readLevel > FirstReadLevel;
        if (isLong && Loop.BacklogCount >= CrowdCount)
        {
            length = LowestReadLength << FirstReadLevel;
        }

        return isLong && Sink.IsShortOfMemory ? Math.Min(length, ITransportSink.ShortReadLength) : length;
    }

    private void Queue()
    {
        _isQueued = true;
        Loop.QueueTurn(this);
    }

    private void EndRead(int result)
    {
        if (result == -Errno.WouldBlock)
        {
            _hasUrgent = false;
            return;
        }

        if (result < 0)
        {
            Abort(SocketErrors.Exception(-result));
            return;
        }

        _hasInputEnded = true;
        if (!DropsOutput)
        {
            Sink.OnInputEnded();
        }
        else
        {
            // Both directions have ended.
            Abort(error: null);
        }
    }

    private void Resume()
    {
        if (_isPaused || _isAwaited)
        {
            _isPaused = false;
            _mustResumeSink = true;

            // Also handles events that arrived during the pause.
            ServeInTurn();
        }
    }

    private void Apply(ReadVerdict verdict)
    {
        _isPaused = verdict == ReadVerdict.Pause;
        _isAwaited = verdict == ReadVerdict.Await;
        _mustResumeSink = verdict == ReadVerdict.Yield;
    }

    // A pending write is completed first; if the peer never reads it, Abort ends it.
    private void ReleaseIfClosing()
    {
        if (_isClosing && !IsBlocked && !_isReleased)
        {
            Release(reset: false);
        }
    }

    private void Release(bool reset)
    {
        _isReleased = true;
        EndOutput();
        if (_isWatched)
        {
            Loop.Remove(_number);
        }

        if (reset)
        {
            // If this fails, the peer sees an end instead of a reset.
            _ = Loop.Calls.ResetWhenClosed(Descriptor.Number);
        }

        Descriptor.Dispose();
        Sink.OnClosed(Error);
    }
}
