using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using Sockeye.Connections.Lifecycle;
using Sockeye.Connections.Receiving;

namespace Sockeye.Interop;

/// <summary>A connection as a <see cref="WebSocket"/> of the platform.</summary>
/// <remarks>
/// The state is that of the application: what the connection has received counts when a call returns it. What this end has sent is
/// asked of the connection, which may also close by itself, as when its server stops.
/// </remarks>
internal class ConnectionWebSocket : WebSocket
{
    private readonly WebSocketConnection _connection;
    private readonly PullReceiver _pull;
    private readonly Lock _gate = new();

    // All but the Close frame of this end: Open, CloseReceived, Closed or Aborted. Guarded by _gate.
    private WebSocketState _state = WebSocketState.Open;
    private WebSocketCloseStatus? _closeStatus;
    private string? _closeDescription;
    private bool _isDisposed;

    // Whether the connection has answered the peer's Close frame before the application had this socket: an application that closes then, as
    // it would have had to, must not fail.
    private readonly bool _wasAnswered;

    // The unread bytes of the piece on loan, and the message they belong to. Only for the receive that has set _isReceiving.
    private ReadOnlyMemory<byte> _rest;
    private WebSocketMessageType _type;
    private bool _endsMessage;
    private bool _endsFrame;
    private bool _hasRest;
    private ushort _loan;
    private int _isReceiving;

    // The message that is being sent in fragments.
    private WebSocketMessageWriter? _writer;
    private bool _compresses;

    /// <summary>Creates the socket of a connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="pull">Its receiver.</param>
    public ConnectionWebSocket(WebSocketConnection connection, PullReceiver pull)
    {
        _connection = connection;
        _pull = pull;
        pull.DeferCloseReply();
        _wasAnswered = connection.Core is { HasPeerClosed: true, HasSentClose: true };
    }

    /// <inheritdoc/>
    public override WebSocketState State
    {
        get
        {
            lock (_gate)
            {
                return StateLocked;
            }
        }
    }

    /// <inheritdoc/>
    public override WebSocketCloseStatus? CloseStatus
    {
        get
        {
            lock (_gate)
            {
                return _closeStatus;
            }
        }
    }

    /// <inheritdoc/>
    public override string? CloseStatusDescription
    {
        get
        {
            lock (_gate)
            {
                return _closeDescription;
            }
        }
    }

    /// <inheritdoc/>
    public override string? SubProtocol => _connection.Subprotocol;

    private WebSocketState StateLocked => _wasAnswered || !_connection.Core.HasSentClose
        ? _state
        : _state switch
        {
            WebSocketState.Open => WebSocketState.CloseSent,
            WebSocketState.CloseReceived => WebSocketState.Closed,
            _ => _state,
        };

