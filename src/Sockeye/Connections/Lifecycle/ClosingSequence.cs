using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// Carries out what the <see cref="ConnectionLifecycle"/> of a connection commands, over its send queue and its transport, and arms the
/// deadline of each wait as <see cref="ClosingDeadline"/> decides.
/// </summary>
/// <remarks>
/// The state is under the one lock of this object; commands are carried out outside of it. A connection has one of these once it begins
/// to end, or once the application asks how it ends. Thread-safe.
/// </remarks>
internal sealed class ClosingSequence : Deadline
{
    private readonly Lock _gate = new();
    private readonly ConnectionSettings _settings;
    private readonly Transport _transport;
    private readonly SendQueue _sends;
    private readonly IClosingReceiver _receiver;
    private readonly IClosingOwner _owner;

    // All below guarded by _gate. Scheduling is too, so that a deadline always matches the state that armed it.
    private readonly ConnectionLifecycle _lifecycle;
    private ClosingDeadline _deadline;
    private WebSocketCloseResult? _result;
    private ClosedTask _closed;
    private TimeSpan? _receiverStall;
    private volatile bool _isToConclude;
    private CancellationTokenSource? _beginning;

    // Copies of the lifecycle's, which the I/O thread reads without the lock.
    private volatile bool _isInputOver;
    private volatile bool _dropsReceived;
    private volatile bool _hasPeerClosed;
    private volatile bool _hasSentClose;

    /// <summary>Makes the closing sequence of a connection that is open.</summary>
    /// <param name="settings">The role, the timeouts and the wheel.</param>
    /// <param name="transport">What is closed.</param>
    /// <param name="sends">What sends the Close frame.</param>
    /// <param name="receiver">What delivers messages to the application.</param>
    /// <param name="owner">The connection.</param>
    public ClosingSequence(
        ConnectionSettings settings, Transport transport, SendQueue sends, IClosingReceiver receiver, IClosingOwner owner)
    {
        _settings = settings;
        _transport = transport;
        _sends = sends;
        _receiver = receiver;
        _owner = owner;
        _lifecycle = new ConnectionLifecycle(settings.Role);
        _deadline = new ClosingDeadline(settings.Options.CloseTimeout, settings.Options.CloseReplyDelay);
    }

    /// <summary>How far the connection has come.</summary>
    public WebSocketConnectionState State
    {
        get
        {
            lock (_gate)
            {
                return _lifecycle.IsReported ? WebSocketConnectionState.Closed
                    : _lifecycle.MaySendData ? WebSocketConnectionState.Open
                    : WebSocketConnectionState.Closing;
            }
        }
    }

    /// <summary>Whether anything that arrives from now on is ignored. Any thread.</summary>
    public bool IsInputOver => _isInputOver;

    /// <summary>Whether messages that were received and not delivered are dropped. Any thread.</summary>
    public bool DropsReceived => _dropsReceived;

    /// <summary>Whether the peer's Close frame has arrived. Any thread.</summary>
    public bool HasPeerClosed => _hasPeerClosed;

    /// <summary>Whether this end's Close frame has been handed over for sending. Any thread.</summary>
    public bool HasSentClose => _hasSentClose;

    /// <summary>Completes when the result is final and the connection has told its server and its receiver.</summary>
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

    /// <summary>Is canceled when the connection begins to end.</summary>
    public CancellationToken Beginning
    {
        get
        {
            lock (_gate)
            {
                return _lifecycle.IsBegunHere is not null
                    ? new CancellationToken(canceled: true)
                    : (_beginning ??= new CancellationTokenSource()).Token;
            }
        }
    }

    /// <summary>What is known about the end of the connection so far.</summary>
    public WebSocketCloseResult Describe()
    {
        lock (_gate)
        {
            return DescribeLocked();
        }
    }

    /// <summary>The application closes the connection; nothing happens if it is being closed.</summary>
    public void Close(CloseStatus status) => Do(static (lifecycle, status) => lifecycle.Close(status), status);

