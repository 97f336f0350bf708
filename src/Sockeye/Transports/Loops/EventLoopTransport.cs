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

    // All are the loop's.
    private ulong _number;
    private bool _isWatched;
    private bool _isPaused;
    private bool _isAwaited;
    private bool _isUnfinished;
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
            Read();
        }
    }

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

        if ((requests & TransportRequests.GoOnReading) != 0)
        {
            _isUnfinished = false;
            Read();
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

    // Reads what is there, but one buffer of it at most: then it is the others' turn.
    private void Read()
    {
        if (_isPaused || _hasInputEnded || _isUnfinished || _isReleased)
        {
            return;
        }

        do
        {
            Span<byte> buffer = Loop.ReceiveBuffer;
            int length = Loop.Calls.Receive(Descriptor.Number, buffer);
            if (length <= 0)
            {
                EndRead(length);
                return;
            }

            Obey(Sink.OnReceived(buffer[..length]));
            if (_isPaused)
            {
                return;
            }

            // Reading stops at an urgent byte, however much is behind it (tcp(7)): whoever sends one is read to the end.
            if (length == buffer.Length || _hasUrgent)
            {
                _isUnfinished = true;
                Request(TransportRequests.GoOnReading);
                return;
            }
        }

        // Less than asked for was all there was, and the kernel tells when there is more; the end it has told already.
        while (_peerHangsUp && !IsAborted);
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
            bool wasPaused = _isPaused;
            Obey(Sink.OnReadingResumed());
            if (wasPaused)
            {
                // What the kernel told of meanwhile was not looked at.
                Read();
            }
        }
    }

    private void Obey(ReadVerdict verdict)
    {
        _isPaused = verdict == ReadVerdict.Pause;
        _isAwaited = verdict == ReadVerdict.Await;
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
