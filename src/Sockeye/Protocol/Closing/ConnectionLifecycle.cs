namespace Sockeye.Protocol;

/// <summary>
/// The life of a connection as a state machine (RFC 6455 §5.5.2, §7): events in, commands out. No I/O, clock, lock or task, so that every
/// order of events can be tested.
/// </summary>
/// <remarks>
/// <para>
/// Every method is an event, and returns what to do about it. The deadline of an ending connection is named by <see cref="Wait"/>, and
/// <see cref="ClosingDeadline"/> decides when it has passed; <see cref="PeerLiveness"/> decides the same for keep-alive.
/// </para>
/// <para>
/// <see cref="PingDue"/>, <see cref="PingReceived"/> and <see cref="WriteBlocked"/> change no state. So a connection needs none of these
/// objects before it begins to end: until then, what a new one returns holds. Not thread-safe.
/// </para>
/// </remarks>
internal sealed class ConnectionLifecycle(Role role)
{
    private ClosingHandshake _handshake;

    // What the Close frame of a failed connection will say, once the application has answered what came before.
    private CloseStatus? _failure;
    private Exception? _outputError;
    private bool _isCloseWritten;
    private bool _hasInputEnded;
    private bool _isTransportGone;

    /// <summary>What our Close frame says; <see langword="null"/> before it is sent.</summary>
    public CloseStatus? CloseToSend => _handshake.Sent;

    /// <summary>Whether the peer's Close frame has arrived, and counts.</summary>
    public bool HasPeerClosed => _handshake.Received is not null;

    /// <summary>What is waited for, with a deadline.</summary>
    public LifecycleWait Wait { get; private set; }

    /// <summary>Whether anything that arrives from now on is ignored.</summary>
    public bool IsInputOver { get; private set; }

    /// <summary>
    /// Whether messages that were received and not delivered are dropped: only if the application aborted the connection,
    /// or its own code threw.
    /// </summary>
    public bool DropsReceived { get; private set; }

    /// <summary>Whether this end failed or aborted the connection (§7.1.7).</summary>
    public bool IsFailed { get; private set; }

    /// <summary>Whether the end was reported to the application, which makes the result final.</summary>
    public bool IsReported { get; private set; }

    /// <summary>Whether data may be sent: §5.5.1, "MUST NOT send any more data frames after sending a Close frame".</summary>
    public bool MaySendData => _handshake.MaySendData && !IsFailed && !IsReported;

    /// <summary>Whether a Close frame was received, and another one sent (§7.1.4).</summary>
    public bool IsClean => _handshake.IsComplete && _isCloseWritten;

    /// <summary>The code and reason that the connection ends with, as far as is known (§7.1.5, §7.1.6).</summary>
    public CloseStatus Outcome => _handshake.Outcome(IsFailed);

    /// <summary>Whether this end began the end; <see langword="null"/> while nothing has begun.</summary>
    public bool? IsBegunHere { get; private set; }

    /// <summary>What went wrong; <see langword="null"/> if nothing did.</summary>
    public Exception? Cause { get; private set; }

    // Whether nothing has begun to end. The peer then has a deadline only by keep-alive.
    private bool IsOpen => Wait == LifecycleWait.None && !_isTransportGone && MaySendData;

    // Whether the Close frame of the peer, or of this end after a violation, waits for the application.
    private bool IsUndecided => _failure is not null || (_handshake.Received is not null && _handshake.MaySendData);

    /// <summary>The application closes the connection.</summary>
    /// <param name="status">What our Close frame is to say, unless another was decided on before.</param>
    public LifecycleCommands Close(CloseStatus status)
    {
        if (_failure is not null)
        {
            // The peer broke a rule before: that is what the Close frame says, and the application is done.
            return ApplicationDone();
        }

        if (IsReported || !_handshake.TrySend(status))
        {
            return LifecycleCommands.None;
        }

        IsBegunHere ??= true;
        return WaitFor(LifecycleWait.Flush) | LifecycleCommands.SendClose;
    }

