using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Timing;

namespace Sockeye.Connections.Lifecycle;

/// <summary>
/// Carries out what the <see cref="ConnectionLifecycle"/> of a connection commands, over its send queue and its transport,
/// and gives each wait a deadline.
/// </summary>
/// <remarks>
/// While the peer still takes what was accepted for it, however slowly, no deadline passes:
/// <see cref="WebSocketConnectionOptions.CloseTimeout"/> begins anew whenever the peer has taken something, and last when our
/// Close frame has left.
/// </remarks>
internal sealed class ClosingSequence : Deadline
{
    // How long the peer may keep the transport when both ends have said all they will. Long enough that the Close frame is
    // not destroyed by a reset: that is what a kernel answers with when a socket is closed on unread bytes.
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(1);

    // The share of CloseTimeout that an application at work on a message gets. Not all of it: a peer with the same timeout must still
    // get the Close frame, and it began to count earlier.
    private const double WorkingShare = 0.8;

    // How often to check whether the peer is taking what is on its way, and the application what was received.
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    // How long an application that takes a message now and then may keep the peer's Close frame from being read after this end
    // has sent its own: the peer may be one that sends without end, and never closes.
    private static readonly TimeSpan MaxReceivingTime = TimeSpan.FromSeconds(30);

    private const long NotStarted = -1;
    private const long NotAsked = -1;

    // The share of a wait after which the transport is first asked how much is in flight.
    private const double FirstLookShare = 0.25;

    // No more is on its way than a Close frame, and the records that TLS makes of it.
    private const int SmallLength = 1024;

    private readonly Lock _gate = new();
    private readonly ConnectionCore _core;

    // All below guarded by _gate. Scheduling is too, so that a deadline always matches the state that armed it.
    private readonly ConnectionLifecycle _lifecycle;
    private WebSocketCloseResult? _result;
    private ClosedTask _closed;
    private long _waitStart;
    private long _lastProgress;
    private long _lastUntaken;
    private uint? _lastAcknowledged;
    private long _closeStart = NotStarted;
    private long _lastTake;
    private int _lastTaken;
    private TimeSpan? _receiverStall;
    private volatile bool _isToConclude;

    // Copies of the lifecycle's, which the I/O thread reads without the lock.
    private volatile bool _isInputOver;
    private volatile bool _dropsReceived;

