using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// How a connection ends: runs the closing handshake (RFC 6455 §7.1) over the send queue and the transport, gives each
/// step a deadline, and tells once how it went.
/// </summary>
internal sealed class ClosingSequence : Deadline
{
    // How long a failed connection goes on reading, and how much, so that its Close frame is not destroyed by a reset:
    // that is what a kernel answers with when a socket is closed on unread bytes.
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(1);
    private const int MaxLingerLength = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Role _role;
    private readonly Transport _transport;
    private readonly SendQueue _sends;
    private readonly DeadlineWheel _wheel;
    private readonly TimeSpan _closeTimeout;

    // All below under _gate.
    private ClosingHandshake _handshake;
    private WebSocketCloseInitiator? _initiator;
    private Exception? _cause;
    private WebSocketCloseResult? _result;
    private TaskCompletionSource<WebSocketCloseResult>? _closed;
    private volatile bool _isFailed;
    private int _lingered;
    private bool _isLetGo;

    public ClosingSequence(Role role, Transport transport, SendQueue sends, DeadlineWheel wheel, TimeSpan closeTimeout)
    {
        _role = role;
        _transport = transport;
        _sends = sends;
        _wheel = wheel;
        _closeTimeout = closeTimeout;
    }

    /// <summary>How far the connection has come.</summary>
    public WebSocketConnectionState State
    {
        get
        {
            lock (_gate)
            {
                return _result is not null ? WebSocketConnectionState.Closed
                    : _initiator is not null ? WebSocketConnectionState.Closing
                    : WebSocketConnectionState.Open;
            }
        }
    }

    /// <summary>Whether the connection was failed or aborted by this end: nothing received counts any more.</summary>
    public bool IsFailed => _isFailed;

    /// <summary>Completes when the transport is gone. Made when somebody asks, since most connections end unwatched.</summary>
    public Task<WebSocketCloseResult> Closed
    {
        get
        {
            lock (_gate)
            {
                if (_closed is null)
                {
                    _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    if (_result is not null)
                    {
                        _closed.SetResult(_result);
                    }
                }

                return _closed.Task;
            }
        }
    }

    /// <summary>Begins the closing handshake; nothing happens if it has begun.</summary>
    public void Begin(CloseStatus status)
    {
        lock (_gate)
        {
            if (_result is not null || !_handshake.TrySend(status))
            {
                return;
            }

            _initiator ??= WebSocketCloseInitiator.Local;
        }

        _wheel.Schedule(this, _closeTimeout);
        SendClose(status, afterPending: true);
    }

    /// <summary>The peer's Close frame has arrived.</summary>
    public void Receive(CloseStatus status)
    {
        bool answer;
        CloseStatus reply;
        lock (_gate)
        {
            _initiator ??= WebSocketCloseInitiator.Peer;
            answer = _handshake.TryReceive(status, out reply);
            if (!_handshake.IsComplete)
            {
                return;
            }
        }

        if (answer)
        {
            // §5.5.1: "an endpoint MUST send a Close frame in response", "as soon as practical".
            _wheel.Schedule(this, _closeTimeout);
            SendClose(reply, afterPending: false);
        }
        else
        {
            // The deadline that was set when ours was sent holds for all of the handshake.
            ExpediteClose();
        }

        if (_role == Role.Server)
        {
            // §7.1.1: the server closes the transport first, so that it, and not the client, holds TIME_WAIT.
            _sends.FinishWhenEmpty(close: false);
        }
    }

    /// <summary>Fails the connection (§7.1.7): one Close frame, then nothing that is received counts.</summary>
    /// <param name="status">What the Close frame says, if none has been sent.</param>
    /// <param name="cause">What is told in the result.</param>
    public void Fail(CloseStatus status, Exception cause)
    {
        bool send;
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
        }

        if (send)
        {
            SendClose(status, afterPending: false);
        }
        else
        {
            ExpediteClose();
        }

