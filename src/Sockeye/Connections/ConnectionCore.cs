using Sockeye.Protocol;
using Sockeye.Transports;

namespace Sockeye.Connections;

/// <summary>
/// What is behind a <see cref="WebSocketConnection"/>: joins the transport and the parts of a connection, and passes
/// between them. Each part does its own work and can be tested alone.
/// </summary>
internal sealed class ConnectionCore : ITransportSink, ISendQueueOwner, IKeepAliveOwner
{
    private readonly WebSocketConnection _connection;
    private readonly ConnectionSettings _settings;
    private readonly WebSocketHandler? _handler;
    private readonly Receiver _receiver;
    private readonly ReadSide _reads;
    private readonly KeepAlive _keepAlive;
    private readonly Action<WebSocketConnection>? _onClosed;
    private PingTracker? _pings;

    /// <summary>Joins the parts; nothing is read until <see cref="Start"/>.</summary>
    /// <param name="connection">The face of this connection.</param>
    /// <param name="transport">Its transport, which nobody else uses from now on.</param>
    /// <param name="settings">What it shares with others.</param>
    /// <param name="handler">
    /// Who receives its messages; <see langword="null"/>, or a <see cref="DelegateHandler"/>, if they are asked for.
    /// </param>
    /// <param name="onClosed">Told when the connection has ended, before anybody else.</param>
    public ConnectionCore(
        WebSocketConnection connection, Transport transport, ConnectionSettings settings, WebSocketHandler? handler,
        Action<WebSocketConnection>? onClosed)
    {
        _connection = connection;
        _settings = settings;
        _handler = handler;
        _onClosed = onClosed;
        Transport = transport;
        WebSocketConnectionOptions options = settings.Options;
        Sends = new SendQueue(settings.Role, transport, this, options.Limits.MaxSendBufferLength, settings.Pool);
        Closing = new ClosingSequence(settings.Role, transport, Sends, settings.Wheel, options.CloseTimeout);
        Pull = handler is null or DelegateHandler ? new PullReceiver(transport, Sends, Closing, options, settings.Pool) : null;
        _receiver = (Receiver?)Pull
            ?? new HandlerReceiver(connection, handler!, this, transport, Sends, Closing, options, settings.Pool);
        _reads = new ReadSide(this, settings.Reader, _receiver, Sends, Closing);
        _keepAlive = new KeepAlive(options.KeepAlive, settings.Wheel, this);
        transport.Sink = this;
    }

    /// <summary>What moves the bytes.</summary>
    public Transport Transport { get; }

    /// <summary>The send side.</summary>
    public SendQueue Sends { get; }

    /// <summary>How the connection ends.</summary>
    public ClosingSequence Closing { get; }

    /// <summary>Where messages wait to be asked for; <see langword="null"/> if a handler is called with them.</summary>
    public PullReceiver? Pull { get; }

    /// <summary>Whether messages are delivered piece by piece.</summary>
    public bool DeliversFragments => _settings.Options.DeliverFragments;

    /// <summary>The pings that are underway.</summary>
    public PingTracker Pings =>
        _pings ?? Interlocked.CompareExchange(ref _pings, new PingTracker(_settings.Wheel.Time), null) ?? _pings;

    /// <summary>How long the last answered ping took.</summary>
    public TimeSpan? RoundTripTime => _pings?.RoundTripTime;

    /// <inheritdoc/>
    public bool IsReadingPaused => _receiver.IsReadingPaused;

    /// <summary>Tells the handler, and gets ready for the first bytes.</summary>
    public void Start()
    {
        _settings.Logger.Opened(_connection.Id, Transport.RemoteEndPoint);
        _keepAlive.Start();
        if (_handler is not null)
        {
            // What is sent from here leaves before, or with, the answers to the first bytes.
            try
            {
                _handler.OnOpen(_connection);
            }
            catch (Exception exception)
            {
                OnHandlerFailed(exception);
            }
        }
    }

    /// <inheritdoc/>
    public ReadVerdict OnReceived(Span<byte> bytes)
    {
        _keepAlive.NoteLife();
        return _reads.OnReceived(bytes);
    }

    /// <summary>
    /// Takes bytes that were received before the connection was there; they are looked at when reading is resumed.
    /// </summary>
    public void GiveBack(ReadOnlySpan<byte> bytes) => _reads.GiveBack(bytes);

    /// <inheritdoc/>
    public void OnHeldUp(TimeSpan duration) => _settings.Logger.HeldUp(_connection.Id, duration);

    /// <inheritdoc/>
    public ReadVerdict OnReadingResumed() => _reads.OnReadingResumed();

    /// <inheritdoc/>
    public void OnWritten() => Sends.OnWritten();

    /// <inheritdoc/>
    public void OnOutputFailed(Exception error) => Closing.OutputFailed(error);

    /// <inheritdoc/>
    public void OnInputEnded() => Closing.InputEnded();

