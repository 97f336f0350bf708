using System.Buffers;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>
/// The opening handshake on one transport: gathers the request, answers it, and makes way for the connection
/// (RFC 6455 §4.2).
/// </summary>
internal sealed class ServerHandshakeSession : Deadline, ITransportSink, IDenseSetEntry
{
    // As for a failed connection: so that the answer is not destroyed by a reset, read on for a while.
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(1);
    private const int MaxLingerLength = 16 * 1024 * 1024;

    // For the responses of a thread, one after the other.
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? Response;

    private readonly ServerContext _context;
    private readonly ConnectionSettings _settings;
    private readonly Transport _transport;

    // There while the head has arrived in part.
    private PartialHead? _partialHead;
    private int _lingered;

    // On the wheel's thread.
    private bool _isLetGo;

    // The deadline comes on another thread: whoever sets it first has the say.
    private int _isDecided;

    /// <summary>Takes over a transport; nothing happens before <see cref="Start"/>.</summary>
    /// <param name="context">The server's.</param>
    /// <param name="settings">For the session, and for the connection after it.</param>
    /// <param name="transport">The transport.</param>
    public ServerHandshakeSession(ServerContext context, ConnectionSettings settings, Transport transport)
    {
        _context = context;
        _settings = settings;
        _transport = transport;
        transport.Sink = this;
    }

    /// <inheritdoc/>
    public int Position { get; set; }

    /// <summary>Begins to read the request.</summary>
    public void Start()
    {
        _context.Add(this);
        _settings.Wheel.Schedule(this, _context.Options.HandshakeTimeout);
        _transport.Start();
        if (_context.IsStopping)
        {
            // Those that were there when the server stopped have been dropped; this one has just finished with TLS.
            Drop();
        }
    }

    /// <summary>Refuses, if nothing has been answered yet: the server is going away.</summary>
    public void Drop()
    {
        if (TryDecide())
        {
            Refuse(HandshakeError.ServerUnavailable);
        }
    }

    /// <inheritdoc/>
    public ReadVerdict OnReceived(Span<byte> bytes)
    {
        if (IsDecided)
        {
            // Nothing behind a refused request is ever looked at: a proxy that saw the refusal would take it for
            // another request, and so smuggle one past itself.
            _lingered += bytes.Length;
            if (_lingered > MaxLingerLength)
            {
                _transport.Close();
            }

            return ReadVerdict.Continue;
        }

        OperationStatus status = ReadHead(ref bytes, out int headLength, out HttpError httpError);
        if (status == OperationStatus.NeedMoreData)
        {
            return ReadVerdict.Continue;
        }

        if (!TryDecide())
        {
            return ReadVerdict.Continue;
        }

        return status == OperationStatus.Done
            ? Answer(bytes[..headLength], bytes[headLength..])
            : Refuse(httpError.ToHandshakeError());
    }

    /// <inheritdoc/>
    public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

    /// <inheritdoc/>
    public void OnWritten() => Finish();

    /// <inheritdoc/>
    public void OnHeldUp(TimeSpan duration) => _context.Logger.HandshakeHeldUp(_transport.RemoteEndPoint, duration);

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        if (TryDecide())
        {
            _context.Logger.HandshakeAbandoned(_transport.RemoteEndPoint);
        }

