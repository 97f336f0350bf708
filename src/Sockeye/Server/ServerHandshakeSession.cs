using System.Buffers;
using Sockeye.Collections;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>
/// The opening handshake on one transport: gathers the request, answers it, and makes way for the connection
/// (RFC 6455 §4.2).
/// </summary>
internal sealed class ServerHandshakeSession : Deadline, ITransportSink, IDenseSetEntry, IPendingHandshake
{
    private readonly ServerContext _context;
    private readonly Transport _transport;
    private readonly DetachedUpgrade? _detached;

    // Those of the route, once that is known.
    private ConnectionSettings _settings;

    private RequestBytes _request;

    // There while, and after, the application takes its time to decide.
    private PendingUpgrade? _pending;

    private volatile bool _isOverdue;

    // There once the client is refused.
    private volatile LingeringRefusal? _refusal;

    private ConnectionPlace _place;

    // The deadline comes on another thread: whoever sets it first has the say.
    private int _isDecided;

    /// <summary>Takes over a transport; nothing happens before <see cref="Start()"/>.</summary>
    /// <param name="context">The server's.</param>
    /// <param name="settings">For the session, and for the connection after it.</param>
    /// <param name="transport">The transport.</param>
    /// <param name="detached">Who waits for the outcome, if it is not a server.</param>
    public ServerHandshakeSession(
        ServerContext context, ConnectionSettings settings, Transport transport, DetachedUpgrade? detached = null)
    {
        _detached = detached;
        _context = context;
        _settings = settings;
        _transport = transport;
        transport.Sink = this;

        // Before it may be told to give way: what ends then is not added behind its end.
        context.Add(this);
    }

    /// <inheritdoc/>
    public int Position { get; set; }

    /// <inheritdoc/>
    public PendingPlace? PendingPlace { get; set; }

    /// <summary>Begins to read the request.</summary>
    public void Start() => Start(_context.Options.HandshakeTimeout);

    /// <summary>Begins to read the request, for which TLS has left less than all of the time.</summary>
    public void Start(TimeSpan timeout)
    {
        _settings.Wheel.Schedule(this, timeout);
        StartTransport();
        if (_context.IsStopping)
        {
            // Those that were there when the server stopped have been dropped; this one has just finished with TLS.
            Drop();
        }
    }

    /// <summary>Answers a client that has been refused before a session began, and drops what it sends.</summary>
    public void StartRefused(HandshakeRejection rejection)
    {
        _isDecided = 1;
        _refusal = new LingeringRefusal(_transport);
        StartTransport();
        Send(rejection, isHead: false);
    }

    /// <summary>Refuses, if nothing has been answered yet: the server is going away.</summary>
    public void Drop()
    {
        if (TryDecide())
        {
            Refuse(WebSocketHandshakeError.ServerUnavailable);
        }
    }

    /// <summary>Drops the transport, if nothing has been answered yet: nobody waits for a connection any more.</summary>
    public void Abandon()
    {
        if (TryDecide())
        {
            _transport.Abort(error: null);
        }
    }

    /// <inheritdoc/>
    public ReadVerdict OnReceived(Span<byte> bytes)
    {
        if (IsDecided)
        {
            _refusal?.Drop(bytes.Length);
            return ReadVerdict.Continue;
        }

        if (_pending is not null)
        {
            _pending.Add(bytes);
            return _pending.Verdict;
        }

        OperationStatus status = _request.Read(
            _settings.Pool, _context.HeadLimits, ref bytes, out int headLength, out HttpError httpError);
        if (status == OperationStatus.NeedMoreData)
        {
            _context.Pending.NoteBegun(this);
            return ReadVerdict.Continue;
        }

        if (!TryDecide())
        {
            return ReadVerdict.Continue;
        }

        ReadVerdict verdict = status == OperationStatus.Done
            ? Answer(bytes[..headLength], bytes[headLength..])
            : Refuse(httpError.ToHandshakeError());

        // What is needed of it has been kept otherwise: no buffer waits for a decision, or for a client to leave.
        _request.Release();
        return verdict;
    }

    /// <inheritdoc/>
    public ReadVerdict OnReadingResumed() =>
        _pending is null || IsDecided ? ReadVerdict.Continue
        : _pending.IsSettled && TryDecide() ? Conclude(_pending)
        : _pending.Verdict;

    /// <inheritdoc/>
    public void OnWritten() => _transport.ShutdownOutput();

    /// <inheritdoc/>
    public void OnHeldUp(TimeSpan duration) => _context.Logger.HandshakeHeldUp(_transport.RemoteEndPoint, duration);