    /// <inheritdoc/>
    public void OnClosed(Exception? error)
    {
        _keepAlive.Stop();

        // First, so that a server does not have a connection any more whose end somebody has heard of.
        _onClosed?.Invoke(_connection);
        WebSocketCloseResult result = Closing.Complete(error);
        Sends.Terminate();
        _reads.Release();
        _pings?.FailAll(CreateClosedException);
        _settings.Logger.Closed(_connection.Id, result.Code, result.WasClean, result.Exception);
        Closing.Announce();
        _receiver.End(result, discard: Closing.IsFailed);
    }

    /// <inheritdoc/>
    public WebSocketClosedException CreateClosedException() => new(Closing.Describe());

    /// <inheritdoc/>
    public void OnSendProgress() => _keepAlive.NoteLife();

    /// <inheritdoc/>
    public void OnSendBufferDrained() => _receiver.OnSendBufferDrained();

    /// <inheritdoc/>
    public void SendKeepAlivePing()
    {
        // Without room for a ping there is traffic enough, and its progress is a sign of life.
        Span<byte> payload = stackalloc byte[PingTracker.PayloadLength];
        Pings.Begin(payload, answer: null);
        Sends.TrySendPing(payload);
    }

    /// <inheritdoc/>
    public void OnPeerSilent()
    {
        _settings.Logger.PeerSilent(_connection.Id);
        Closing.Abort(new TimeoutException(
            $"The peer sent nothing within {_settings.Options.KeepAlive.PongTimeout} of a ping."));
    }

    /// <summary>A ping has arrived.</summary>
    public void OnPing(ReadOnlySpan<byte> payload)
    {
        // §5.5.2: "MUST send a Pong frame in response, unless it already received a Close frame", and soon: before the
        // application sees it.
        if (_settings.Options.AnswerPings)
        {
            Sends.SendPong(payload);
        }

        try
        {
            _handler?.OnPing(_connection, payload);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(exception);
        }
    }

    /// <summary>A pong has arrived.</summary>
    public void OnPong(ReadOnlySpan<byte> payload)
    {
        _pings?.OnPong(payload);
        try
        {
            _handler?.OnPong(_connection, payload);
        }
        catch (Exception exception)
        {
            OnHandlerFailed(exception);
        }
    }

    /// <summary>The peer broke a rule: fails the connection (§7.1.7).</summary>
    public void OnViolation(ProtocolError error)
    {
        WebSocketCloseCode closeCode = error.CloseCode();
        _settings.Logger.PeerBrokeRule(_connection.Id, closeCode, error);
        Fail(new CloseStatus(closeCode, ""), new WebSocketProtocolException(error));
    }

    /// <summary>The application closes the connection.</summary>
    public void BeginClose(CloseStatus status)
    {
        Closing.Begin(status);
        _receiver.ReadOn();
    }

    /// <summary>The application's code has thrown: its connection ends, nobody else's.</summary>
    public void OnHandlerFailed(Exception exception)
    {
        bool isConsequence = exception is WebSocketClosedException or OperationCanceledException
            && Closing.State != WebSocketConnectionState.Open;
        if (isConsequence)
        {
            _settings.Logger.HandlerEndedWithConnection(_connection.Id, exception);
            return;
        }

        _settings.Logger.HandlerThrew(_connection.Id, exception);
        Fail(new CloseStatus(WebSocketCloseCode.InternalError, ""), exception);
    }

    /// <summary>A fragmented message will never be completed; nothing else could follow it.</summary>
    public void OnMessageAbandoned()
    {
        if (Closing.State == WebSocketConnectionState.Open)
        {
            _settings.Logger.MessageAbandoned(_connection.Id);
            Fail(
                new CloseStatus(WebSocketCloseCode.InternalError, ""),
                new InvalidOperationException("A fragmented message was begun and not completed."));
        }
    }

    /// <summary>Hands a payload that a handler was given to its asynchronous method.</summary>
    public void HandOver(ReadOnlySpan<byte> payload, WebSocketMessageKind kind, bool endOfMessage)
    {
        if (_receiver is HandlerReceiver receiver)
        {
            receiver.HandOver(payload, kind, endOfMessage);
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
        Sends.SendAsync(new FrameToSend { Opcode = opcode, Fin = true, Payload = payload }, cancellationToken);

    /// <summary>Sends a message of any number of bytes that the caller keeps until the task completes.</summary>
    public ValueTask SendMessage(
        ReadOnlyMemory<byte> payload, WebSocketMessageKind kind, byte[]? rented, CancellationToken cancellationToken) =>
        Sends.SendAsync(
            new FrameToSend { Opcode = MessageOpcode.Of(kind), Fin = true, Payload = payload, Rented = rented },
            cancellationToken);

    /// <summary>An array for a payload that is made here.</summary>
    public byte[] Rent(int length) => _settings.Pool.Rent(length);

    private void Fail(CloseStatus status, Exception cause)
    {
        Closing.Fail(status, cause);
        _receiver.ReadOn();
    }
}