    /// <summary>
    /// Reading waits for the application while this end closes the connection: checks now and then that the application takes
    /// something, and else has the connection read on.
    /// </summary>
    public void WatchReceiver()
    {
        lock (_gate)
        {
            if (_lifecycle.Wait is LifecycleWait.Flush or LifecycleWait.PeerClose)
            {
                Wheel.Schedule(this, _deadline.WatchReceiver(_lifecycle.Wait, Wheel.CurrentTime(), LookLocked(asksTransport: false)));
            }
        }
    }

    /// <summary>The peer's Close frame has arrived, behind all that was delivered.</summary>
    public void PeerClosed(CloseStatus status)
    {
        Do(static (lifecycle, status) => lifecycle.PeerClosed(status), status);
        AskApplication();
    }

    /// <summary>Fails the connection (RFC 6455 §7.1.7).</summary>
    /// <param name="status">What the Close frame says, if none has been sent.</param>
    /// <param name="cause">What the result has; <see langword="null"/> if nothing went wrong.</param>
    /// <param name="letsAnswer">Whether the application gets to answer what came before.</param>
    /// <param name="dropsReceived">Whether what was received and not delivered is dropped.</param>
    public void Fail(CloseStatus status, Exception? cause, bool letsAnswer, bool dropsReceived = false)
    {
        Do(
            static (lifecycle, failure) => lifecycle.Fail(failure.status, failure.cause, failure.dropsReceived),
            (status, cause, dropsReceived));
        if (letsAnswer)
        {
            AskApplication();
        }
        else
        {
            ApplicationDone();
        }
    }

    /// <summary>The application is done with all that was received.</summary>
    public void ApplicationDone() => Do(static (lifecycle, _) => lifecycle.ApplicationDone(), 0);

    /// <summary>Everything accepted, our Close frame the last of it, has been given to the transport.</summary>
    public void CloseWritten() => Do(static (lifecycle, _) => lifecycle.CloseWritten(), 0);

    /// <summary>The peer's direction of the transport has ended.</summary>
    /// <param name="cutOff">Why what it sent last may be missing; <see langword="null"/> after an end in order.</param>
    public void InputEnded(Exception? cutOff = null) => Do(static (lifecycle, cutOff) => lifecycle.InputEnded(cutOff), cutOff);

    /// <summary>Nothing can be sent any more.</summary>
    public void OutputFailed(Exception error) => Do(static (lifecycle, error) => lifecycle.OutputFailed(error), error);

    /// <summary>Whether a keep-alive ping is to be sent now. What a connection without a closing sequence always does.</summary>
    public bool MaySendPing() => Asks(static lifecycle => lifecycle.PingDue());

    /// <summary>Whether a ping that has arrived is to be answered. What a connection without a closing sequence always does.</summary>
    public bool MayAnswerPing() => Asks(static lifecycle => lifecycle.PingReceived());

    /// <summary>Whether a blocked write needs a deadline. What a connection without a closing sequence always needs.</summary>
    public bool MayWatchSends() => Asks(static lifecycle => lifecycle.WriteBlocked());

    /// <summary>The peer has not answered a keep-alive ping in time. What it sent before is delivered.</summary>
    /// <returns>Whether this ends the connection; not if it is ending already.</returns>
    public bool PeerSilent(Exception cause) =>
        Do(static (lifecycle, cause) => lifecycle.PeerSilent(cause), cause) != LifecycleCommands.None;

    /// <summary>The peer takes nothing of what it is sent. What it sent before is delivered.</summary>
    public void SendStalled(Exception cause) => Do(static (lifecycle, cause) => lifecycle.SendStalled(cause), cause);