    /// <summary>
    /// The peer's Close frame has arrived. <see cref="ApplicationDone"/> or <see cref="AwaitApplication"/> is to follow.
    /// </summary>
    public LifecycleCommands PeerClosed(CloseStatus status)
    {
        if (IsInputOver || IsFailed || IsReported || !_handshake.TryReceive(status))
        {
            return LifecycleCommands.None;
        }

        IsInputOver = true;
        IsBegunHere ??= false;
        return _isCloseWritten ? Conclude() : LifecycleCommands.None;
    }

    /// <summary>
    /// This end fails the connection (§7.1.7). <see cref="ApplicationDone"/> or <see cref="AwaitApplication"/> is to follow.
    /// </summary>
    /// <param name="status">What the Close frame says, if none has been sent.</param>
    /// <param name="cause">What went wrong; <see langword="null"/> if the application wants this end.</param>
    /// <param name="dropsReceived">Whether what was received and not delivered is dropped.</param>
    public LifecycleCommands Fail(CloseStatus status, Exception? cause, bool dropsReceived)
    {
        DropsReceived |= dropsReceived;
        if (IsReported || IsFailed)
        {
            return LifecycleCommands.None;
        }

        IsInputOver = true;
        IsBegunHere ??= true;
        Cause ??= cause;
        if (_handshake.MaySendData)
        {
            _failure ??= status;
            return LifecycleCommands.None;
        }

        if (_handshake.IsComplete)
        {
            // What both ends have agreed on stays true, whatever a handler does with the messages before it.
            return LifecycleCommands.None;
        }

        // Ours went first. What it may wait behind can't be answered any more.
        IsFailed = true;
        _handshake.TrySend(status, failed: true);
        LifecycleCommands end = _isCloseWritten
            ? WaitFor(LifecycleWait.Transport) | Report()
            : WaitFor(LifecycleWait.Flush) | LifecycleCommands.ExpediteClose;
        return end | FinishOutput();
    }

    /// <summary>The application is not done with what came before the peer's Close frame, or before its violation.</summary>
    public LifecycleCommands AwaitApplication() =>
        IsUndecided && !IsReported ? WaitFor(LifecycleWait.Application) : LifecycleCommands.None;

    /// <summary>The application is done with all that was received, or has had time enough.</summary>
    public LifecycleCommands ApplicationDone()
    {
        if (IsReported)
        {
            return LifecycleCommands.None;
        }

        if (_failure is { } status)
        {
            _failure = null;
            IsFailed = true;
            _handshake.TrySend(status, failed: true);
            return WaitFor(LifecycleWait.Flush) | LifecycleCommands.SendCloseBeforePending | FinishOutput();
        }

        // §5.5.1: "MUST send a Close frame in response".
        return _handshake.TryReply(out _)
            ? WaitFor(LifecycleWait.Flush) | LifecycleCommands.SendClose
            : LifecycleCommands.None;
    }

    /// <summary>Everything accepted, our Close frame the last of it, has been given to the transport.</summary>
    public LifecycleCommands CloseWritten()
    {
        if (_isTransportGone)
        {
            return LifecycleCommands.None;
        }

        _isCloseWritten = true;
        return IsReported ? WaitFor(LifecycleWait.Transport)
            : IsFailed ? WaitFor(LifecycleWait.Transport) | Report()
            : _handshake.IsComplete ? Conclude()
            : WaitFor(LifecycleWait.PeerClose);
    }

    /// <summary>The peer's direction of the transport has ended.</summary>
    /// <param name="cutOff">Why what it sent last may be missing; <see langword="null"/> after an end in order.</param>
    public LifecycleCommands InputEnded(Exception? cutOff = null)
    {
        if (_isTransportGone)
        {
            return LifecycleCommands.None;
        }

        _hasInputEnded = true;
        if (_outputError is not null)
        {
            return EndBothDirections();
        }

        if (IsReported || IsFailed)
        {
            return LifecycleCommands.CloseWhenWritten;
        }

        if (IsUndecided || _handshake.Received is not null)
        {
            // Some peers end their direction as soon as they have sent a Close frame, and go on reading.
            return LifecycleCommands.None;
        }

        // §7.1.5: no Close frame came, which is code 1006. The peer may still read what was accepted for it.
        IsInputOver = true;
        IsBegunHere ??= false;
        Cause ??= cutOff ?? new EndOfStreamException("The peer ended the transport without a Close frame.");
        return WaitFor(LifecycleWait.Transport) | Report() | LifecycleCommands.EndSends | LifecycleCommands.CloseWhenWritten;
    }

