using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections;

/// <summary>
/// How a connection ends: runs the closing handshake (RFC 6455 §7.1) over the send queue and the transport, gives each
/// step a deadline, and tells once how it went.
/// </summary>
internal sealed class ClosingSequence : Deadline
{
    // How long a failed connection goes on reading, so that its Close frame is not destroyed by a reset: that is what a
    // kernel answers with when a socket is closed on unread bytes.
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(1);

    // How long a peer's Close frame may have to wait for its answer.
    private static readonly TimeSpan MaxReplyDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly ConnectionCore _core;

    // All below under _gate; so is what is scheduled, that it goes with the state it is for.
    private ClosingHandshake _handshake;
    private WebSocketCloseInitiator? _initiator;
    private Exception? _cause;
    private Exception? _outputError;
    private WebSocketCloseResult? _result;
    private ClosedTask _closed;

    // Written under _gate; the I/O thread looks at it without.
    private volatile bool _isFailed;
    private bool _isLetGo;
    private bool _hasInputEnded;

    /// <summary>Makes the closing sequence of a connection that is open.</summary>
    public ClosingSequence(ConnectionCore core) => _core = core;

    /// <summary>How far the connection has come.</summary>
    public WebSocketConnectionState State
    {
        get
        {
            lock (_gate)
            {
                return _result is not null ? WebSocketConnectionState.Closed
                    : _isFailed || !_handshake.MaySendData ? WebSocketConnectionState.Closing
                    : WebSocketConnectionState.Open;
            }
        }
    }

    /// <summary>Whether the connection was failed or aborted by this end: nothing received counts any more.</summary>
    public bool IsFailed => _isFailed;

    /// <summary>Completes when the transport is gone.</summary>
    public Task<WebSocketCloseResult> Closed
    {
        get
        {
            lock (_gate)
            {
                return _closed.Task;
            }
        }
    }

    /// <summary>Begins the closing handshake; nothing happens if it has begun.</summary>
    public void Begin(CloseStatus status)
    {
        bool isComplete;
        lock (_gate)
        {
            if (_result is not null || !_handshake.TrySend(status))
            {
                return;
            }

            _initiator ??= WebSocketCloseInitiator.Local;
            isComplete = _handshake.IsComplete;
            Wheel.Schedule(this, CloseTimeout);
        }

        Sends.SendClose(status, afterPending: true);
        if (isComplete)
        {
            // The peer's Close frame was waiting for an answer, and this is it.
            Finish();
        }
    }

    /// <summary>The peer's Close frame has arrived. It is answered by <see cref="Reply"/>.</summary>
    /// <returns>Whether the answer need not wait for the application: ours has been sent already.</returns>
    public bool Receive(CloseStatus status)
    {
        lock (_gate)
        {
            _initiator ??= WebSocketCloseInitiator.Peer;
            _handshake.TryReceive(status);
            return !_handshake.MaySendData;
        }
    }

    /// <summary>Leaves the application time to answer what came before the peer's Close frame: not much, since that is to
    /// be answered "as soon as practical" (§5.5.1).</summary>
    public void DelayReply()
    {
        lock (_gate)
        {
            // The application may have answered meanwhile, on another thread: then that deadline holds.
            if (_handshake.MaySendData)
            {
                Wheel.Schedule(this, MaxReplyDelay);
            }
        }
    }

    /// <summary>Answers the peer's Close frame, if there is one and it has not been answered.</summary>
    public void Reply()
    {
        bool answer;
        CloseStatus reply;
        CloseStatus? expedited;
        lock (_gate)
        {
            answer = _handshake.TryReply(out reply);
            if (!_handshake.IsComplete || _result is not null)
            {
                return;
            }

            // If ours went second, it is the answer already, and what it waits behind is what the application wanted to
            // say before it.
            expedited = _handshake.PeerClosedFirst ? null : _handshake.Sent;
            if (answer)
            {
                Wheel.Schedule(this, CloseTimeout);
            }
        }

        if (answer)
        {
            Sends.SendClose(reply, afterPending: true);
        }
        else if (expedited is not null)
        {
            // Nobody reads any more what ours may be waiting behind. The deadline set when ours was sent holds.
            Sends.ExpediteClose(expedited.Value);
        }

        Finish();
    }

    /// <summary>Fails the connection (§7.1.7): one Close frame, then nothing that is received counts.</summary>
    /// <param name="status">What the Close frame says, if none has been sent.</param>
    /// <param name="cause">What is told in the result.</param>
    public void Fail(CloseStatus status, Exception cause)
    {
        bool send;
        CloseStatus sent;
        lock (_gate)
        {
            if (_isFailed || _result is not null)
            {
                return;
            }

            _isFailed = true;
            _initiator ??= WebSocketCloseInitiator.Local;
            _cause ??= cause;

            // What both ends have agreed on stays true, whatever a handler does with the messages before it.
            send = !_handshake.IsComplete && _handshake.TrySend(status, failed: true);
            sent = _handshake.Sent ?? status;
            Wheel.Schedule(this, LingerTimeout);
        }

        if (send)
        {
            Sends.SendClose(status, afterPending: false);
        }
        else
        {
            // Nobody is left to take what it may be waiting behind.
            Sends.ExpediteClose(sent);
        }

        Sends.FinishWhenEmpty(close: false);
    }