    /// <summary>The peer sends nothing more of a message: fails the connection after the application has answered what came before.</summary>
    /// <returns>Whether this fails the connection; not if it is ending already.</returns>
    public bool MessageStalled(CloseStatus status, Exception cause)
    {
        bool fails = false;
        Do(
            (lifecycle, cause) =>
            {
                fails = !lifecycle.IsInputOver;
                LifecycleCommands commands = lifecycle.MessageStalled(status, cause);
                fails &= lifecycle.IsInputOver;
                return commands;
            },
            cause);
        if (fails)
        {
            AskApplication();
        }

        return fails;
    }

    /// <summary>Aborts the transport, and drops all that was received.</summary>
    public void Abort() => Do(static (lifecycle, _) => lifecycle.Abort(), 0);

    /// <summary>Closes the transport after what was accepted, without a Close frame of its own, and drops all that was received.</summary>
    public void Leave() => Do(static (lifecycle, _) => lifecycle.Leave(), 0);

    /// <summary>Enough has been read and discarded.</summary>
    public void TooMuchDiscarded() => Do(static (lifecycle, _) => lifecycle.TooMuchDiscarded(), 0);

    /// <summary>The transport is gone: the result is final.</summary>
    public void TransportGone(Exception? error) => Do(static (lifecycle, error) => lifecycle.TransportGone(error), error);

    /// <summary>Whether the result is final and may not have been reported to the application. Any thread.</summary>
    public bool IsToConclude => _isToConclude;

    /// <summary>Claims the report of the end to the application, if it is due and no other thread has claimed it.</summary>
    public bool TryConclude()
    {
        lock (_gate)
        {
            bool concludes = _isToConclude;
            _isToConclude = false;
            return concludes;
        }
    }

    /// <summary>Completes <see cref="Closed"/>.</summary>
    public void Announce()
    {
        lock (_gate)
        {
            _closed.Complete(_result!);
        }
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        Do(static (_, sequence) => sequence.CheckDeadlineLocked(), this);
        TimeSpan? stall;
        lock (_gate)
        {
            stall = _receiverStall;
            _receiverStall = null;
        }

        if (stall is not null)
        {
            _owner.ReadOn(stall.Value);
        }
    }

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => _owner.OnFaulted(exception);

    private DeadlineWheel Wheel => _settings.Wheel;

    private void AskApplication()
    {
        if (_receiver.TryNoteEnd())
        {
            ApplicationDone();
        }
        else
        {
            Do(static (lifecycle, _) => lifecycle.AwaitApplication(), 0);
        }
    }

    // For events that change no state and whose commands the caller carries out.
    private bool Asks(Func<ConnectionLifecycle, LifecycleCommands> question)
    {
        lock (_gate)
        {
            return question(_lifecycle) != LifecycleCommands.None;
        }
    }

    private LifecycleCommands Do<T>(Func<ConnectionLifecycle, T, LifecycleCommands> happen, T argument)
    {
        LifecycleCommands commands;
        CloseStatus close;
        Exception? cause;
        lock (_gate)
        {
            commands = happen(_lifecycle, argument);
            NoteBeginningLocked();
            close = _lifecycle.CloseToSend ?? CloseStatus.None;
            cause = _lifecycle.Cause;
            _isInputOver = _lifecycle.IsInputOver;
            _dropsReceived = _lifecycle.DropsReceived;
            _hasPeerClosed = _lifecycle.HasPeerClosed;
            _hasSentClose = _lifecycle.CloseToSend is not null;
            if ((commands & LifecycleCommands.Report) != 0)
            {
                _result = DescribeLocked();
                _isToConclude = true;
            }

            if ((commands & LifecycleCommands.Schedule) != 0)
            {
                BeginWaitLocked();
            }
        }

        if (commands != LifecycleCommands.None)
        {
            CarryOut(commands, close, cause);
        }

        return commands;
    }

    private void NoteBeginningLocked()
    {
        if (_beginning is not null && _lifecycle.IsBegunHere is not null)
        {
            _ = CancelAsync(_beginning);
            _beginning = null;
        }
    }

    // Calls back on the thread pool: the registrations are the application's code.
    private async Task CancelAsync(CancellationTokenSource beginning)
    {
        try
        {
            await beginning.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException exception)
        {
            _owner.OnRegistrationFailed(exception);
        }
    }