    /// <summary>Nothing can be sent any more; what the peer sent before it went is still read, for a while.</summary>
    public LifecycleCommands OutputFailed(Exception error)
    {
        if (_isTransportGone)
        {
            return LifecycleCommands.None;
        }

        _outputError = error;
        if (!IsReported)
        {
            IsBegunHere ??= false;
        }

        return _hasInputEnded ? EndBothDirections()
            : IsReported ? LifecycleCommands.None
            : WaitFor(LifecycleWait.Transport);
    }

    /// <summary>The keep-alive deadline is due, and the peer has been silent long enough for a ping (§5.5.2).</summary>
    public LifecycleCommands PingDue() => IsOpen ? LifecycleCommands.SendPing : LifecycleCommands.None;

    /// <summary>
    /// A ping has arrived. §5.5.2: "MUST send a Pong frame in response, unless it already received a Close frame". Also while our Close
    /// frame waits behind data that the peer takes slowly: the peer may depend on the pong.
    /// </summary>
    public LifecycleCommands PingReceived() =>
        _handshake.Received is null && !_isCloseWritten && !IsFailed && !IsReported
            ? LifecycleCommands.AnswerPing
            : LifecycleCommands.None;

    /// <summary>The peer has been silent for too long after a ping. What it sent before is still delivered.</summary>
    public LifecycleCommands PeerSilent(Exception cause) =>

        // Every other wait has a deadline of its own, and no ping is sent behind a Close frame.
        IsOpen ? GiveUp(cause) : LifecycleCommands.None;

    /// <summary>The transport does not take all that it was given.</summary>
    public LifecycleCommands WriteBlocked() => _isTransportGone ? LifecycleCommands.None : LifecycleCommands.WatchSends;

    /// <summary>The peer has taken nothing of what it is sent for too long. What it sent before is still delivered.</summary>
    public LifecycleCommands SendStalled(Exception cause) => GiveUp(cause);

    /// <summary>
    /// The peer has sent nothing more of an incomplete message for too long: fails the connection, as <see cref="Fail"/> does.
    /// </summary>
    public LifecycleCommands MessageStalled(CloseStatus status, Exception cause) =>
        IsInputOver || !MaySendData ? LifecycleCommands.None : Fail(status, cause, dropsReceived: false);

    /// <summary>The application aborts the connection.</summary>
    public LifecycleCommands Abort()
    {
        DropsReceived = true;
        if (_isTransportGone)
        {
            return LifecycleCommands.None;
        }

        IsInputOver = true;
        IsFailed |= !IsReported && !_handshake.IsComplete;
        Drop(cause: null);
        return LifecycleCommands.AbortTransport;
    }

    /// <summary>
    /// The application leaves the connection as it is: what was accepted is still written, no Close frame is added, and the transport is
    /// closed.
    /// </summary>
    public LifecycleCommands Leave()
    {
        DropsReceived = true;
        if (_isTransportGone)
        {
            return LifecycleCommands.None;
        }

        IsInputOver = true;
        if (IsReported || _handshake.IsComplete)
        {
            // What both ends have agreed on is carried out.
            return LifecycleCommands.CloseWhenWritten;
        }

        IsFailed = true;
        Drop(cause: null);
        return WaitFor(LifecycleWait.Flush) | Report() | LifecycleCommands.EndSends | LifecycleCommands.CloseWhenWritten;
    }

