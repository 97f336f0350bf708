using System.Net;

namespace Sockeye.Transports.Loops;

/// <summary>
/// A stream socket on an <see cref="EventLoop"/>: receives into the loop's buffer and pushes up in place, and owns no
/// buffer itself.
/// </summary>
/// <remarks>
/// Only the loop's thread reads, and only it closes the descriptor. Any thread may write: on the loop's own, which most
/// writes are, that takes a system call and nothing else.
/// </remarks>
internal sealed class EventLoopTransport : Transport, IEventLoopSource
{
    private const EpollEvents Watched =
        EpollEvents.In | EpollEvents.Out | EpollEvents.ReadHangUp | EpollEvents.EdgeTriggered;

    private const EpollEvents Ends = EpollEvents.ReadHangUp | EpollEvents.HangUp | EpollEvents.Error;

    private readonly EventLoop _loop;
    private readonly Descriptor _descriptor;
    private readonly SocketAddress _peer;

    // A TransportRequests; a request finds this transport in the loop's mailbox if another is there already.
    private int _requests;

    // From now on all that is written is dropped.
    private volatile bool _dropsOutput;
    private Exception? _error;

    // The blocked write: its writer's until WaitForWritable is requested, then the loop's.
    private ReadOnlyMemory<byte> _blocked;

    // All below are the loop's.
    private ulong _number;
    private bool _isWatched;
    private bool _isPaused;
    private bool _isUnfinished;
    private bool _isBlocked;
    private bool _peerHangsUp;
    private bool _hasInputEnded;
    private bool _isClosing;
    private bool _isReleased;