    /// <summary>Enough has been read and dropped on a failed connection.</summary>
    public void EndLinger() => _core.Transport.Close();

    /// <summary>The peer's direction of the transport has ended.</summary>
    public void InputEnded()
    {
        bool isOrderly;
        bool isOver;
        lock (_gate)
        {
            _hasInputEnded = true;
            isOrderly = _handshake.Received is not null || _isFailed;
            isOver = _handshake.IsComplete || _isFailed;
            if (!isOrderly)
            {
                _isLetGo = true;

                // §7.1.5: no Close frame came, which is code 1006.
                _initiator ??= WebSocketCloseInitiator.Peer;
                _cause ??= new EndOfStreamException("The peer ended the transport without a Close frame.");

                // If the peer does not take what is being written either, the deadline drops the transport.
                Wheel.Schedule(this, LingerTimeout);
            }
        }

        // Some peers end their direction as soon as they have sent a Close frame, and go on reading.
        if (isOver)
        {
            Sends.FinishWhenEmpty(close: true);
        }
        else if (!isOrderly)
        {
            _core.Transport.Close();
        }
    }

    /// <summary>Nothing can be sent any more; what the peer sent before it went is still read, for a while.</summary>
    public void OutputFailed(Exception error)
    {
        lock (_gate)
        {
            _initiator ??= WebSocketCloseInitiator.Peer;
            _outputError = error;
            Wheel.Schedule(this, LingerTimeout);
        }
    }

    /// <summary>Drops the transport.</summary>
    /// <param name="cause">What is told in the result; <see langword="null"/> if the application wanted it so.</param>
    public void Abort(Exception? cause)
    {
        lock (_gate)
        {
            // When all has been said, only the transport is left to be dropped.
            _isFailed |= !_handshake.IsComplete;
            _initiator ??= WebSocketCloseInitiator.Local;
            _cause ??= cause;
        }

        _core.Transport.Abort(cause);
    }

    /// <summary>The transport is gone: the result is final, and <see cref="Announce"/> tells it.</summary>
    public WebSocketCloseResult Complete(Exception? transportError)
    {
        lock (_gate)
        {
            Wheel.Cancel(this);
            if (_result is null)
            {
                _initiator ??= WebSocketCloseInitiator.Peer;
                _cause ??= _handshake.IsComplete ? null : transportError;
                _result = Describe();
            }

            return _result;
        }
    }

    /// <summary>Completes <see cref="Closed"/>, once nothing of the connection is left.</summary>
    public void Announce()
    {
        lock (_gate)
        {
            _closed.Complete(_result!);
        }
    }

    /// <summary>What is known about the end of the connection so far.</summary>
    public WebSocketCloseResult Describe()
    {
        lock (_gate)
        {
            CloseStatus status = _handshake.Outcome(_isFailed);
            return _result ?? new WebSocketCloseResult(
                status.Code, status.Reason, _handshake.IsComplete, _initiator ?? WebSocketCloseInitiator.Peer, _cause);
        }
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        bool isUnanswered;
        bool isOrderly;
        lock (_gate)
        {
            if (IsScheduled || _result is not null)
            {
                // Since it fell due another has taken its place, or the end has come.
                return;
            }

            isUnanswered = _handshake.Received is not null && _handshake.MaySendData;
            isOrderly = (_handshake.IsComplete || _isFailed) && !_isLetGo;
            _isLetGo = !isUnanswered;
            if (!isOrderly && !isUnanswered && !_handshake.IsComplete)
            {
                _cause ??= _outputError
                    ?? new TimeoutException($"The closing handshake was not over within {CloseTimeout}.");
            }
        }

        if (isUnanswered)
        {
            Reply();
        }
        else if (isOrderly)
        {
            // All has been said; the peer just doesn't let go of the transport. If it does not even take our last
            // bytes, the next deadline drops it.
            wheel.Schedule(this, LingerTimeout);
            _core.Transport.Close();
        }
        else
        {
            _core.Transport.Abort(_cause);
        }
    }

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => _core.OnFaulted(exception);

    private SendQueue Sends => _core.Sends;

    private DeadlineWheel Wheel => _core.Settings.Wheel;

    private TimeSpan CloseTimeout => _core.Settings.Options.CloseTimeout;

    // §7.1.1: the server closes first, and holds TIME_WAIT; in two steps if it can, so that nothing on its way is lost.
    private void Finish()
    {
        if (_core.Settings.Role == Role.Server || _hasInputEnded)
        {
            Sends.FinishWhenEmpty(close: _hasInputEnded || !_core.Transport.CanEndOutput);
        }
    }
}
