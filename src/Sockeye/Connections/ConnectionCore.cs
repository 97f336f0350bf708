// Over 500 lines: joins all parts of a connection, each of which calls the others through it.
using Microsoft.Extensions.Logging;
using Sockeye.Collections;
using Sockeye.Connections.Lifecycle;
using Sockeye.Connections.Receiving;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// What is behind a <see cref="WebSocketConnection"/>: joins the transport and the parts of a connection, and passes
/// between them. Each part does its own work and can be tested alone.
/// </summary>
/// <remarks>
/// A server has very many, nearly all of them idle: so a part that an idle connection does not need is made when it is
/// needed, and what all of them share is reached through the settings.
/// </remarks>
internal sealed class ConnectionCore : ITransportSink, ISendQueueOwner, IKeepAliveOwner, IDenseSetEntry
{
    private readonly KeepAlive _keepAlive;

    // Made when the connection begins to end, or somebody asks how it ends.
    private ClosingSequence? _closing;

    // There while something is incomplete. Only on the I/O thread.
    private ReadSide? _reads;
    private PingTracker? _pings;
    private PeerDeadlines? _deadlines;

    /// <summary>Joins the parts; nothing is read until <see cref="Start"/>.</summary>
    /// <param name="connection">The face of this connection.</param>
    /// <param name="transport">Its transport, which nobody else uses from now on.</param>
    /// <param name="settings">What it shares with others.</param>
    /// <param name="handler">
    /// Who receives its messages; <see langword="null"/>, or a <see cref="DelegateHandler"/>, if they are asked for.
    /// </param>
    /// <param name="deflate">How messages are compressed, if that was agreed on.</param>
    public ConnectionCore(
        WebSocketConnection connection, Transport transport, ConnectionSettings settings, WebSocketHandler? handler,
        PerMessageDeflateParameters? deflate = null)
    {
        Connection = connection;
        Settings = settings;
        Handler = handler;
        Transport = transport;
        Sends = new SendQueue(settings, transport, this);
        Receiver = handler is null or DelegateHandler ? new PullReceiver(this) : new HandlerReceiver(this);
        _keepAlive = new KeepAlive(this);
        Compression = deflate is null ? null : new MessageCompression(Sends, settings, deflate.Value, this);
        transport.Sink = this;
    }

    /// <summary>The face of this connection.</summary>
    public WebSocketConnection Connection { get; }

    /// <summary>What it shares with others.</summary>
    public ConnectionSettings Settings { get; }

    /// <summary>Who is called with what happens, if anybody is.</summary>
    public WebSocketHandler? Handler { get; }

    /// <summary>What moves the bytes.</summary>
    public Transport Transport { get; }

    /// <summary>The send side.</summary>
    public SendQueue Sends { get; }

    /// <summary>Where received messages go.</summary>
    public Receiver Receiver { get; }

    /// <summary>Where messages wait to be asked for; <see langword="null"/> if a handler is called with them.</summary>
    public PullReceiver? Pull => Receiver as PullReceiver;

    /// <summary>Compresses and inflates its messages, if that was agreed on.</summary>
    public MessageCompression? Compression { get; }

    /// <summary>Whether a call of the transport is in progress, which ends with <see cref="Receiver.OnCallEnded"/>. Any thread.</summary>
    public bool IsCalled => Sends.IsCorked;

    /// <summary>Whether one is in progress on another thread, where a handler may be running in place. Any thread.</summary>
    public bool IsCalledElsewhere => Sends.IsCorkedElsewhere;

    /// <summary>The rules by which its messages are read.</summary>
    public MessageReaderSettings Reader => Compression is null ? Settings.Reader : Settings.CompressedReader;

    /// <summary>How the connection ends.</summary>
    public ClosingSequence Closing =>
        _closing ?? Interlocked.CompareExchange(ref _closing, new ClosingSequence(this), null) ?? _closing;

    /// <summary>How far the connection has come.</summary>
    public WebSocketConnectionState State => _closing?.State ?? WebSocketConnectionState.Open;

    /// <summary>Whether anything that arrives from now on is ignored.</summary>
    public bool IsInputOver => _closing is { IsInputOver: true };

    /// <summary>Whether messages that were received and not delivered are dropped.</summary>
    public bool DropsReceived => _closing is { DropsReceived: true };

    /// <summary>Whether messages are delivered piece by piece.</summary>
    public bool DeliversFragments => Settings.Reader.DeliverFragments;