    /// <inheritdoc/>
    public override Task SendAsync(
        ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        PlatformArguments.KindOf(messageType);
        ArgumentNullException.ThrowIfNull(buffer.Array, nameof(buffer));
        return SendAsync(buffer.AsMemory(), messageType, endOfMessage, cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        SendAsync(
            buffer, messageType, endOfMessage ? WebSocketMessageFlags.EndOfMessage : WebSocketMessageFlags.None, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, WebSocketMessageFlags messageFlags,
        CancellationToken cancellationToken)
    {
        WebSocketMessageKind kind = PlatformArguments.KindOf(messageType);
        WebSocketState state = State;
        if (state is not (WebSocketState.Open or WebSocketState.CloseReceived))
        {
            return ValueTask.FromException(CreateInvalidState(state));
        }

        // Not HasFlag, which boxes before it is optimized.
        bool endsMessage = (messageFlags & WebSocketMessageFlags.EndOfMessage) != 0;
        bool compresses = (messageFlags & WebSocketMessageFlags.DisableCompression) == 0;
        WebSocketMessageWriter? writer = _writer;
        if (writer is null && endsMessage)
        {
            // As the platform's does: a message waits for room, whatever the connection's policy for slow consumers.
            var options = new WebSocketSendOptions { Compress = compresses, SlowConsumer = WebSocketSlowConsumerPolicy.Wait };
            ValueTask sending = _connection.SendAsync(buffer, kind, options, cancellationToken);
            return sending.IsCompletedSuccessfully ? sending : AwaitSendAsync(sending);
        }

        if (writer is not null && compresses != _compresses)
        {
            // RFC 7692 §6: a message is compressed as a whole.
            throw new ArgumentException(
                "All fragments of a message must agree on DisableCompression (RFC 7692 §6).", nameof(messageFlags));
        }

        bool isFirst = writer is null;
        if (writer is null)
        {
            _compresses = compresses;
            _writer = writer = _connection.BeginMessage(kind, compresses);
        }

        return SendFragmentAsync(writer, buffer, endsMessage, isFirst, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(buffer.Array, nameof(buffer));
        return ReceiveWithStatusAsync(buffer.AsMemory(), cancellationToken);
    }

    /// <inheritdoc/>
    public override ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        WebSocketState state = State;
        if (state is not (WebSocketState.Open or WebSocketState.CloseSent))
        {
            return ValueTask.FromException<ValueWebSocketReceiveResult>(CreateInvalidState(state));
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<ValueWebSocketReceiveResult>(cancellationToken);
        }

        return Interlocked.Exchange(ref _isReceiving, 1) == 0
            ? ReceiveNextAsync(buffer, cancellationToken)
            : ReceiveBesideAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task CloseOutputAsync(
        WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        WebSocketCloseCode? code = PlatformArguments.CloseCodeOf(closeStatus, statusDescription);
        WebSocketState state = State;
        if (state is not (WebSocketState.Open or WebSocketState.CloseReceived))
        {
            return Task.FromException(CreateInvalidState(state));
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellationToken);
        }

        _connection.Core.BeginClose(CloseArguments.Check(code, statusDescription));
        if (!_connection.Core.HasSentClose)
        {
            // The connection was lost before.
            return Task.FromException(Convert(_pull.CreateClosedException()));
        }

        if (_wasAnswered)
        {
            lock (_gate)
            {
                _state = state == WebSocketState.CloseReceived ? WebSocketState.Closed : WebSocketState.CloseSent;
            }
        }

        if (state == WebSocketState.CloseReceived)
        {
            // Nothing more can be received.
            _pull.Discard();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task CloseAsync(
        WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        WebSocketCloseCode? code = PlatformArguments.CloseCodeOf(closeStatus, statusDescription);
        WebSocketState state = State;
        return state is WebSocketState.Closed or WebSocketState.Aborted ? Task.FromException(CreateInvalidState(state))
            : cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken)
            : CloseAndWaitAsync(code, statusDescription, cancellationToken);
    }

    /// <inheritdoc/>
    public override void Abort()
    {
        lock (_gate)
        {
            if (StateLocked != WebSocketState.Closed)
            {
                _state = WebSocketState.Aborted;
            }
        }

        _connection.Abort();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        WebSocketState state;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            state = StateLocked;
            _state = state == WebSocketState.Aborted ? WebSocketState.Aborted : WebSocketState.Closed;
        }

        End(state);
    }

    /// <summary>The connection.</summary>
    protected WebSocketConnection Connection => _connection;

    /// <summary>Whether a receive is in progress.</summary>
    protected bool IsReceiving => Volatile.Read(ref _isReceiving) != 0;

    /// <summary>
    /// Whether a receive waits until its buffer is full or the frame has ended; if not, it returns what has arrived.
    /// </summary>
    protected virtual bool FillsBuffers => false;

    /// <summary>A receive begins while another one waits.</summary>
    protected virtual ValueTask<ValueWebSocketReceiveResult> ReceiveBesideAsync(
        Memory<byte> buffer, CancellationToken cancellationToken) =>
        ValueTask.FromException<ValueWebSocketReceiveResult>(ReceiveErrors.CreateConcurrent());

    /// <summary>A receive has ended, and another one may begin.</summary>
    protected virtual void OnReceiveEnded()
    {
    }

    /// <summary>The socket was disposed of.</summary>
    /// <param name="state">Its state before.</param>
    protected virtual void End(WebSocketState state)
    {
        if (state is WebSocketState.Open or WebSocketState.Aborted)
        {
            _connection.Abort();
            return;
        }

        // Both Close frames are exchanged within the connection's own deadlines.
        StopReceiving();
    }

    /// <summary>Drops the messages that were not received, and ends the receive that waits.</summary>
    protected void StopReceiving()
    {
        _pull.Discard();
        _pull.Cancel(new CancellationToken(canceled: true));
    }

    /// <summary>The exception for a connection that has ended without a completed closing handshake.</summary>
    protected virtual Exception CreateLost(WebSocketClosedException exception) =>
        exception.Result.Exception is WebSocketProtocolException violation
            ? new WebSocketException(WebSocketError.Faulted, violation.Message, exception)
            : new WebSocketException(WebSocketError.ConnectionClosedPrematurely, exception);

    private static WebSocketException CreateInvalidState(WebSocketState state) =>
        new(WebSocketError.InvalidState, $"The WebSocket is in the state {state}, in which this operation is not allowed.");

    private async Task CloseAndWaitAsync(WebSocketCloseCode? code, string? description, CancellationToken cancellationToken)
    {
        WebSocketCloseResult result =
            await _connection.CloseAsync(code, description, cancellationToken).ConfigureAwait(false);
        if (!result.WasClean)
        {
            throw ConvertEnd(_pull.CreateClosedException());
        }

        NoteClose(isClosed: true);
        if (Volatile.Read(ref _isReceiving) == 0)
        {
            _pull.Discard();
        }
    }

    // For an array segment the result has the peer's code too.
    private async Task<WebSocketReceiveResult> ReceiveWithStatusAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ValueWebSocketReceiveResult result = await ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
        return new WebSocketReceiveResult(
            result.Count, result.MessageType, result.EndOfMessage, CloseStatus, CloseStatusDescription);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ValueWebSocketReceiveResult> ReceiveNextAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            int length = 0;
            while (true)
            {
                if (!_hasRest)
                {
                    if (await _pull.ReceiveFragmentAsync(cancellationToken).ConfigureAwait(false) is not { } piece)
                    {
                        if (length > 0)
                        {
                            // The next receive returns the Close frame.
                            return new ValueWebSocketReceiveResult(length, _type, endOfMessage: false);
                        }

                        NoteClose(isClosed: false);
                        return new ValueWebSocketReceiveResult(0, WebSocketMessageType.Close, endOfMessage: true);
                    }

                    _rest = piece.Payload;
                    _type = piece.Kind == WebSocketMessageKind.Text ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
                    _endsMessage = piece.EndOfMessage;
                    _endsFrame = piece.EndsFrame;
                    _hasRest = true;
                    _loan = _pull.LastLoan;
                }

                length += Take(buffer.Span[length..]);
                if (_hasRest || _endsFrame || length == buffer.Length || !FillsBuffers)
                {
                    return new ValueWebSocketReceiveResult(length, _type, _endsMessage && !_hasRest);
                }
            }
        }
        catch (WebSocketClosedException exception)
        {
            throw ConvertEnd(exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Disposed while the receive waited.
            throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely, exception);
        }
        finally
        {
            Volatile.Write(ref _isReceiving, 0);
            OnReceiveEnded();
        }
    }