        _transport.Close();
    }

    /// <inheritdoc/>
    public void OnClosed(Exception? error)
    {
        End();
        Release();
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        if (TryDecide())
        {
            Refuse(HandshakeError.TimedOut);
        }
        else if (!_isLetGo)
        {
            // The client has what it was told, or it is still on its way: without a reset, which would destroy it.
            _isLetGo = true;
            wheel.Schedule(this, LingerTimeout);
            _transport.Close();
        }
        else
        {
            // The refusal was not even fetched.
            _transport.Abort(error: null);
        }
    }

    private bool IsDecided => Volatile.Read(ref _isDecided) != 0;

    private bool TryDecide() => Interlocked.Exchange(ref _isDecided, 1) == 0;

    private ReadVerdict Answer(ReadOnlySpan<byte> head, Span<byte> rest)
    {
        Span<HeaderLine> lines = stackalloc HeaderLine[HeadLimits.Default.MaxHeaderCount];
        HttpError httpError = RequestHead.TryParse(head, lines, out RequestHead request);
        if (httpError != HttpError.None)
        {
            return Refuse(httpError.ToHandshakeError());
        }

        HandshakeError error = ServerHandshake.Check(request, _context.Rules, out ServerHandshakeOffer offer);
        if (error == HandshakeError.None && _context.IsStopping)
        {
            error = HandshakeError.ServerUnavailable;
        }

        if (error != HandshakeError.None)
        {
            return Refuse(error);
        }

        byte[] packedHead = Pack(head);
        WebSocketHandler handler;
        try
        {
            handler = _context.SelectHandler(
                new WebSocketUpgradeRequest(packedHead, _transport, _settings.IsSecure))
                ?? throw new InvalidOperationException("No handler was selected for the connection.");
        }
        catch (Exception exception)
        {
            _context.Logger.UpgradeThrew(_transport.RemoteEndPoint, exception);
            return Refuse(new HandshakeRejection { StatusCode = 500, Body = "the server failed\n" });
        }

        return Accept(offer, packedHead, handler, rest);
    }

    private ReadVerdict Accept(
        ServerHandshakeOffer offer, byte[] packedHead, WebSocketHandler handler, Span<byte> rest)
    {
        ArrayBufferWriter<byte> response = BeginResponse();
        ServerResponse.WriteAccept(response, offer);

        var connection = new WebSocketConnection(
            _transport, _settings, handler, offer.Subprotocol, offer.PerMessageDeflate, packedHead);

        // The response is the first thing in the connection's queue before anybody knows of the connection, who could send
        // to it; and it leaves together with what the application sends first.
        ConnectionCore core = connection.Core;
        core.Sends.Cork();
        core.Sends.SendHandshake(response.WrittenSpan);

        // At every moment one of the two is known to the server, which may be about to stop; or has, while the application
        // selected a handler.
        if (!_context.TryAdd(core))
        {
            core.Sends.Terminate();
            _transport.Sink = this;
            return Refuse(HandshakeError.ServerUnavailable);
        }

        End();
        core.Start();

        // A client that does not wait for the response has its first frames behind the request.
        ReadVerdict verdict = rest.IsEmpty ? ReadVerdict.Continue : core.OnReceived(rest);
        core.Sends.Uncork();
        Release();
        return verdict;
    }

    private ReadVerdict Refuse(HandshakeError error)
    {
        int statusCode = error.StatusCode();
        _context.Logger.HandshakeRefused(_transport.RemoteEndPoint, statusCode, error);
        return Refuse(HandshakeRejection.For(error, _context.Rules));
    }

    private ReadVerdict Refuse(HandshakeRejection rejection)
    {
        // Not the thread's: the transport may be writing it for long.
        var response = new ArrayBufferWriter<byte>();
        ServerResponse.WriteRejection(response, rejection);
        _settings.Wheel.Schedule(this, LingerTimeout);
        int taken = _transport.TryWrite(response.WrittenSpan);
        if (taken == response.WrittenCount || _transport.Write(response.WrittenMemory[taken..]))
        {
            Finish();
        }

        return ReadVerdict.Continue;
    }

    private static ArrayBufferWriter<byte> BeginResponse()
    {
        ArrayBufferWriter<byte> response = Response ??= new ArrayBufferWriter<byte>();
        response.ResetWrittenCount();
        return response;
    }

    private byte[] Pack(ReadOnlySpan<byte> head)
    {
        byte[] buffer = _settings.Pool.Rent(PackedHead.MaxLength(head.Length));
        byte[] packed = buffer[..PackedHead.Pack(head, buffer)];
        _settings.Pool.Return(buffer);
        return packed;
    }

    private void Finish() => _transport.ShutdownOutput();

    // What was received so far is in bytes when the head is whole, or broken.
    private OperationStatus ReadHead(ref Span<byte> bytes, out int headLength, out HttpError error)
    {
        if (_partialHead is not null)
        {
            _partialHead.Add(bytes);
            bytes = _partialHead.Bytes;
            return _partialHead.Read(out headLength, out error);
        }

        // Usually the whole request comes at once, and is read from where it lies.
        var reader = new HeadReader(HeadLimits.Default);
        OperationStatus status = reader.Read(bytes, out headLength, out error);
        if (status == OperationStatus.NeedMoreData)
        {
            _partialHead = new PartialHead(_settings.Pool, reader);
            _partialHead.Add(bytes);
        }

        return status;
    }

    private void End()
    {
        _settings.Wheel.Cancel(this);
        _context.Remove(this);
    }

    private void Release() => _partialHead?.Release();
}