        _wheel.Schedule(this, LingerTimeout);
        _sends.FinishWhenEmpty(close: false);
    }

    /// <summary>Counts bytes that arrive on a failed connection; enough of them end it.</summary>
    public void Discard(int length)
    {
        bool enough;
        lock (_gate)
        {
            _lingered += length;
            enough = _lingered > MaxLingerLength;
        }

        if (enough)
        {
            _transport.Close();
        }
    }

    /// <summary>The peer's direction of the transport has ended.</summary>
    public void InputEnded()
    {
        bool isOrderly;
        lock (_gate)
        {
            isOrderly = _handshake.IsComplete || _isFailed;
            if (!isOrderly)
            {
                _isLetGo = true;

                // §7.1.5: no Close frame came, which is code 1006.
                _initiator ??= WebSocketCloseInitiator.Peer;
                _cause ??= new EndOfStreamException("The peer ended the transport without a Close frame.");
            }
        }

        if (isOrderly)
        {
            // Some peers end their direction as soon as they have sent a Close frame, and go on reading.
            _sends.FinishWhenEmpty(close: true);
        }
        else
        {
            // If the peer does not take what is being written either, the deadline drops the transport.
            _wheel.Schedule(this, LingerTimeout);
            _transport.Close();
        }
    }

    /// <summary>Drops the transport.</summary>
    /// <param name="cause">What is told in the result; <see langword="null"/> if the application wanted it so.</param>
    public void Abort(Exception? cause)
    {
        lock (_gate)
        {
            _isFailed = true;
            _initiator ??= WebSocketCloseInitiator.Local;
            _cause ??= cause;
        }

        _transport.Abort(cause);
    }

    /// <summary>The transport is gone.</summary>
    public WebSocketCloseResult Complete(Exception? transportError)
    {
        _wheel.Cancel(this);
        lock (_gate)
        {
            if (_result is null)
            {
                _initiator ??= WebSocketCloseInitiator.Peer;
                _cause ??= _handshake.IsComplete ? null : transportError;
                _result = Describe();
                _closed?.SetResult(_result);
            }

            return _result;
        }
    }

    /// <summary>What is known about the end of the connection so far.</summary>
    public WebSocketCloseResult Describe()
    {
        lock (_gate)
        {
            // §7.1.5: the code is that of the Close frame received; of a failed connection the one received before counts.
            bool receivedCounts = _handshake.IsComplete || !_isFailed;
            CloseStatus status = (receivedCounts ? _handshake.Received : null) ?? _handshake.Sent
                ?? new CloseStatus(WebSocketCloseCode.AbnormalClosure, "");
            return _result ?? new WebSocketCloseResult(
                status.Code, status.Reason, _handshake.IsComplete, _initiator ?? WebSocketCloseInitiator.Peer, _cause);
        }
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        bool isOrderly;
        lock (_gate)
        {
            isOrderly = (_handshake.IsComplete || _isFailed) && !_isLetGo;
            _isLetGo = true;
            if (!isOrderly && !_handshake.IsComplete)
            {
                _cause ??= new TimeoutException($"The closing handshake was not over within {_closeTimeout}.");
            }
        }

        if (isOrderly)
        {
            // All has been said; the peer just doesn't let go of the transport. If it does not even take our last
            // bytes, the next deadline drops it.
            wheel.Schedule(this, LingerTimeout);
            _transport.Close();
        }
        else
        {
            _transport.Abort(_cause);
        }
    }

    // Ours may still wait behind other sends: nobody is left to take those.
    private void ExpediteClose()
    {
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayloadLength];
        _sends.ExpediteClose(payload[..ClosePayload.Write(payload, _handshake.Sent ?? CloseStatus.None)]);
    }

    private void SendClose(CloseStatus status, bool afterPending)
    {
        Span<byte> payload = stackalloc byte[FrameHeader.MaxControlPayloadLength];
        _sends.SendClose(payload[..ClosePayload.Write(payload, status)], afterPending);
    }
}