    private int Take(Span<byte> destination)
    {
        if (!_pull.IsOnLoan(_loan))
        {
            _hasRest = false;
            throw ReceiveErrors.CreateSkipped();
        }

        int length = Math.Min(destination.Length, _rest.Length);
        _rest.Span[..length].CopyTo(destination);
        _rest = _rest[length..];
        _hasRest = !_rest.IsEmpty;
        return length;
    }

    // The application has seen the peer's Close frame.
    private void NoteClose(bool isClosed)
    {
        WebSocketCloseResult result = _connection.Core.Closing.Describe();
        lock (_gate)
        {
            // What the platform's class reports for a Close frame without a code.
            _closeStatus ??= result.Code == WebSocketCloseCode.NoStatusReceived
                ? WebSocketCloseStatus.NormalClosure
                : (WebSocketCloseStatus)result.Code;
            _closeDescription ??= result.Reason;
            if (_state < WebSocketState.Closed)
            {
                _state = isClosed || _state == WebSocketState.CloseSent ? WebSocketState.Closed : WebSocketState.CloseReceived;
            }
        }
    }

    private async ValueTask SendFragmentAsync(
        WebSocketMessageWriter writer, ReadOnlyMemory<byte> buffer, bool endsMessage, bool isFirst, CancellationToken cancellationToken)
    {
        try
        {
            if (endsMessage)
            {
                await writer.CompleteAsync(buffer, cancellationToken).ConfigureAwait(false);
                _writer = null;
            }
            else
            {
                await writer.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (isFirst)
        {
            // Nothing of the message was sent: the next send may begin another.
            _writer = null;
            throw;
        }
        catch (WebSocketClosedException exception)
        {
            throw Convert(exception);
        }
    }

    private async ValueTask AwaitSendAsync(ValueTask sending)
    {
        try
        {
            await sending.ConfigureAwait(false);
        }
        catch (WebSocketClosedException exception)
        {
            throw Convert(exception);
        }
    }

    // Nothing can be sent any more. Something may be left to receive, so that the state stays.
    private Exception Convert(WebSocketClosedException exception) => State switch
    {
        WebSocketState.Open or WebSocketState.CloseReceived =>
            new WebSocketException(WebSocketError.ConnectionClosedPrematurely, exception),
        WebSocketState.Aborted => CreateAborted(exception),
        WebSocketState state => CreateInvalidState(state),
    };

    // The connection has ended without a completed closing handshake, and everything before it has been received.
    private Exception ConvertEnd(WebSocketClosedException exception)
    {
        lock (_gate)
        {
            if (_state == WebSocketState.Aborted)
            {
                return CreateAborted(exception);
            }

            if (!_isDisposed)
            {
                _state = WebSocketState.Aborted;
            }
        }

        return CreateLost(exception);
    }

    private static OperationCanceledException CreateAborted(Exception exception) => new("The WebSocket was aborted.", exception);
}