    // Two threads may carry out at the same time, in either order: what the commands do is the same then. A thread that waited for
    // another could wait for one that is blocked in the application's stream, which only an abort frees.
    private void CarryOut(LifecycleCommands commands, CloseStatus close, Exception? cause)
    {
        // Not HasFlag, which allocates until the compiler gets round to optimising it.
        if ((commands & LifecycleCommands.SendClose) != 0)
        {
            _sends.SendClose(close, afterPending: true);
        }

        if ((commands & (LifecycleCommands.SendCloseBeforePending | LifecycleCommands.ExpediteClose)) != 0)
        {
            _sends.SendClose(close, afterPending: false);
        }

        if ((commands & LifecycleCommands.EndSends) != 0)
        {
            _sends.EndSends();
        }

        if ((commands & (LifecycleCommands.EndOutput | LifecycleCommands.CloseWhenWritten)) != 0)
        {
            bool closes = (commands & LifecycleCommands.CloseWhenWritten) != 0 || !_transport.CanEndOutput;
            _sends.FinishWhenEmpty(closes);
        }

        if ((commands & LifecycleCommands.CloseTransport) != 0)
        {
            _transport.Close();
        }

        if ((commands & LifecycleCommands.AbortTransport) != 0)
        {
            _transport.Abort(cause);
        }

        if ((commands & LifecycleCommands.StopDeadlines) != 0)
        {
            _owner.StopDeadlines();
        }

        if ((commands & LifecycleCommands.StopPings) != 0)
        {
            _owner.StopPings();
        }

        if ((commands & LifecycleCommands.Report) != 0)
        {
            _owner.OnReported();
        }
    }

    private LifecycleCommands CheckDeadlineLocked()
    {
        if (IsScheduled || _lifecycle.Wait == LifecycleWait.None)
        {
            // Since it fell due another has taken its place, or the end has come.
            return LifecycleCommands.None;
        }

        ClosingCheck check = _deadline.Check(_lifecycle.Wait, Wheel.CurrentTime(), LookLocked(asksTransport: true));
        _receiverStall = check.ReceiverStall;
        if (check.HasPassed)
        {
            return _lifecycle.DeadlinePassed(check.Limit, _deadline.HasMuchUntaken);
        }

        Wheel.Schedule(this, check.Next);
        return LifecycleCommands.None;
    }

    private WebSocketCloseResult DescribeLocked() => _result ?? new WebSocketCloseResult(
        _lifecycle.Outcome.Code, _lifecycle.Outcome.Reason, _lifecycle.IsClean,
        _lifecycle.IsBegunHere == true ? WebSocketCloseInitiator.Local : WebSocketCloseInitiator.Peer,
        _lifecycle.Cause);

    private void BeginWaitLocked()
    {
        if (_lifecycle.Wait == LifecycleWait.None)
        {
            Wheel.Cancel(this);
            return;
        }

        bool asksTransport = ClosingDeadline.LooksAtOnce(_sends.SendBufferLength);
        ClosingProgress progress = LookLocked(asksTransport);
        long? untakenLength = asksTransport ? progress.UntakenLength : null;
        Wheel.Schedule(this, _deadline.Begin(_lifecycle.Wait, Wheel.CurrentTime(), untakenLength, progress));
    }

    // Asking the transport costs system calls.
    private ClosingProgress LookLocked(bool asksTransport) => new()
    {
        UntakenLength = asksTransport ? _sends.SendBufferLength + (_transport.UnacknowledgedLength ?? 0) : 0,
        Acknowledged = asksTransport ? _transport.AcknowledgedLength ?? 0 : 0,
        IsReadingPaused = _receiver.IsReadingPaused,
        TakenCount = _receiver.TakenCount,
        WaitsForPeer = _receiver.WaitsForPeer,
        HasMessageInHand = _receiver.HasMessageInHand,
    };
}