    /// <summary>Takes over a connected, non-blocking socket.</summary>
    /// <param name="loop">The loop that is to serve it.</param>
    /// <param name="descriptor">The socket.</param>
    /// <param name="peer">The address of its peer.</param>
    public EventLoopTransport(EventLoop loop, Descriptor descriptor, in SocketAddress peer)
    {
        _loop = loop;
        _descriptor = descriptor;
        _peer = peer;
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint
    {
        get
        {
            if (!_descriptor.TryHold())
            {
                return null;
            }

            SocketAddress address = SocketAddress.OfSocket(_descriptor.Number);
            _descriptor.DangerousRelease();
            return address.ToEndPoint();
        }
    }

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint => _peer.ToEndPoint();

    /// <inheritdoc/>
    public override void Start() => Request(TransportRequests.Start);

    /// <inheritdoc/>
    public override int TryWrite(ReadOnlySpan<byte> bytes)
    {
        if (_dropsOutput)
        {
            return bytes.Length;
        }

        if (_loop.IsCurrent)
        {
            return Taken(_loop.Calls.Send(_descriptor.Number, bytes), bytes.Length);
        }

        if (!_descriptor.TryHold())
        {
            return bytes.Length;
        }

        int result = _loop.Calls.Send(_descriptor.Number, bytes);
        _descriptor.DangerousRelease();
        return Taken(result, bytes.Length);
    }

    /// <inheritdoc/>
    public override int TryWrite(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int length = first.Length + second.Length;
        if (_dropsOutput)
        {
            return length;
        }

        if (_loop.IsCurrent)
        {
            return Taken(_loop.Calls.Send(_descriptor.Number, first, second), length);
        }

        if (!_descriptor.TryHold())
        {
            return length;
        }

        int result = _loop.Calls.Send(_descriptor.Number, first, second);
        _descriptor.DangerousRelease();
        return Taken(result, length);
    }

    /// <inheritdoc/>
    public override bool Write(ReadOnlyMemory<byte> bytes)
    {
        while (true)
        {
            int taken = TryWrite(bytes.Span);
            bytes = bytes[taken..];
            if (bytes.IsEmpty)
            {
                return true;
            }

            if (taken == 0)
            {
                break;
            }
        }

        // The kernel tells when it takes more again: it has just said that it does not. Should it have told before the
        // loop knows of the wait, the loop's first attempt finds that out.
        _blocked = bytes;
        Request(TransportRequests.WaitForWritable);
        return false;
    }

    /// <inheritdoc/>
    public override void ResumeReading() => Request(TransportRequests.ResumeReading);

    /// <inheritdoc/>
    public override void ShutdownOutput()
    {
        if (!_dropsOutput && _descriptor.TryHold())
        {
            int result = _loop.Calls.ShutdownOutput(_descriptor.Number);
            _descriptor.DangerousRelease();
            if (result < 0)
            {
                FailOutput(-result);
            }
        }
    }

    /// <inheritdoc/>
    public override void Close() => Request(TransportRequests.Close);

    /// <inheritdoc/>
    public override void Abort(Exception? error)
    {
        _dropsOutput = true;
        Interlocked.CompareExchange(ref _error, error, null);
        Request(TransportRequests.Abort);
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnEvents(EpollEvents events)
    {
        if (_isReleased)
        {
            return;
        }

        _peerHangsUp |= (events & Ends) != 0;
        if (_isBlocked && (events & ~EpollEvents.In) != 0)
        {
            WriteBlocked();
        }

        if ((events & ~EpollEvents.Out) != 0)
        {
            Read();
        }
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnPosted()
    {
        var requests = (TransportRequests)Interlocked.Exchange(ref _requests, 0);
        if (_isReleased)
        {
            return;
        }

        if (requests.HasFlag(TransportRequests.Start))
        {
            Watch();
        }

        if (requests.HasFlag(TransportRequests.TellOutputFailed))
        {
            _isBlocked = false;
            Sink.OnOutputFailed(_error!);
        }

        if (requests.HasFlag(TransportRequests.WaitForWritable))
        {
            _isBlocked = true;
            WriteBlocked();
        }

        if (requests.HasFlag(TransportRequests.ResumeReading))
        {
            Resume();
        }

        if (requests.HasFlag(TransportRequests.GoOnReading))
        {
            _isUnfinished = false;
            Read();
        }

        if (requests.HasFlag(TransportRequests.Abort))
        {
            Release(reset: true);
        }
        else if (requests.HasFlag(TransportRequests.Close))
        {
            // A write that is underway is finished; if the peer never takes it, Abort ends it.
            _isClosing = true;
            ReleaseIfClosing();
        }
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnFaulted(Exception exception)
    {
        if (!_isReleased)
        {
            Abort(exception);
        }
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnHeldUp(TimeSpan duration)
    {
        if (!_isReleased)
        {
            Sink.OnHeldUp(duration);
        }
    }

    private bool IsAborted => ((TransportRequests)Volatile.Read(ref _requests)).HasFlag(TransportRequests.Abort);

    private void Request(TransportRequests request)
    {
        if (Interlocked.Or(ref _requests, (int)request) == 0)
        {
            _loop.Post(this);
        }
    }

    private void Watch()
    {
        int result = _loop.Add(_descriptor.Number, Watched, this, out _number);
        _isWatched = result >= 0;
        if (!_isWatched)
        {
            Abort(SocketErrors.Exception(-result));
        }
    }

    // Reads what is there, but one buffer of it at most: then it is the others' turn.
    private void Read()
    {
        if (_isPaused || _hasInputEnded || _isUnfinished)
        {
            return;
        }

        do
        {
            Span<byte> buffer = _loop.ReceiveBuffer;
            int length = _loop.Calls.Receive(_descriptor.Number, buffer);
            if (length <= 0)
            {
                EndRead(length);
                return;
            }

            if (Sink.OnReceived(buffer[..length]) == ReadVerdict.Pause)
            {
                _isPaused = true;
                return;
            }

            if (length == buffer.Length)
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
            return;
        }

        if (result < 0)
        {
            Abort(SocketErrors.Exception(-result));
            return;
        }

        _hasInputEnded = true;
        if (!_dropsOutput)
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
        if (_isPaused)
        {
            _isPaused = Sink.OnReadingResumed() == ReadVerdict.Pause;

            // What the kernel told of meanwhile was not looked at.
            Read();
        }
    }

    private void WriteBlocked()
    {
        while (!_dropsOutput)
        {
            int taken = TryWrite(_blocked.Span);
            if (taken == 0)
            {
                return;
            }

            _blocked = _blocked[taken..];
            if (_blocked.IsEmpty)
            {
                break;
            }
        }

        _isBlocked = false;
        _blocked = default;
        if (!_dropsOutput)
        {
            Sink.OnWritten();
        }

        ReleaseIfClosing();
    }

    // How many of the bytes the transport has taken, by what the system call answered.
    private int Taken(int result, int length)
    {
        if (result >= 0)
        {
            return result;
        }

        if (result == -Errno.WouldBlock)
        {
            return 0;
        }

        FailOutput(-result);
        return length;
    }

    // A peer that has reset the connection may have sent something before, which is still to be read: reading ends by
    // itself, or the sink ends it when it has waited long enough.
    private void FailOutput(int errno)
    {
        if (!_dropsOutput)
        {
            Interlocked.CompareExchange(ref _error, SocketErrors.Exception(errno), null);
            _dropsOutput = true;
            Request(TransportRequests.TellOutputFailed);
        }
    }

    private void ReleaseIfClosing()
    {
        if (_isClosing && !_isBlocked && !_isReleased)
        {
            Release(reset: false);
        }
    }

    private void Release(bool reset)
    {
        _isReleased = true;
        _dropsOutput = true;
        _blocked = default;
        if (_isWatched)
        {
            _loop.Remove(_number);
        }

        if (reset)
        {
            // If that fails the peer sees an end instead of a reset, and is gone all the same.
            _ = _loop.Calls.ResetWhenClosed(_descriptor.Number);
        }

        _descriptor.Dispose();
        Sink.OnClosed(_error);
    }
}
