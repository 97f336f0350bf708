namespace Sockeye.Transports.Loops;

/// <summary>
/// A stream socket on an <see cref="EventLoop"/>: receives into the loop's buffer and pushes up in place, and owns no
/// buffer itself.
/// </summary>
/// <remarks>Only the loop's thread reads, and only it closes the descriptor.</remarks>
internal sealed class EventLoopTransport : EventLoopWriter, IEventLoopSource
{
    private const EpollEvents Watched =
        EpollEvents.In | EpollEvents.Urgent | EpollEvents.Out | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered;

    private const EpollEvents Ends = EpollEvents.ReadHangUp | EpollEvents.HangUp | EpollEvents.Error;

    // How much is received at once: what a sink cannot take in one slice it has to keep, so it is given less the next time,
    // and more again while it takes all. Doubled with each level.
    private const int LowestReadLength = 4 * 1024;
    private const byte FirstReadLevel = 2;
    private const byte LastReadLevel = 6;

    // While so many wait for their turns, none is given more than at first: each may have to keep it.
    private const int CrowdCount = 64;

    // A peer that fills each read, or stops it with urgent bytes, gets no more than so much in one turn.
    private const int MaxReceivedPerTurn = 256 * 1024;
    private const int MaxReadsPerTurn = 8;

    // All are the loop's.
    private ulong _number;
    private long _demotedUntil = long.MinValue;
    private byte _stride = TimeSlice.FirstStride;
    private byte _readLevel = FirstReadLevel;
    private bool _isWatched;
    private bool _isPaused;
    private bool _isAwaited;

    // Whether the sink is to be called because it goes on, before anything is received.
    private bool _mustGoOn;

    // Whether the loop will call OnTurn.
    private bool _isQueued;
    private bool _peerHangsUp;
    private bool _hasUrgent;
    private bool _hasInputEnded;
    private bool _isClosing;
    private bool _isReleased;

    /// <summary>Takes over a connected, non-blocking socket.</summary>
    /// <param name="loop">The loop that is to serve it.</param>
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
    public override void FlushLater() => Loop.FlushLater(this);

    /// <summary>Has the sink write what it has gathered. On the loop.</summary>
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

    /// <summary>Goes on, now that others have had their turn. On the loop.</summary>
    public void OnTurn()
    {
        _isQueued = false;
        if (!IsAborted)
        {
            Serve();
        }
    }

    /// <inheritdoc/>
    public override TimeSlice? Slice => Loop.Slice;

    /// <inheritdoc/>
    void IEventLoopSource.OnPosted()
    {
        // Not HasFlag, which allocates until the compiler gets round to optimising it.
        TransportRequests requests = TakeRequests();
        if (_isReleased)
        {
            return;
        }

        if ((requests & TransportRequests.Start) != 0)
        {
            Watch();
        }

        if ((requests & TransportRequests.TellOutputFailed) != 0)
        {
            TellOutputFailed();
        }

        if ((requests & TransportRequests.Write) != 0)
        {
            BeginWrite();
        }

        // The write that was to go on may be over, since the kernel told meanwhile.
        if ((requests & TransportRequests.GoOnWriting) != 0 && IsBlocked)
        {
            WriteBlocked();
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

    // At once, or behind those that have not used up a slice lately.
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

    // Has the sink go on with what it has kept, and receives what is there, but no more than a slice: then it is the turn of
    // others.
    private void Serve()
    {
        if (_isPaused || _isQueued || _isReleased)
        {
            return;
        }

        TimeSlice slice = Loop.BeginSlice(_stride);
        if (_mustGoOn)
        {
            _mustGoOn = false;
            Obey(Sink.OnReadingResumed());
        }

        bool isUnfinished = !_isPaused && !_mustGoOn && !_hasInputEnded && Read(slice);
        _stride = slice.Stride;
        if (slice.IsOver)
        {
            _demotedUntil = Loop.Now + Loop.ToTimestamps(TimeSlice.DemotionTime);
        }

        if (isUnfinished || _mustGoOn)
        {
            Queue();
        }
    }

    // Answers whether there may be more to be read than this turn had room for.
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

            Obey(Sink.OnReceived(buffer[..length]));
            if (_mustGoOn)
            {
                _readLevel = (byte)Math.Max(_readLevel - 1, 0);
                return true;
            }

            if (_isPaused)
            {
                return false;
            }

            // Reading stops at an urgent byte, however much is behind it (tcp(7)): after one, read until there is no more.
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
                // Less than asked for was all there was, and the kernel tells when there is more.
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
        Loop.GoOnLater(this);
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
            // Both directions are over.
            Abort(error: null);
        }
    }

    private void Resume()
    {
        if (_isPaused || _isAwaited)
        {
            _isPaused = false;
            _mustGoOn = true;

            // Also what the kernel told of meanwhile, which was not looked at.
            ServeInTurn();
        }
    }

    private void Obey(ReadVerdict verdict)
    {
        _isPaused = verdict == ReadVerdict.Pause;
        _isAwaited = verdict == ReadVerdict.Await;
        _mustGoOn = verdict == ReadVerdict.Yield;
    }

    // A write that is underway is finished first; if the peer never takes it, Abort ends it.
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
            // If that fails the peer sees an end instead of a reset, and is gone all the same.
            _ = Loop.Calls.ResetWhenClosed(Descriptor.Number);
        }

        Descriptor.Dispose();
        Sink.OnClosed(Error);
    }
}