    /// <summary>The pings that are underway.</summary>
    public PingTracker Pings =>
        _pings ?? Interlocked.CompareExchange(ref _pings, new PingTracker(Settings.Wheel.Time), null) ?? _pings;

    /// <summary>The deadlines for a peer that stops reading, or stops in the middle of a message; created on demand.</summary>
    public PeerDeadlines? Deadlines => _deadlines;

    /// <summary>How long the last answered ping took.</summary>
    public TimeSpan? RoundTripTime => _pings?.RoundTripTime;

    /// <inheritdoc/>
    public KeepAliveOptions KeepAliveOptions => Settings.KeepAlive;

    /// <inheritdoc/>
    public bool IsReadingPaused => Receiver.IsReadingPaused;

    /// <inheritdoc/>
    public int TakenCount => Receiver.TakenCount;

    /// <inheritdoc/>
    public int Position { get; set; }

    /// <summary>
    /// How many bytes have arrived since the opening handshake, including those that wait for the application. Counted once
    /// per read: the offset of a frame is computed only when the frame breaks a rule.
    /// </summary>
    public long ReceivedLength { get; private set; }

    /// <summary>Tells the handler, and gets ready for the first bytes.</summary>
    public void Start()
    {
        if (Settings.Logger.IsEnabled(LogLevel.Debug))
        {
            // Asked for here only: a transport makes the address when it is asked for.
            Settings.Logger.Opened(Connection.Id, Transport.RemoteEndPoint);
        }

        _keepAlive.Start(Settings.Wheel);

        // What is sent from here leaves before, or with, the answers to the first bytes.
        Receiver.Open();
    }

    /// <inheritdoc/>
    public bool IsShortOfMemory => Settings.Memory.IsUsedUp;

    /// <inheritdoc/>
    public ReadVerdict OnReceived(Span<byte> bytes)
    {
        _keepAlive.NoteLife(Settings.Wheel.RecentTick);
        ReceivedLength += bytes.Length;

        BeginCall();
        ReadVerdict verdict = ReadSide.OnReceived(this, ref _reads, bytes);
        EndCall();
        return verdict;
    }

    /// <summary>
    /// Takes bytes that were received before the connection was there; they are looked at when reading is resumed.
    /// </summary>
    public void Preload(ReadOnlySpan<byte> bytes)
    {
        ReceivedLength += bytes.Length;
        ReadSide.Preload(this, ref _reads, bytes);
    }

    /// <inheritdoc/>
    public void OnHeldUp(TimeSpan duration) => Settings.Logger.HeldUp(Connection.Id, duration);

    /// <inheritdoc/>
    public void OnStuck(TimeSpan duration) => Settings.Logger.Stuck(Connection.Id, duration);

    /// <inheritdoc cref="ITransportSink.OnFaulted"/>
    public void OnFaulted(Exception exception)
    {
        // Dropped first: the log is the application's code.
        Transport.Abort(exception);
        Settings.Logger.Faulted(Connection.Id, exception);
    }

    /// <inheritdoc/>
    public ReadVerdict OnReadingResumed()
    {
        // What was kept until now has come from the peer too.
        _keepAlive.NoteLife(Settings.Wheel.RecentTick);
        BeginCall();
        ReadVerdict verdict = ReadSide.OnReadingResumed(ref _reads);
        EndCall();
        return verdict;
    }

    /// <summary>Ends a call of the transport, or the handshake: writes what was held back, and reports the end of the connection.</summary>
    public void EndCall()
    {
        Sends.Uncork();
        if (Volatile.Read(ref _closing) is { } closing)
        {
            if (closing.IsToConclude)
            {
                Conclude(isCall: true);
            }

            Receiver.OnCallEnded();
        }
    }

    /// <inheritdoc/>
    public void OnWritten() => Sends.OnWritten();

    /// <inheritdoc/>
    public void OnFlush() => Sends.Flush();