    /// <summary>More has been discarded after the end of the input than a peer sends that has not seen the end yet.</summary>
    public LifecycleCommands TooMuchDiscarded() =>
        !_isTransportGone && (IsReported || IsFailed) ? LifecycleCommands.CloseTransport : LifecycleCommands.None;

    /// <summary>What is waited for has not come in time.</summary>
    /// <param name="waited">How long it was waited for.</param>
    /// <param name="isStalled">Whether much of what was accepted is on its way, and the peer's system takes none of it.</param>
    public LifecycleCommands DeadlinePassed(TimeSpan waited, bool isStalled = false)
    {
        switch (Wait)
        {
            case LifecycleWait.Application:
                return ApplicationDone();

            case LifecycleWait.Flush:
                Drop(_outputError ?? new TimeoutException($"The peer accepted no data within {waited}."));
                return LifecycleCommands.AbortTransport;

            case LifecycleWait.PeerClose:
                Drop(_outputError ?? new TimeoutException($"The peer did not answer the Close frame within {waited}."));

                // Without a reset: the peer's application may still read what its system has.
                return isStalled
                    ? LifecycleCommands.AbortTransport
                    : WaitFor(LifecycleWait.Release) | Report() | LifecycleCommands.CloseTransport;

            case LifecycleWait.Transport when !IsReported && !IsFailed:
                // Only the output has failed, and the input did not end by itself.
                Drop(_outputError);
                return LifecycleCommands.AbortTransport;

            case LifecycleWait.Transport:
                return WaitFor(LifecycleWait.Release) | LifecycleCommands.CloseTransport;

            case LifecycleWait.Release:
                return LifecycleCommands.AbortTransport;

            default:
                return LifecycleCommands.None;
        }
    }

    /// <summary>The transport is gone. Later events have no effect, except that an abort drops what was received.</summary>
    /// <param name="error">What went wrong with it; <see langword="null"/> if nothing did.</param>
    public LifecycleCommands TransportGone(Exception? error)
    {
        if (_isTransportGone)
        {
            return LifecycleCommands.None;
        }

        _isTransportGone = true;
        IsInputOver = true;
        LifecycleCommands commands = WaitFor(LifecycleWait.None) | LifecycleCommands.StopDeadlines;
        if (IsReported)
        {
            return commands;
        }

        IsFailed |= _failure is not null;
        IsBegunHere ??= false;
        Cause ??= IsClean ? null : error;
        return commands | Report();
    }

    // Nothing can arrive any more, and nothing can leave: there is nothing to wait for.
    private LifecycleCommands EndBothDirections()
    {
        Drop(_outputError);
        return LifecycleCommands.AbortTransport;
    }

    // Drops the transport of a peer that does not respond.
    private LifecycleCommands GiveUp(Exception cause)
    {
        if (_isTransportGone)
        {
            return LifecycleCommands.None;
        }

        IsFailed |= !IsReported && !_handshake.IsComplete;
        Drop(cause);
        return LifecycleCommands.AbortTransport;
    }

    // Both Close frames are through: §7.1.1, the server closes the transport first, and holds TIME_WAIT; in two steps, so
    // that nothing on its way is lost.
    private LifecycleCommands Conclude() =>
        WaitFor(LifecycleWait.Transport) | Report()
        | (role == Role.Server || _hasInputEnded ? FinishOutput() : LifecycleCommands.None);

    private LifecycleCommands FinishOutput() =>
        _hasInputEnded ? LifecycleCommands.CloseWhenWritten : LifecycleCommands.EndOutput;

    private LifecycleCommands Report()
    {
        IsReported = true;
        return LifecycleCommands.Report | LifecycleCommands.StopPings;
    }

    private LifecycleCommands WaitFor(LifecycleWait wait)
    {
        Wait = _isTransportGone ? LifecycleWait.None : wait;
        return LifecycleCommands.Schedule;
    }

    // The transport is dropped; what was received and not looked at before still counts.
    private void Drop(Exception? cause)
    {
        if (!IsReported)
        {
            IsBegunHere ??= true;
            Cause ??= cause;
        }
    }
}