    /// <inheritdoc/>
    public void OnStuck(TimeSpan duration) => _context.Logger.HandshakeStuck(_transport.RemoteEndPoint, duration);

    /// <inheritdoc cref="ITransportSink.OnFaulted"/>
    public override void OnFaulted(Exception exception)
    {
        // Dropped first: the log is the application's code.
        _transport.Abort(exception);
        _context.Logger.HandshakeFaulted(_transport.RemoteEndPoint, exception);
    }

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        TellIfUndecided();
        _transport.Close();
    }

    /// <inheritdoc/>
    public void OnClosed(Exception? error)
    {
        // A reset comes without an end of the input.
        TellIfUndecided();
        _place.Leave(_context.Caps);
        End();
        CancelDecision();
        _detached?.OnClosed(error);
        _request.Release();
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        _isOverdue = true;
        if (TryDecide())
        {
            TimeOut();
        }
        else
        {
            // If there is none, the application decides in place; if it wants more time, it has none.
            _refusal?.OnDue(wheel, this);
        }
    }

    /// <inheritdoc/>
    public void GiveWay()
    {
        if (TryDecide())
        {
            HandshakeFailures.TellGaveWay(_context, _transport.RemoteEndPoint);
            _detached?.OnRefused(WebSocketHandshakeError.TimedOut, statusCode: null, exception: null);
        }
        else if (_refusal is null)
        {
            // Its request has just come, and is being answered.
            return;
        }

        _transport.Abort(error: null);
    }

    private void TellIfUndecided()
    {
        if (TryDecide())
        {
            HandshakeFailures.TellAbandoned(_context, _transport.RemoteEndPoint, RequestOf(_pending?.Agreed.PackedHead));
        }
    }

    private void TimeOut()
    {
        if (_request.HasBegun || _pending is not null)
        {
            Refuse(WebSocketHandshakeError.TimedOut);
            return;
        }

        // A browser may open a connection before it has a request: an answer to none would be taken for that to the first.
        HandshakeFailures.TellSilent(_context, _transport.RemoteEndPoint);
        _detached?.OnRefused(WebSocketHandshakeError.TimedOut, statusCode: null, exception: null);
        _transport.Close();
    }

    private void CancelDecision() => _pending?.Cancel(_context.Logger, _transport.RemoteEndPoint);

    private bool IsDecided => Volatile.Read(ref _isDecided) != 0;

    private bool TryDecide() => Interlocked.Exchange(ref _isDecided, 1) == 0;

    private ReadVerdict Answer(ReadOnlySpan<byte> head, Span<byte> rest)
    {
        Span<HeaderLine> lines = HeaderLine.RoomFor(head, stackalloc HeaderLine[HeaderLine.UsualCount]);
        WebSocketHandshakeError error = UpgradeCheck.Check(
            _context, _transport, _settings, head, lines, ref _place, out AgreedUpgrade agreed, out ServerHandshakeOffer offer,
            out Exception? exception);
        _settings = agreed.Settings;
        if (error != WebSocketHandshakeError.None)
        {
            return Refuse(error, agreed, head: head, exception: exception);
        }

        return agreed.IsDecidedByApplication
            ? Decide(offer, agreed, rest)
            : Accept(offer, agreed, WebSocketUpgradeAcceptance.Default, rest);
    }

    private ReadVerdict Decide(ServerHandshakeOffer offer, AgreedUpgrade agreed, Span<byte> rest)
    {
        var cancellation = new CancellationTokenSource();
        ValueTask<WebSocketUpgradeDecision> deciding;
        try
        {
            deciding = agreed.AskAsync(RequestOf(agreed.PackedHead)!, cancellation.Token);
        }
        catch (Exception exception)
        {
            return Fail(exception, agreed);
        }

        if (deciding.IsCompletedSuccessfully)
        {
            return Obey(deciding.Result, offer, agreed, rest);
        }

        _pending = new PendingUpgrade(agreed, cancellation);
        _pending.Add(rest);
        _context.Pending.NoteWhole(this);

        // From here on the deadline has a say again, and so has whoever stops the server.
        Interlocked.Exchange(ref _isDecided, 0);
        _ = _pending.FollowAsync(deciding, _transport.ResumeReading);
        if (_isOverdue && TryDecide())
        {
            return Refuse(WebSocketHandshakeError.TimedOut);
        }

        if (_context.IsStopping)
        {
            Drop();
        }

        return _pending.Verdict;
    }

    private ReadVerdict Conclude(PendingUpgrade pending)
    {
        if (pending.Failure is { } failure)
        {
            return Fail(failure, pending.Agreed);
        }

        AgreedUpgrade agreed = pending.Agreed;
        byte[] head = PackedHead.Unpack(agreed.PackedHead);
        Span<HeaderLine> lines = HeaderLine.RoomFor(head, stackalloc HeaderLine[HeaderLine.UsualCount]);
        RequestHead.TryParse(head, lines, out RequestHead request);
        var offer = new ServerHandshakeOffer(request, agreed.Subprotocol, agreed.Deflate);
        return Obey(pending.Decision, offer, agreed, pending.Early);
    }

    private ReadVerdict Obey(
        WebSocketUpgradeDecision? decision, ServerHandshakeOffer offer, AgreedUpgrade agreed, Span<byte> rest) =>
        decision switch
        {
            WebSocketUpgradeAcceptance acceptance => Accept(offer, agreed, acceptance, rest),
            WebSocketUpgradeRejection rejection =>
                Refuse(WebSocketHandshakeError.RejectedByApplication, agreed, rejection.ToRejection()),
            PlainRequestDecision { Response: { } response } => Respond(response, agreed),
            PlainRequestDecision => Refuse(agreed.DeclinedAs, agreed),
            _ => Fail(new InvalidOperationException("Nothing was decided about the connection."), agreed),
        };

    private ReadVerdict Accept(
        ServerHandshakeOffer offer, AgreedUpgrade agreed, WebSocketUpgradeAcceptance acceptance, Span<byte> rest)
    {
        ConnectionCore core;
        try
        {
            core = UpgradeAnswer.Open(_transport, offer, agreed, acceptance);
        }
        catch (Exception exception)
        {
            return Fail(exception, agreed);
        }

        // At every moment one of the two is known to the server, which may be about to stop; or has, while the application
        // selected a handler.
        if (!_context.TryAdd(core))
        {
            core.Sends.Terminate();
            _transport.Sink = this;
            return Refuse(WebSocketHandshakeError.ServerUnavailable);
        }

        _place.HandOver();
        End();
        core.Start();

        // A client that does not wait for the response has its first frames behind the request.
        ReadVerdict verdict = rest.IsEmpty ? ReadVerdict.Continue : core.OnReceived(rest);
        core.EndCall();
        _detached?.OnOpened(core.Connection);
        return verdict;
    }

    private WebSocketUpgradeRequest? RequestOf(byte[]? packedHead) =>
        packedHead is null ? null : new(packedHead, _transport, _settings.Scope);

    private ReadVerdict Fail(Exception exception, in AgreedUpgrade agreed) =>
        Refuse(WebSocketHandshakeError.ApplicationFailed, agreed, exception: exception);

    private ReadVerdict Refuse(WebSocketHandshakeError error) => Refuse(error, _pending?.Agreed ?? default);

    private ReadVerdict Refuse(
        WebSocketHandshakeError error, in AgreedUpgrade agreed, HandshakeRejection? rejection = null, ReadOnlySpan<byte> head = default,
        Exception? exception = null)
    {
        byte[]? packedHead = agreed.PackedHead;
        packedHead ??= head.IsEmpty || _context.Options.OnHandshakeFailed is null ? null : RequestBytes.Pack(_settings.Pool, head);
        _refusal = new LingeringRefusal(_transport);
        _place.Leave(_context.Caps);
        rejection = HandshakeFailures.Tell(
            _context, error, rejection, _transport.RemoteEndPoint, RequestOf(packedHead), agreed.Detail, exception);
        _detached?.OnRefused(error, rejection.StatusCode, exception, agreed.Detail);
        return Send(rejection, agreed.IsHead);
    }

    private ReadVerdict Respond(WebSocketPlainResponse response, in AgreedUpgrade agreed)
    {
        _refusal = new LingeringRefusal(_transport);
        _context.Logger.PlainRequestAnswered(_transport.RemoteEndPoint, response.StatusCode);
        _detached?.OnRefused(agreed.DeclinedAs, response.StatusCode, exception: null);
        return Send(response.ToRejection(), agreed.IsHead);
    }

    private ReadVerdict Send(HandshakeRejection response, bool isHead)
    {
        LingeringRefusal.Schedule(_settings.Wheel, this);
        _context.Pending.NoteRejected(this);
        if (UpgradeAnswer.TryRefuse(_transport, response, isHead))
        {
            _transport.ShutdownOutput();
        }

        if (_pending is not null)
        {
            // It may have rested, and what the client still sends is to be read and dropped.
            CancelDecision();
            _transport.ResumeReading();
        }

        return ReadVerdict.Continue;
    }

    private void StartTransport()
    {
        try
        {
            _transport.Start();
        }
        catch
        {
            End();
            throw;
        }
    }

    private void End()
    {
        _settings.Wheel.Cancel(this);
        _context.Remove(this);
    }
}