    /// <inheritdoc/>
    public void OnOutputFailed(Exception error) => Closing.OutputFailed(error);

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        // Only the peer's direction has ended: what was gathered before is still wanted.
        BeginCall();
        TakeRest();
        Closing.InputEnded();
        EndCall();
    }

    /// <inheritdoc/>
    public void OnClosed(Exception? error)
    {
        BeginCall();
        TakeRest();

        // First, so that there is room for another connection once the end of this one is known.
        Settings.OnClosed?.Invoke(this);
        Closing.TransportGone(error);
        _deadlines?.Stop();
        Sends.Terminate();
        _reads?.Release();
        Compression?.Release();
        EndCall();
    }

    /// <summary>The result is final. Any thread, also one that is inside a call of the application.</summary>
    public void OnReported()
    {
        _keepAlive.Stop(Settings.Wheel);
        if (!Sends.IsCorkedByThisThread)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static core => core.Conclude(isCall: false), this, preferLocal: false);
        }
    }

    /// <inheritdoc/>
    public WebSocketClosedException CreateClosedException() => new(Closing.Describe());

    /// <inheritdoc/>
    public void OnCloseWritten() => Closing.CloseWritten();

    /// <inheritdoc/>
    public void OnSendProgress()
    {
        _keepAlive.NoteLife(Settings.Wheel.RecentTick);
        _deadlines?.NoteSendProgress();
    }

    /// <inheritdoc/>
    public void OnSendBlocked() => NeedDeadlines().NoteSendBlocked();

    /// <summary>Returns <see cref="Deadlines"/>, and creates them if necessary.</summary>
    public PeerDeadlines NeedDeadlines() =>
        _deadlines ?? Interlocked.CompareExchange(ref _deadlines, new PeerDeadlines(this), null) ?? _deadlines;

    /// <inheritdoc/>
    public void OnSendBufferDrained() => Receiver.OnSendBufferDrained();

    /// <inheritdoc/>
    public void SendKeepAlivePing()
    {
        // Without room for a ping there is traffic enough, and its progress is a sign of life.
        Span<byte> payload = stackalloc byte[PingTracker.PayloadLength];
        Pings.Begin(payload, answer: null);
        Sends.TrySendPing(payload);
        if (GetAcknowledged(out uint end) is { } acknowledged)
        {
            Pings.NoteSent(end, acknowledged);
        }
    }

    /// <inheritdoc/>
    public bool IsPingOnItsWay() => GetAcknowledged(out _) is { } acknowledged && Pings.IsOnItsWay(acknowledged);

    /// <inheritdoc/>
    public bool IsPeerSilentFor(TimeSpan duration) => Transport.SinceAcknowledgment > duration;

    /// <inheritdoc/>
    public void OnPeerSilent()
    {
        if (State != WebSocketConnectionState.Open)
        {
            // Its end has deadlines of its own, and no ping is sent behind a Close frame.
            return;
        }

        Settings.Logger.PeerSilent(Connection.Id);
        Closing.GiveUp(new TimeoutException(
            $"The peer sent nothing within {Settings.KeepAlive.PongTimeout} of a ping."));
    }

    /// <summary>A ping has arrived.</summary>
    public void OnPing(ReadOnlySpan<byte> payload)
    {
        // §5.5.2: "MUST send a Pong frame in response, unless it already received a Close frame", and soon: before the
        // application sees it.
        if (Settings.Options.AnswerPings)
        {
            Sends.SendPong(payload);
        }

        try
        {
            Handler?.OnPing(Connection, payload);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(exception);
        }
    }

    /// <summary>The peer's Close frame has arrived.</summary>
    public void OnClose(CloseStatus status) => Closing.PeerClosed(status);

    /// <summary>A pong has arrived.</summary>
    public void OnPong(ReadOnlySpan<byte> payload)
    {
        _pings?.OnPong(payload);
        try
        {
            Handler?.OnPong(Connection, payload);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(exception);
        }
    }

    /// <summary>The peer broke a rule: fails the connection (§7.1.7).</summary>
    public void OnViolation(ProtocolViolation violation)
    {
        Settings.Logger.Violation(Connection.Id, violation, Settings.Memory.Limit);
        Fail(
            new CloseStatus(violation.Error.CloseCode(), ""), new WebSocketProtocolException(violation), letsAnswer: true);
    }

    /// <summary>The peer has begun a message, and sends nothing more of it.</summary>
    public void OnMessageStalled()
    {
        TimeSpan timeout = Settings.Limits.MessageTimeout;
        Settings.Logger.MessageStalled(Connection.Id, timeout);
        Fail(
            new CloseStatus(WebSocketCloseCode.PolicyViolation, ""),
            new TimeoutException($"The peer began a message, and sent nothing more of it within {timeout}."),
            letsAnswer: true);
    }

    /// <summary>The application's last call for this connection has returned. Called once.</summary>
    public void NoteServed() => Settings.OnServed?.Invoke(this);

    /// <summary>The application closes the connection.</summary>
    public void BeginClose(CloseStatus status)
    {
        Closing.Close(status);
        Receiver.NoteClosing();
    }

    /// <summary>
    /// Reading has waited too long for the application while this end closes the connection: reads on to the peer's Close frame.
    /// </summary>
    public void ReadOn(TimeSpan waited)
    {
        Settings.Logger.ReceiverStalled(Connection.Id, waited);
        Receiver.ReadOn();
    }

    /// <summary>The application's code has thrown: its connection ends, nobody else's.</summary>
    public void OnHandlerFailed(Exception exception)
    {
        bool isConsequence = exception is WebSocketClosedException or OperationCanceledException
            && State != WebSocketConnectionState.Open;
        if (isConsequence)
        {
            Settings.Logger.HandlerEndedWithConnection(Connection.Id, exception);
            return;
        }

        Settings.Logger.HandlerThrew(Connection.Id, exception);
        Fail(
            new CloseStatus(WebSocketCloseCode.InternalError, ""), exception, letsAnswer: false, dropsReceived: true);
    }

    /// <summary>A fragmented message will never be completed; nothing else could follow it.</summary>
    public void OnMessageAbandoned()
    {
        if (State == WebSocketConnectionState.Open)
        {
            Settings.Logger.MessageAbandoned(Connection.Id);
            Fail(
                new CloseStatus(WebSocketCloseCode.InternalError, ""),
                new InvalidOperationException("A fragmented message was begun and not completed."),
                letsAnswer: false);
        }
    }

    /// <summary>Sends a ping that is timed.</summary>
    public ValueTask SendPing(TaskCompletionSource<TimeSpan>? answer, CancellationToken cancellationToken = default)
    {
        byte[] payload = new byte[PingTracker.PayloadLength];
        Pings.Begin(payload, answer);
        return SendControl(Opcode.Ping, payload, cancellationToken);
    }

    /// <summary>Sends a ping or a pong once there is room.</summary>
    public ValueTask SendControl(Opcode opcode, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        Sends.SendAsync(new OutgoingFrame(opcode, payload), cancellationToken);

    /// <summary>An array for a payload that is made here.</summary>
    public byte[] Rent(int length) => Settings.Pool.Rent(length);

    /// <summary>How far the peer's system has acknowledged what this end sent; <see langword="null"/> if that is not known.</summary>
    /// <param name="end">Where all that was accepted so far ends, by the same count.</param>
    public uint? GetAcknowledged(out uint end)
    {
        // Two questions, between which something may be acknowledged and be counted in neither or in both: asked again then, a
        // few times.
        uint? acknowledged = Transport.AcknowledgedLength;
        long? unacknowledged = Transport.UnacknowledgedLength;
        for (int i = 0; i < 3 && Transport.AcknowledgedLength is var now && now != acknowledged; i++)
        {
            acknowledged = now;
            unacknowledged = Transport.UnacknowledgedLength;
        }

        // Without a count of its own, as for a Unix socket, what is left to acknowledge counts backwards.
        acknowledged ??= (uint?)-unacknowledged;
        end = (acknowledged ?? 0) + (uint)(unacknowledged ?? 0) + (uint)Sends.SendBufferLength;
        return acknowledged;
    }

    private void Fail(CloseStatus status, Exception cause, bool letsAnswer, bool dropsReceived = false)
    {
        Closing.Fail(status, cause, letsAnswer, dropsReceived);
        Receiver.ReadOn();
    }

    // Everything sent during the call leaves in one write at its end.
    private void BeginCall()
    {
        Sends.Cork();
        if (Volatile.Read(ref _closing) is not null)
        {
            Receiver.OnCallBegun();
        }
    }

    // Takes what was received and left alone because the application had no room: nothing else can come behind it.
    private void TakeRest()
    {
        if (_reads is not null && !IsInputOver)
        {
            Receiver.TakeAll();
            ReadSide.OnReadingResumed(ref _reads);
            Receiver.EndTakeAll();
        }
    }

    private void Conclude(bool isCall)
    {
        ClosingSequence closing = Closing;
        if (!closing.TryConclude())
        {
            return;
        }

        WebSocketCloseResult result = closing.Describe();
        _pings?.FailAll(CreateClosedException);
        Settings.Logger.Closed(Connection.Id, result.Code, result.WasClean, result.Exception);
        if (Pull is not null)
        {
            // A receive that waits is told by its own result, and not by a token that is cancelled because of the end.
            Receiver.End(isCall);
            closing.Announce();
            Pull.TellServed();
        }
        else
        {
            closing.Announce();
            Receiver.End(isCall);
        }
    }
}