    /// <summary>Makes the closing sequence of a connection that is open.</summary>
    public ClosingSequence(ConnectionCore core)
    {
        _core = core;
        _lifecycle = new ConnectionLifecycle(core.Settings.Role);
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
                _lastTaken = _core.Receiver.TakenCount;
                _lastTake = Wheel.CurrentTick;
                ScheduleLocked(LimitLocked(out _));
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
    /// <param name="cause">What the result has.</param>
    /// <param name="letsAnswer">Whether the application gets to answer what came before.</param>
    /// <param name="dropsReceived">Whether what was received and not delivered is dropped.</param>
    public void Fail(CloseStatus status, Exception cause, bool letsAnswer, bool dropsReceived = false)
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
    public void InputEnded() => Do(static (lifecycle, _) => lifecycle.InputEnded(), 0);

    /// <summary>Nothing can be sent any more.</summary>
    public void OutputFailed(Exception error) => Do(static (lifecycle, error) => lifecycle.OutputFailed(error), error);

    /// <summary>Drops the transport of a peer that does not respond; what it sent before is delivered.</summary>
    public void GiveUp(Exception cause) => Do(static (lifecycle, cause) => lifecycle.GiveUp(cause), cause);

    /// <summary>Drops the transport, and all that was received.</summary>
    public void Abort() => Do(static (lifecycle, _) => lifecycle.Abort(), 0);

    /// <summary>Enough has been read and discarded.</summary>
    public void TooMuchDiscarded() => Do(static (lifecycle, _) => lifecycle.TooMuchDiscarded(), 0);

    /// <summary>The transport is gone: the result is final.</summary>
    public void TransportGone(Exception? error) => Do(static (lifecycle, error) => lifecycle.TransportGone(error), error);

    /// <summary>Whether the result is final, and the application may not have been told. Any thread.</summary>
    public bool IsToConclude => _isToConclude;

    /// <summary>Takes on the duty to tell the application of the end, if it is time and no other thread has.</summary>
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
            _core.ReadOn(stall.Value);
        }
    }

    /// <inheritdoc/>
    public override void OnFaulted(Exception exception) => _core.OnFaulted(exception);

    private SendQueue Sends => _core.Sends;

    private DeadlineWheel Wheel => _core.Settings.Wheel;

    private WebSocketConnectionOptions Options => _core.Settings.Options;

    private bool HasMuchUntaken => _lastUntaken > SmallLength;

    private void AskApplication()
    {
        if (_core.Receiver.TryNoteEnd())
        {
            ApplicationDone();
        }
        else
        {
            Do(static (lifecycle, _) => lifecycle.AwaitApplication(), 0);
        }
    }

    private void Do<T>(Func<ConnectionLifecycle, T, LifecycleCommands> happen, T argument)
    {
        LifecycleCommands commands;
        CloseStatus close;
        lock (_gate)
        {
            commands = happen(_lifecycle, argument);
            close = _lifecycle.CloseToSend ?? CloseStatus.None;
            _isInputOver = _lifecycle.IsInputOver;
            _dropsReceived = _lifecycle.DropsReceived;
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
            CarryOut(commands, close);
        }
    }

    private void CarryOut(LifecycleCommands commands, CloseStatus close)
    {
        // Not HasFlag, which allocates until the compiler gets round to optimising it.
        if ((commands & LifecycleCommands.SendClose) != 0)
        {
            Sends.SendClose(close, afterPending: true);
        }

        if ((commands & LifecycleCommands.SendCloseBeforePending) != 0)
        {
            Sends.SendClose(close, afterPending: false);
        }

        if ((commands & LifecycleCommands.ExpediteClose) != 0)
        {
            Sends.ExpediteClose(close);
        }

        if ((commands & LifecycleCommands.EndSends) != 0)
        {
            Sends.EndSends();
        }

        if ((commands & (LifecycleCommands.EndOutput | LifecycleCommands.CloseWhenWritten)) != 0)
        {
            bool closes = (commands & LifecycleCommands.CloseWhenWritten) != 0 || !_core.Transport.CanEndOutput;
            Sends.FinishWhenEmpty(closes);
        }

        if ((commands & LifecycleCommands.CloseTransport) != 0)
        {
            _core.Transport.Close();
        }

        if ((commands & LifecycleCommands.AbortTransport) != 0)
        {
            _core.Transport.Abort(_lifecycle.Cause);
        }

        if ((commands & LifecycleCommands.Report) != 0)
        {
            _core.OnReported();
        }
    }

    private LifecycleCommands CheckDeadlineLocked()
    {
        if (IsScheduled || _lifecycle.Wait == LifecycleWait.None)
        {
            // Since it fell due another has taken its place, or the end has come.
            return LifecycleCommands.None;
        }

        NoteProgressLocked();
        CheckReceiverLocked();
        TimeSpan limit = LimitLocked(out long start);
        TimeSpan waited = (Wheel.CurrentTick - start) * DeadlineWheel.Tick;
        if (waited >= limit)
        {
            return _lifecycle.DeadlinePassed(limit, HasMuchUntaken);
        }

        ScheduleLocked(limit - waited);
        return LifecycleCommands.None;
    }

    // While reading waits for the application the peer cannot be heard: its time begins when that is over.
    private void CheckReceiverLocked()
    {
        if (!_core.Receiver.IsReadingPaused || _lifecycle.Wait is not (LifecycleWait.Flush or LifecycleWait.PeerClose))
        {
            return;
        }

        long now = Wheel.CurrentTick;
        int taken = _core.Receiver.TakenCount;
        if (taken != _lastTaken)
        {
            _lastTaken = taken;
            _lastTake = now;
        }

        bool waitsForPeer = _core.Receiver.WaitsForPeer;
        TimeSpan idle = (now - (waitsForPeer ? Math.Max(_lastTake, _lastProgress) : _lastTake)) * DeadlineWheel.Tick;
        TimeSpan total = (now - _closeStart) * DeadlineWheel.Tick;
        if (idle >= (waitsForPeer ? Options.CloseTimeout : ApplicationLimit) || total >= MaxReceivingTime)
        {
            _receiverStall = total;
        }

        _waitStart = now;
        if (!waitsForPeer)
        {
            _lastProgress = now;
        }
    }

    // How long an application with messages to take, or with one in hand, is waited for.
    private TimeSpan ApplicationLimit => _core.Receiver.HasMessageInHand
        ? Longer(Options.CloseReplyDelay, Options.CloseTimeout * WorkingShare)
        : Options.CloseReplyDelay;

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

        _waitStart = Wheel.CurrentTick;
        _closeStart = _closeStart == NotStarted ? _waitStart : _closeStart;

        // The transport is asked at the first check. Most connections end before it, and save the system calls.
        _lastUntaken = Sends.SendBufferLength > SmallLength ? Untaken() : NotAsked;
        _lastAcknowledged = null;
        _lastProgress = _waitStart;
        ScheduleLocked(LimitLocked(out _));
    }

    // How long may be waited, and since when.
    private TimeSpan LimitLocked(out long start)
    {
        start = HasMuchUntaken ? _lastProgress : _waitStart;
        switch (_lifecycle.Wait)
        {
            case LifecycleWait.Application:
                // With a message in hand the application is at work; one that waits for the peer to take its answers is
                // not the one to blame.
                start = _core.Receiver.WaitsForPeer ? _lastProgress : _waitStart;
                return _core.Receiver.WaitsForPeer ? Options.CloseTimeout : ApplicationLimit;

            case LifecycleWait.Flush:
                start = _lastProgress;
                return Options.CloseTimeout;

            case LifecycleWait.PeerClose:
                return Options.CloseTimeout;

            default:
                return HasMuchUntaken ? Options.CloseTimeout : LingerTimeout;
        }
    }

    // Takes note of whether the peer has taken something since the last look.
    private void NoteProgressLocked()
    {
        long untaken = Untaken();
        uint acknowledged = Acknowledged();

        // What the peer took before the first check is unknown: if much is still in flight, assume that it took something.
        bool hasProgress = _lastUntaken == NotAsked
            ? untaken > SmallLength
            : untaken != _lastUntaken || acknowledged != (_lastAcknowledged ?? acknowledged);
        _lastAcknowledged = acknowledged;
        if (!hasProgress)
        {
            _lastUntaken = untaken;
            return;
        }

        _lastProgress = Wheel.CurrentTick;
        if (HasMuchUntaken)
        {
            // Our Close frame may have left only now, and the time to answer it begins.
            _waitStart = _lastProgress;
        }

        _lastUntaken = untaken;
    }

    private void ScheduleLocked(TimeSpan after)
    {
        // Looked at more often while the peer takes something: so that the wait begins when it has taken all.
        bool watches = HasMuchUntaken || _lifecycle.Wait == LifecycleWait.Flush || _core.Receiver.WaitsForPeer
            || _core.Receiver.IsReadingPaused;
        TimeSpan longest = _lastUntaken == NotAsked ? Shorter(after * FirstLookShare, ProgressInterval)
            : watches ? ProgressInterval
            : after;
        Wheel.Schedule(this, Shorter(after, longest));
    }

    // How much of what was accepted the peer's system has not taken, as far as the transport can tell.
    private long Untaken() => Sends.SendBufferLength + (_core.Transport.UnacknowledgedLength ?? 0);

    // Only the difference to another look means something.
    private uint Acknowledged() => _core.Transport.AcknowledgedLength ?? 0;

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
