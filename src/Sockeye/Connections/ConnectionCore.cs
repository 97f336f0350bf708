// Over 500 lines: implements what each part of a connection asks of it, which is one short member per question.
using System.Buffers;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Sockeye.Connections.Lifecycle;
using Sockeye.Connections.Receiving;
using Sockeye.Connections.Sending;
using Sockeye.Protocol;
using Sockeye.Telemetry;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// What is behind a <see cref="WebSocketConnection"/>: creates the parts of a connection, joins them to the transport, and passes
/// events between them. It is the owner that each part asks for what it needs, through an interface of that part's; no part knows this
/// class, so that a test constructs each one alone.
/// </summary>
/// <remarks>
/// A server has very many connections, nearly all of them idle. So a part that an idle connection does not need is created when it is
/// needed, what all connections share is reached through the settings, and there is no object that only passes events on.
/// </remarks>
internal sealed class ConnectionCore
    : ITransportSink, ISendQueueOwner, IKeepAliveOwner, IPeerDeadlineOwner, IClosingOwner, IReadSideOwner, IReceiverOwner,
        IMeasuredConnection
{
    private readonly KeepAlive _keepAlive;
    private readonly OptionalParts? _optional;

    // Created when the connection begins to end, or when the application asks how it ends.
    private ClosingSequence? _closing;

    // On the I/O thread.
    private ReadSide _reads;
    private PingTracker? _pings;
    private PeerDeadlines? _deadlines;
    private uint _openedTick;

    /// <summary>Joins the parts; nothing is read until <see cref="Start"/>.</summary>
    /// <param name="connection">The public face of this connection, which calls the application.</param>
    /// <param name="transport">Its transport, which nothing else uses from now on.</param>
    /// <param name="settings">What it shares with others.</param>
    /// <param name="isPulled">Whether the application asks for its messages; if not, a handler is called with them.</param>
    /// <param name="deflate">How messages are compressed, if that was agreed on.</param>
    public ConnectionCore(
        WebSocketConnection connection, Transport transport, ConnectionSettings settings, bool isPulled,
        PerMessageDeflateParameters? deflate = null)
    {
        Connection = connection;
        Settings = settings;
        Transport = transport;
        Sends = new SendQueue(settings, transport, this);
        Receiver = isPulled ? new PullReceiver(this) : new HandlerReceiver(this);
        _keepAlive = new KeepAlive(this);
        ReceiveRateOptions rates = settings.Limits.OwnReceiveRate;
        if (deflate is not null || rates.IsLimited || settings.Options.TraceConnection)
        {
            _optional = new OptionalParts(
                deflate is null ? null : new MessageCompression(Sends, settings, deflate.Value, this),
                rates.IsLimited ? new ReceiveRates(rates, settings.Wheel.Time) : null);
        }

        transport.Sink = this;
    }

    /// <summary>The public face of this connection.</summary>
    public WebSocketConnection Connection { get; }

    /// <inheritdoc/>
    public IApplication Application => Connection;

    /// <summary>What it shares with others.</summary>
    public ConnectionSettings Settings { get; }

    /// <summary>What moves the bytes.</summary>
    public Transport Transport { get; }

    /// <summary>The send side.</summary>
    public SendQueue Sends { get; }

    /// <summary>Where received messages go.</summary>
    public Receiver Receiver { get; }

    /// <summary>Where messages wait to be asked for; <see langword="null"/> if a handler is called with them.</summary>
    public PullReceiver? Pull => Receiver as PullReceiver;

    /// <summary>Compresses and inflates its messages, if that was agreed on.</summary>
    public MessageCompression? Compression => _optional?.Compression;

    /// <inheritdoc/>
    public ReceiveRates? Rates => _optional?.Rates;

    /// <summary>Whether a call of the transport is in progress, which ends with <see cref="Receiver.OnCallEnded"/>. Any thread.</summary>
    public bool IsCalled => Sends.IsCorked;

    /// <summary>Whether one is in progress on another thread, where a handler may be running in place. Any thread.</summary>
    public bool IsCalledElsewhere => Sends.IsCorkedElsewhere;

    /// <summary>The rules by which its messages are read.</summary>
    public MessageReaderSettings Reader => Compression is null ? Settings.Reader : Settings.CompressedReader;

    /// <summary>How the connection ends.</summary>
    public ClosingSequence Closing =>
        _closing
        ?? Interlocked.CompareExchange(ref _closing, new ClosingSequence(Settings, Transport, Sends, Receiver, this), null)
        ?? _closing;

    /// <summary>How far the connection has come.</summary>
    public WebSocketConnectionState State => _closing?.State ?? WebSocketConnectionState.Open;

    /// <summary>Whether anything that arrives from now on is ignored.</summary>
    public bool IsInputOver => _closing is { IsInputOver: true };

    /// <summary>Whether this end's Close frame has been handed over for sending.</summary>
    public bool HasSentClose => _closing is { HasSentClose: true };

    /// <inheritdoc/>
    public bool HasPeerClosed => _closing is { HasPeerClosed: true };

    /// <summary>Whether messages that were received and not delivered are dropped.</summary>
    public bool DropsReceived => _closing is { DropsReceived: true };

    /// <summary>The activity of the connection, if it has one (<see cref="WebSocketConnectionOptions.TraceConnection"/>).</summary>
    public Activity? Activity => _optional?.Activity;

    /// <inheritdoc/>
    public ConnectionGroup Group => Settings.Scope.Groups.For(Settings.Role, Transport.Network);

    /// <inheritdoc/>
    public long SendBufferLength => Sends.SendBufferLength;

    /// <inheritdoc/>
    public bool IsCongested => Sends.IsCongested;

    /// <inheritdoc/>
    public bool HasWaitingMessages => Receiver.HasWaiting;

    /// <inheritdoc/>
    public IMessageInflater? Inflater => Compression?.Inflater is { } inflater && Instruments.CountsCompression
        ? new MeasuredInflater(inflater, Group)
        : Compression?.Inflater;

    /// <inheritdoc/>
    public ArrayPool<byte> Pool => Settings.Pool;

    /// <inheritdoc/>
    public TimeSlice? Slice => Transport.Slice;

    /// <inheritdoc/>
    public bool SharesThread => Transport.Slice is not null;

    /// <inheritdoc/>
    public bool IsCompressed => Compression is not null;

    /// <inheritdoc/>
    public bool MustWaitForSendBuffer => Sends.IsCongested && Settings.PausesReceivingWhenSendBufferIsFull;

    /// <inheritdoc/>
    public bool IsSendBlocked => Sends.IsBlocked;

    /// <inheritdoc/>
    public bool WaitsForApplication => IsReadingPaused || IsCalledElsewhere;

    /// <inheritdoc/>
    public TimeSpan? SinceAcknowledgment => Transport.SinceAcknowledgment;

    /// <summary>The pings that are underway.</summary>
    public PingTracker Pings =>
        _pings ?? Interlocked.CompareExchange(ref _pings, new PingTracker(Settings.Wheel.Time), null) ?? _pings;

    /// <summary>How many messages were dropped because the peer was slow.</summary>
    public WebSocketDropCounts DropCounts => _deadlines?.Slow?.Counts ?? default;

    /// <summary>What is known about a slow peer. Created if necessary.</summary>
    public SlowConsumer SlowConsumer => NeedDeadlines().NeedSlow();

    /// <summary>How long answered pings took.</summary>
    public WebSocketRoundTripTimes? RoundTripTimes => _pings?.Times;

    /// <inheritdoc/>
    public KeepAliveOptions KeepAliveOptions => Settings.KeepAlive;

    /// <inheritdoc/>
    public bool IsReadingPaused => Receiver.IsReadingPaused;

    /// <inheritdoc/>
    public int TakenCount => Receiver.TakenCount;

    /// <inheritdoc/>
    public int Position { get; set; }

    /// <summary>When the connection was opened.</summary>
    public DateTimeOffset OpenedAt => Settings.Wheel.TimeOf(_openedTick);

    /// <summary>When the peer last gave a sign of life.</summary>
    public DateTimeOffset LastActivityAt => Settings.Wheel.TimeOf(_keepAlive.LastLifeTick);

    /// <summary>
    /// How many bytes have arrived since the opening handshake, including those that wait for the application. Counted once
    /// per read: the offset of a frame is computed only when the frame breaks a rule.
    /// </summary>
    public long ReceivedLength { get; private set; }

    /// <summary>Opens the connection: arms keep-alive and calls the handler's OnOpened.</summary>
    /// <param name="handshake">The activity of the opening handshake, if there was one.</param>
    public void Start(ActivityContext handshake = default)
    {
        NoteOpened();
        if (Settings.Logger.IsEnabled(LogLevel.Debug))
        {
            // Read only here: a transport creates the address on demand.
            Settings.Logger.Opened(Connection.Id, Transport.RemoteEndPoint ?? EndPoints.Unknown);
        }

        long tick = Settings.Wheel.CurrentTick;
        _openedTick = (uint)tick;
        _keepAlive.Start(Settings.Wheel, tick);

        // Frames sent from OnOpened leave before, or with, the replies to the first bytes.
        if (Settings.Options.TraceConnection && _optional is { } optional)
        {
            Activity? outer = Activity.Current;
            optional.Activity = ConnectionActivity.Start(Connection.Id, Connection.Subprotocol, handshake, Group);
            Receiver.Open();
            Activity.Current = outer;
        }
        else
        {
            Receiver.Open();
        }
    }

    /// <inheritdoc/>
    public bool IsShortOfMemory => Settings.Memory.IsUsedUp;

    /// <inheritdoc/>
    public ReadVerdict OnReceived(Span<byte> bytes)
    {
        _keepAlive.NoteLife(Settings.LifeTick);
        ReceivedLength += bytes.Length;
        if (Instruments.Traffic.Enabled)
        {
            Group.Add(Measure.ReceivedLength, bytes.Length);
        }

        BeginCall();
        if (_optional?.Rates is { } rates && !IsInputOver)
        {
            rates.Refill();
            FailIf(rates.NoteBytes(bytes.Length));
        }

        ReadVerdict verdict = _reads.OnReceived(this, bytes);
        NotePausedIf(verdict);
        EndCall();
        return verdict;
    }

    /// <summary>
    /// Keeps bytes that were received before the connection existed; they are parsed when reading is resumed.
    /// </summary>
    public void Preload(ReadOnlySpan<byte> bytes)
    {
        ReceivedLength += bytes.Length;
        if (Instruments.Traffic.Enabled)
        {
            Group.Add(Measure.ReceivedLength, bytes.Length);
        }

        _reads.Preload(this, bytes);
    }

    /// <inheritdoc/>
    public void OnHeldUp(TimeSpan duration) => Settings.Logger.HeldUp(Connection.Id, duration);

    /// <inheritdoc/>
    public void OnStuck(TimeSpan duration) => Settings.Logger.Stuck(Connection.Id, duration);

    /// <inheritdoc cref="ITransportSink.OnFaulted"/>
    public void OnFaulted(Exception exception)
    {
        // Aborted first: the logger is code of the application.
        Transport.Abort(exception);
        Settings.Logger.Faulted(Connection.Id, exception);
    }

    /// <inheritdoc/>
    public ReadVerdict OnReadingResumed()
    {
        // The kept bytes are a sign of life of the peer too.
        _keepAlive.NoteLife(Settings.LifeTick);
        BeginCall();
        _optional?.Rates?.Refill();
        _deadlines?.NoteReadingResumed();
        ReadVerdict verdict = _reads.OnReadingResumed();
        NotePausedIf(verdict);
        EndCall();
        return verdict;
    }

    /// <summary>Ends a call of the transport, or the handshake: writes the corked frames, and reports the end of the connection.</summary>
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
        // Only the peer's direction has ended: corked frames are still sent.
        BeginCall();
        TakeRest();
        Closing.InputEnded(Transport.CutOff);
        EndCall();
    }

    /// <inheritdoc/>
    public void OnClosed(Exception? error)
    {
        BeginCall();
        TakeRest();

        // First, so that a new connection has room as soon as the end of this one is reported.
        Group.NoteClosed();
        Settings.Host?.OnClosed(this);
        Closing.TransportGone(error);
        if (Settings.Host is not { ListsConnections: true })
        {
            LiveConnections.Remove(this);
        }

        Sends.Terminate();
        _reads.Release();
        Compression?.Release();
        EndCall();
    }

    /// <inheritdoc/>
    public void StopPings() => _keepAlive.Stop(Settings.Wheel);

    /// <inheritdoc/>
    public void StopDeadlines() => _deadlines?.Stop();

    /// <inheritdoc/>
    public void OnRegistrationFailed(Exception exception) => Settings.Logger.RegistrationThrew(Connection.Id, exception);

    /// <inheritdoc/>
    public void OnReported()
    {
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
        _keepAlive.NoteLife(Settings.LifeTick);
        _deadlines?.NoteSendProgress();
    }

    /// <inheritdoc/>
    public void OnSendBlocked()
    {
        if (Volatile.Read(ref _closing) is null || Closing.MayWatchSends())
        {
            NeedDeadlines().NoteSendBlocked();
        }
    }

    /// <inheritdoc/>
    public void OnMessageOpen(long takenLength, int number) => NeedDeadlines().NoteMessageOpen(takenLength, number);

    /// <inheritdoc/>
    public void OnMessageWhole() => _deadlines?.NoteMessageWhole();

    /// <inheritdoc/>
    public void OnNoRoom()
    {
        if (_deadlines?.Slow is { HasListeners: true })
        {
            NoteNoRoom(closes: false);
        }
    }

    /// <inheritdoc/>
    public void OnDropped(in SendDrops drops, bool becomesSlow)
    {
        SlowConsumer slow = SlowConsumer;
        slow.Count(drops);
        if (Instruments.Drops.Enabled)
        {
            ConnectionGroup group = Group;
            group.Add(Measure.DroppedNewest, drops.Newest);
            group.Add(Measure.DroppedOldest, drops.Oldest);
            group.Add(Measure.DroppedReplaced, drops.Replaced);
        }

        if (becomesSlow)
        {
            slow.NoteSlow(becomes: true, closes: false);
        }
    }

    /// <inheritdoc/>
    public void OnSendBufferDrained()
    {
        Receiver.OnMayContinue();
        _deadlines?.Slow?.NoteDrained();
    }

    /// <inheritdoc/>
    public bool IsSlow => Sends.IsSlow;

    /// <inheritdoc/>
    public bool LogsSlow => Settings.Logger.IsEnabled(LogLevel.Debug);

    /// <inheritdoc/>
    public void OnSlowChanged(bool isSlow, Delegate? listeners)
    {
        if (isSlow)
        {
            Settings.Logger.PeerSlow(Connection.Id, Sends.SendBufferLength);
        }
        else
        {
            Settings.Logger.PeerCaughtUp(Connection.Id, DropCounts.Total);
        }

        try
        {
            ((Action<WebSocketConnection>?)listeners)?.Invoke(Connection);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(exception);
        }
    }

    /// <inheritdoc/>
    public void OnSlowTooLong()
    {
        TimeSpan after = Settings.Options.OwnSlowConsumer.CloseAfter;
        if (State == WebSocketConnectionState.Open)
        {
            Settings.Logger.PeerTooSlow(Connection.Id, after);
            Fail(
                new CloseStatus(WebSocketCloseCode.TryAgainLater, ""),
                new TimeoutException($"The peer read too slowly: the send buffer was at its limit for {after}."),
                letsAnswer: false);
        }
    }

    /// <inheritdoc/>
    public void SendKeepAlivePing()
    {
        if (Volatile.Read(ref _closing) is { } closing && !closing.MaySendPing())
        {
            return;
        }

        // If there is no room for a ping, other data is on its way, and its progress is a sign of life.
        Span<byte> payload = stackalloc byte[PingTracker.PayloadLength];
        Pings.Begin(payload, answer: null);
        Sends.TrySendPing(payload);
        if (GetAcknowledged(out uint end) is { } acknowledged)
        {
            Pings.NoteSent(end, acknowledged);
        }
    }

    /// <inheritdoc/>
    public void SendKeepAlivePong()
    {
        if (Volatile.Read(ref _closing) is not { } closing || closing.MaySendPing())
        {
            Sends.TrySendPong([]);
        }
    }

    /// <inheritdoc/>
    public bool IsPingOnItsWay() => GetAcknowledged(out _) is { } acknowledged && Pings.IsOnItsWay(acknowledged);

    /// <inheritdoc/>
    public void OnPeerSilent()
    {
        var cause = new TimeoutException($"The peer sent nothing within {Settings.KeepAlive.PongTimeout} of a ping.");
        if (Closing.PeerSilent(cause))
        {
            Settings.Logger.PeerSilent(Connection.Id);
        }
    }

    /// <inheritdoc/>
    public void OnSendStalled()
    {
        Settings.Logger.PeerStalled(Connection.Id);
        Closing.SendStalled(new TimeoutException(
            $"The peer accepted no data within {Settings.Options.SendTimeout}."));
    }

    /// <inheritdoc/>
    public void OnPing(ReadOnlySpan<byte> payload)
    {
        if (FailIf(Rates?.NotePing()))
        {
            return;
        }

        try
        {
            // RFC 6455 §5.5.2: "SHOULD respond with Pong frame as soon as is practical"; before the handler of messages sees the ping.
            if (Application.OnPinging(payload) && MayAnswerPing)
            {
                Sends.SendPong(payload);
            }

            Application.OnPing(payload);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(exception);
        }
    }

    /// <inheritdoc/>
    public void OnClose(CloseStatus status)
    {
        try
        {
            Application.OnClosing(status.Code, status.Reason);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(exception);
        }

        Closing.PeerClosed(status);
    }

    /// <inheritdoc/>
    public void OnPong(ReadOnlySpan<byte> payload)
    {
        if (_pings?.OnPong(payload) is { } roundTripTime && Instruments.Pings.Enabled)
        {
            Instruments.Pings.Record(roundTripTime.TotalSeconds, Group.Tags);
        }

        try
        {
            Application.OnPong(payload);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(exception);
        }
    }

    /// <summary>Fails the connection (§7.1.7).</summary>
    public void OnViolation(ProtocolViolation violation)
    {
        Settings.Logger.Violation(Connection.Id, violation, Settings.Memory.Limit);
        Fail(
            new CloseStatus(violation.Error.CloseCode(), ""), new WebSocketProtocolException(violation), letsAnswer: true);
    }

    /// <inheritdoc/>
    public bool FailIf(WebSocketRateException? excess)
    {
        if (excess is null || IsInputOver)
        {
            return false;
        }

        Settings.Logger.RateExceeded(Connection.Id, excess.PerSecond, excess.Rate);
        Fail(new CloseStatus(WebSocketCloseCode.PolicyViolation, ""), excess, letsAnswer: true);
        return true;
    }

    /// <inheritdoc/>
    public void OnReceiveMeasured(WebSocketMessageKind kind, int length, bool endsMessage) =>
        Group.AddReceived(kind, length, endsMessage);

    /// <inheritdoc/>
    public void OnFrameMeasured(bool isText, int length, int savedLength, bool endsMessage)
    {
        ConnectionGroup group = Group;
        long original = (long)length + savedLength;
        if (Instruments.CountsMessages)
        {
            group.AddSent(isText, original, endsMessage);
        }

        if (savedLength != 0 && Instruments.CountsCompression)
        {
            group.Add(Measure.DeflatedFrom, original);
            group.Add(Measure.DeflatedTo, length);
        }
    }

    /// <inheritdoc/>
    public void OnWriteMeasured(long length) => Group.Add(Measure.SentLength, length);

    /// <inheritdoc/>
    public void OnMessageDetached(int length) => Settings.Incomplete.Add(-length);

    /// <inheritdoc/>
    public void OnTooMuchDiscarded() => Closing.TooMuchDiscarded();

    /// <inheritdoc/>
    public void OnMessageStalled(TimeSpan timeout, bool isPaused)
    {
        var cause = new TimeoutException(
            isPaused
                ? $"The peer began a message and sent no more of it within {timeout}."
                : $"The peer began a message and did not end it within {timeout}.");
        if (Closing.MessageStalled(new CloseStatus(WebSocketCloseCode.PolicyViolation, ""), cause))
        {
            Receiver.ReadOn();
            Settings.Logger.MessageStalled(Connection.Id, timeout);
        }
    }

    /// <inheritdoc/>
    public void ResumeReading() => Transport.ResumeReading();

    /// <inheritdoc/>
    public void OnReadingPausedWhileClosing() => Closing.WatchReceiver();

    /// <inheritdoc/>
    public void OnApplicationDone() => Closing.ApplicationDone();

    /// <inheritdoc/>
    public void OnServed() => Settings.Host?.OnServed();

    /// <inheritdoc/>
    public WebSocketCloseResult DescribeEnd() => Closing.Describe();

    /// <summary>Begins the closing handshake for the application.</summary>
    public void BeginClose(CloseStatus status)
    {
        Closing.Close(status);
        Receiver.NoteClosing();
    }

    /// <inheritdoc/>
    public void ReadOn(TimeSpan waited)
    {
        Settings.Logger.ReceiverStalled(Connection.Id, waited);
        Receiver.ReadOn();
    }

    /// <summary>Fails the connection because code of the application threw; other connections are not affected.</summary>
    public void OnHandlerFailed(Exception exception)
    {
        bool isConsequence = State != WebSocketConnectionState.Open && IsOfEnd(exception);
        if (isConsequence)
        {
            Settings.Logger.HandlerEndedWithConnection(Connection.Id, exception);
            return;
        }

        Settings.Logger.HandlerThrew(Connection.Id, exception);
        Fail(
            new CloseStatus(WebSocketCloseCode.InternalError, ""), exception, letsAnswer: false, dropsReceived: true);
    }

    // A stream or a socket over the connection wraps the exception.
    private static bool IsOfEnd(Exception exception)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is WebSocketClosedException)
            {
                return true;
            }
        }

        return exception is OperationCanceledException;
    }

    /// <summary>Fails the connection because a fragmented message will never be completed, and no other message could follow it.</summary>
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

    /// <summary>Sends a whole message, under the policy for slow consumers; never waits.</summary>
    public WebSocketSendResult TrySend(in OutgoingFrame frame, ReadOnlySpan<byte> payload) =>
        Settings.SlowConsumerPolicy == WebSocketSlowConsumerPolicy.Wait
            ? Sends.TrySend(frame, payload)
            : TrySend(frame, payload, default);

    /// <summary>Sends a whole message, under its own policy for slow consumers; never waits.</summary>
    public WebSocketSendResult TrySend(in OutgoingFrame frame, ReadOnlySpan<byte> payload, in WebSocketSendOptions options)
    {
        WebSocketSlowConsumerPolicy policy = PolicyOf(options);
        SendMode mode = SendRules.ModeOf(policy, options.Key);
        if (mode != SendMode.Try)
        {
            return Sends.SendOrDrop(frame, payload, mode, mode == SendMode.LatestPerKey ? options.Key : null);
        }

        WebSocketSendResult result = Sends.TrySend(frame, payload);
        if (result == WebSocketSendResult.Refused && policy == WebSocketSlowConsumerPolicy.Close)
        {
            NoteNoRoom(closes: true);
        }

        return result;
    }

    /// <summary>Sends a whole message, under the policy for slow consumers: waits for room if that policy is to wait.</summary>
    public ValueTask SendAsync(in OutgoingFrame frame, CancellationToken cancellationToken) =>
        Settings.SlowConsumerPolicy == WebSocketSlowConsumerPolicy.Wait
            ? Sends.SendAsync(frame, cancellationToken)
            : SendAsync(frame, default, cancellationToken);

    /// <summary>Sends a whole message, under its own policy for slow consumers: waits for room if that policy is to wait.</summary>
    public ValueTask SendAsync(in OutgoingFrame frame, in WebSocketSendOptions options, CancellationToken cancellationToken)
    {
        Sends.CheckLength(frame);
        WebSocketSlowConsumerPolicy policy = PolicyOf(options);
        bool waits = policy is WebSocketSlowConsumerPolicy.Wait or WebSocketSlowConsumerPolicy.Close;
        if (!waits && !(cancellationToken.IsCancellationRequested && State == WebSocketConnectionState.Open))
        {
            // Also without a key: it then waits for room only, and not for the end of what waits to be replaced.
            WebSocketSendResult result = TrySend(frame, frame.Payload.Span, options);
            if (result != WebSocketSendResult.Refused)
            {
                frame.Release(Settings.Pool);
                return result == WebSocketSendResult.Closed ? ValueTask.FromException(CreateClosedException()) : default;
            }

            if (policy == WebSocketSlowConsumerPolicy.LatestPerKey && options.Key is { } key)
            {
                Sends.DropStale(key);
            }
        }

        // Canceled, or there is no room for a message that is not dropped.
        ValueTask sending = Sends.SendAsync(frame, cancellationToken);
        if (!sending.IsCompleted && policy == WebSocketSlowConsumerPolicy.Close)
        {
            NoteNoRoom(closes: true);
        }

        return sending;
    }

    /// <summary>Whether a message that is sent with these options may be dropped, or replace another.</summary>
    public bool MayDrop(in WebSocketSendOptions options) => SendRules.ModeOf(PolicyOf(options), options.Key) != SendMode.Try;

    /// <summary>Sends a ping and times it.</summary>
    public ValueTask SendPing(TaskCompletionSource<TimeSpan>? answer, CancellationToken cancellationToken = default)
    {
        byte[] payload = new byte[PingTracker.PayloadLength];
        Pings.Begin(payload, answer);
        return SendControl(Opcode.Ping, payload, cancellationToken);
    }

    /// <summary>Sends a ping or a pong once there is room.</summary>
    public ValueTask SendControl(Opcode opcode, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        Sends.SendAsync(new OutgoingFrame(opcode, payload), cancellationToken);

    /// <summary>Rents an array for a payload.</summary>
    public byte[] Rent(int length) => Settings.Pool.Rent(length);

    /// <inheritdoc/>
    public uint? GetAcknowledged(out uint end)
    {
        // Two readings, between which data may be acknowledged and be counted in neither or in both: then they are repeated, a few
        // times.
        uint? acknowledged = Transport.AcknowledgedLength;
        long? unacknowledged = Transport.UnacknowledgedLength;
        for (int i = 0; i < 3 && Transport.AcknowledgedLength is var now && now != acknowledged; i++)
        {
            acknowledged = now;
            unacknowledged = Transport.UnacknowledgedLength;
        }

        // Without a count of acknowledged bytes, as for a Unix socket, the unacknowledged ones count backwards.
        acknowledged ??= (uint?)-unacknowledged;
        end = (acknowledged ?? 0) + (uint)(unacknowledged ?? 0) + (uint)Sends.SendBufferLength;
        return acknowledged;
    }

    private WebSocketSlowConsumerPolicy PolicyOf(in WebSocketSendOptions options) =>
        options.SlowConsumer ?? Settings.SlowConsumerPolicy;

    // The peer is slow, unless the message waits for its turn only.
    private void NoteNoRoom(bool closes)
    {
        bool becomes = Sends.TryBecomeSlow();
        if (becomes || (closes && Sends.IsSlow))
        {
            SlowConsumer.NoteSlow(becomes, closes);
        }
    }

    private bool MayAnswerPing =>
        Settings.Options.AnswerPings && (Volatile.Read(ref _closing) is not { } closing || closing.MayAnswerPing());

    // The peer is not to blame for the time in which reading waits for the application.
    private void NotePausedIf(ReadVerdict verdict)
    {
        if (verdict == ReadVerdict.Pause)
        {
            _optional?.Rates?.NotePaused();
            _deadlines?.NoteReadingPaused();
        }
    }

    private PeerDeadlines NeedDeadlines() =>
        _deadlines ?? Interlocked.CompareExchange(ref _deadlines, new PeerDeadlines(this), null) ?? _deadlines;

    /// <summary>Fails the connection for the application.</summary>
    public void Fail(CloseStatus status)
    {
        // After the end there is nothing to fail, and what was received stays.
        if (State != WebSocketConnectionState.Closed)
        {
            Fail(status, cause: null, letsAnswer: false, dropsReceived: true);
        }
    }

    private void Fail(CloseStatus status, Exception? cause, bool letsAnswer, bool dropsReceived = false)
    {
        Closing.Fail(status, cause, letsAnswer, dropsReceived);
        Receiver.ReadOn();
    }

    // Everything that is sent during the call leaves in one write at its end.
    private void BeginCall()
    {
        Sends.Cork();
        if (Volatile.Read(ref _closing) is not null)
        {
            Receiver.OnCallBegun();
        }
    }

    // Takes the bytes that were received and not parsed because the inbox was full: no more can arrive.
    private void TakeRest()
    {
        if (_reads.IsUnfinished && !IsInputOver)
        {
            Receiver.TakeAll();
            _reads.OnReadingResumed();
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
        NoteEnd(result);
        _pings?.FailAll(CreateClosedException);
        Settings.Logger.Closed(Connection.Id, result.Code, result.WasClean, result.Exception);
        if (Pull is not null)
        {
            // A pending receive completes with its own result before the token is canceled because of the end.
            Receiver.End(isCall);
            closing.Announce();
            Pull.NoteEndReported();
        }
        else
        {
            closing.Announce();
            Receiver.End(isCall);
        }
    }

    private void NoteOpened()
    {
        Group.NoteOpened();
        if (Settings.Host is { ListsConnections: true })
        {
            return;
        }

        LiveConnections.Add(this);
        if (State == WebSocketConnectionState.Closed)
        {
            // The transport was closed before this, on another thread, and the connection may have been removed before it was added.
            LiveConnections.Remove(this);
        }
    }

    private void NoteEnd(WebSocketCloseResult result)
    {
        var end = new ConnectionEnd(result.Code, result.Initiator == WebSocketCloseInitiator.Local, result.Exception);
        end.Record(Group, Settings.Role, DeadlineWheel.Tick * ((uint)Settings.Wheel.CurrentTick - _openedTick));
        if (Activity is { } activity)
        {
            end.Stop(activity);
        }
    }
}
