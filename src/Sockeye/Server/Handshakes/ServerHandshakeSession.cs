using System.Buffers;
using System.Diagnostics;
using Sockeye.Connections;
using Sockeye.Protocol;
using Sockeye.Telemetry;
using Sockeye.Timing;
using Sockeye.Transports;

namespace Sockeye.Server.Handshakes;

/// <summary>
/// The opening handshake on one transport: receives the request, takes it through the steps, responds, and hands the transport over to
/// the connection (RFC 6455 §4.2).
/// </summary>
internal sealed class ServerHandshakeSession : Deadline, ITransportSink, IOpeningHandshake
{
    private readonly ServerContext _server;
    private readonly ConnectionSettings _settings;
    private readonly Transport _transport;
    private RequestBytes _request;

    // Set while the request is handled, and while the application decides.
    private UpgradeAttempt? _attempt;

    // Set once the request is rejected.
    private volatile LingeringRejection? _rejection;

    // What follows this handshake, if anything does: in one object, since most have neither and there are very many.
    private HandshakeFollowers? _followers;

    private volatile bool _isOverdue;

    // The deadline and a stop come on other threads: the first to set this decides.
    private byte _isDecided;
    private bool _hasEnded;

    /// <summary>Takes over a transport. Nothing happens before <see cref="Start()"/>.</summary>
    /// <param name="server">The rules and the connections of the server.</param>
    /// <param name="settings">What the session, and the connection after it, share with others.</param>
    /// <param name="transport">The transport.</param>
    /// <param name="outcome">Receives the outcome, if a caller waits for it.</param>
    public ServerHandshakeSession(
        ServerContext server, ConnectionSettings settings, Transport transport, AcceptOutcome? outcome = null)
    {
        _followers = outcome is null ? null : new HandshakeFollowers { Outcome = outcome };
        _server = server;
        _settings = settings;
        _transport = transport;
        transport.Sink = this;

        // Added before it can be made to give way: a session that has ended must not be added.
        server.Add(this);
    }

    private AcceptOutcome? Outcome => _followers?.Outcome;

    private MeasuredHandshake? Measured
    {
        get => _followers?.Measured;
        set
        {
            if (value is not null)
            {
                (_followers ??= new HandshakeFollowers()).Measured = value;
            }
        }
    }

    /// <inheritdoc/>
    public int Position { get; set; }

    /// <inheritdoc/>
    public PendingPlace? PendingPlace { get; set; }

    /// <summary>Begins to read the request.</summary>
    public void Start() => Start(_server.Options.HandshakeTimeout, MeasuredHandshake.Begin(_settings.Wheel.Time));

    /// <summary>Begins to read the request, for which TLS has left the given part of the time.</summary>
    /// <param name="timeout">That part.</param>
    /// <param name="measured">What listens to the handshake since TLS began, if anything does.</param>
    public void Start(TimeSpan timeout, MeasuredHandshake? measured)
    {
        Measured = measured;
        _settings.Wheel.Schedule(this, timeout);
        if (_rejection is not null)
        {
            // A stop came before the start, and its deadline has just been replaced.
            LingeringRejection.Schedule(_settings.Wheel, this);
        }

        if (Volatile.Read(ref _hasEnded))
        {
            _settings.Wheel.Cancel(this);
        }

        StartTransport();
        if (_server.Connections.IsStopping)
        {
            // The stop has rejected the sessions that it saw; this one may have been added later.
            RejectUndecided();
        }
    }

    /// <summary>Rejects a client before its request is read.</summary>
    public void StartRejected(HandshakeRejection response) => StartRejected(() => response);

    /// <summary>Rejects the client of a stream before its request is read.</summary>
    public void StartRejected(WebSocketHandshakeError error)
    {
        Measured = MeasuredHandshake.Begin(_settings.Wheel.Time);
        StartRejected(() =>
        {
            var cause = new RejectionCause(error);
            HandshakeRejection response = _server.Failures.Reject(cause, _transport.RemoteEndPoint);
            Measured?.Fail(Group, response.StatusCode, error);
            Outcome?.OnRejected(cause, response.StatusCode);
            return response;
        });
    }

    /// <inheritdoc/>
    public void RejectUndecided()
    {
        if (TryDecide())
        {
            Reject(WebSocketHandshakeError.ServerUnavailable);
        }
    }

    /// <summary>Aborts the transport, unless a response was sent: the caller that waits for the outcome has canceled.</summary>
    public void AbortUndecided()
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
            _rejection?.Discard(bytes.Length);
            return ReadVerdict.Continue;
        }

        if (_attempt?.Pending is { } pending)
        {
            pending.Add(bytes);
            return pending.Verdict;
        }

        OperationStatus status = _request.Read(
            _settings.Pool, _server.HeadLimits, ref bytes, out int headLength, out HttpError httpError);
        if (status == OperationStatus.NeedMoreData)
        {
            _server.Pending.NoteBegun(this);
            return ReadVerdict.Continue;
        }

        if (!TryDecide())
        {
            return ReadVerdict.Continue;
        }

        ReadVerdict verdict = status == OperationStatus.Done
            ? Respond(bytes[..headLength], bytes[headLength..])
            : Reject(httpError.ToHandshakeError());

        // The attempt has a copy of what is needed: no buffer is held while the application decides or a client lingers.
        _request.Release();
        return verdict;
    }

    /// <inheritdoc/>
    public ReadVerdict OnReadingResumed() =>
        _attempt is not { Pending: { } pending } attempt || IsDecided ? ReadVerdict.Continue
        : pending.IsSettled && TryDecide() ? Execute(attempt, UpgradeFlow.Conclude(attempt, pending), pending.Early)
        : pending.Verdict;

    /// <inheritdoc/>
    public void OnWritten() => _transport.ShutdownOutput();

    /// <inheritdoc/>
    public void OnHeldUp(TimeSpan duration) => _server.Logger.HandshakeHeldUp(_transport.RemoteEndPoint ?? EndPoints.Unknown, duration);

    /// <inheritdoc/>
    public void OnStuck(TimeSpan duration) => _server.Logger.HandshakeStuck(_transport.RemoteEndPoint ?? EndPoints.Unknown, duration);

    /// <inheritdoc cref="ITransportSink.OnFaulted"/>
    public override void OnFaulted(Exception exception)
    {
        // The abort comes first, because the log is the application's code.
        _transport.Abort(exception);
        _server.Logger.HandshakeFaulted(_transport.RemoteEndPoint ?? EndPoints.Unknown, exception);
    }

    /// <inheritdoc/>
    public void OnInputEnded()
    {
        ReportIfUndecided();
        _transport.Close();
    }

    /// <inheritdoc/>
    public void OnClosed(Exception? error)
    {
        // A reset comes without an end of the input.
        ReportIfUndecided();
        _attempt?.LeavePlace();
        End();
        CancelDecision();
        Outcome?.OnClosed(error);
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
            // Without a rejection, the application is deciding in place; if its decision becomes pending, it is overdue.
            _rejection?.OnDue(wheel, this);
        }
    }

    /// <inheritdoc/>
    public void GiveWay()
    {
        if (TryDecide())
        {
            _server.Failures.ReportGaveWay(_transport.RemoteEndPoint);
            Measured?.Fail(Group, statusCode: null, WebSocketHandshakeError.TimedOut);
            Outcome?.OnRejected(new(WebSocketHandshakeError.TimedOut), statusCode: null);
        }
        else if (_rejection is null)
        {
            // The request has just arrived, and the response is on its way.
            return;
        }

        _transport.Abort(error: null);
    }

    private void ReportIfUndecided()
    {
        if (TryDecide())
        {
            _server.Failures.ReportAbandoned(_transport.RemoteEndPoint, _attempt?.RequestIfKept);
            Measured?.Fail(Group, statusCode: null, WebSocketHandshakeError.ConnectionLost);
        }
    }

    private void TimeOut()
    {
        if (_request.HasBegun || _attempt is not null)
        {
            Reject(WebSocketHandshakeError.TimedOut);
            return;
        }

        // A browser may open a connection before it has a request. It would treat a response as that to its first request.
        _server.Failures.ReportSilent(_transport.RemoteEndPoint);
        Measured?.Fail(Group, statusCode: null, WebSocketHandshakeError.TimedOut);
        Outcome?.OnRejected(new(WebSocketHandshakeError.TimedOut), statusCode: null);
        _transport.Close();
    }

    private void CancelDecision() => _attempt?.Pending?.Cancel(_server.Logger, _transport.RemoteEndPoint);

    private bool IsDecided => Volatile.Read(ref _isDecided) != 0;

    private bool TryDecide() => Interlocked.Exchange(ref _isDecided, (byte)1) == 0;

    private ReadVerdict Respond(ReadOnlySpan<byte> head, Span<byte> rest)
    {
        UpgradeAttempt attempt = UpgradeAttempt.Rent(_server, _transport, _settings);
        _attempt = attempt;
        Activity? outer = Measured is null ? null : Activity.Current;
        Measured?.StartServer(head, _settings.Scope.IsSecure, _transport.RemoteEndPoint);
        ReadVerdict verdict = Execute(attempt, UpgradeFlow.Run(attempt, head), rest);
        if (Measured is not null)
        {
            // This thread serves other connections next. Code of the application that is still deciding has the activity in its own flow.
            Activity.Current = outer;
        }

        if (attempt.Pending is null)
        {
            // Accepted or rejected in place.
            _attempt = null;
            attempt.Return();
        }

        return verdict;
    }

    private ReadVerdict Execute(UpgradeAttempt attempt, in UpgradeResult result, Span<byte> rest)
    {
        if (result.Connection is { } connection)
        {
            return Open(attempt, connection, rest);
        }

        if (attempt.Pending is { } pending && result.IsPending)
        {
            return Await(pending, rest);
        }

        return Reject(result);
    }

    private ReadVerdict Open(UpgradeAttempt attempt, ConnectionCore connection, Span<byte> rest)
    {
        // A stop sees the session or the connection at any time. It may have begun while the application decided.
        attempt.HandOverPlace(connection);
        if (!_server.Connections.TryAdd(connection))
        {
            connection.Sends.Terminate();
            _transport.Sink = this;
            return Reject(WebSocketHandshakeError.ServerUnavailable);
        }

        End();
        Measured?.NoteOpened(attempt.Route.Pattern?.Text, connection.Connection.Id, connection.Connection.Subprotocol);
        Measured?.Succeed(connection.Group);
        connection.Start(Measured?.Context ?? default);

        // A client that does not wait for the response has sent its first frames after the request.
        ReadVerdict verdict = rest.IsEmpty ? ReadVerdict.Continue : connection.OnReceived(rest);
        connection.EndCall();
        Outcome?.OnOpened(connection.Connection);
        return verdict;
    }

    private ReadVerdict Await(PendingDecision pending, Span<byte> rest)
    {
        pending.Add(rest);
        _server.Pending.NoteWhole(this);

        // From here on the deadline and a stop may decide again.
        Interlocked.Exchange(ref _isDecided, (byte)0);
        _ = pending.FollowAsync(_transport.ResumeReading);
        if (_isOverdue && TryDecide())
        {
            return Reject(WebSocketHandshakeError.TimedOut);
        }

        if (_server.Connections.IsStopping)
        {
            RejectUndecided();
        }

        return pending.Verdict;
    }

    private ReadVerdict Reject(WebSocketHandshakeError error) => Reject(UpgradeResult.Rejected(error));

    private ReadVerdict Reject(in UpgradeResult result)
    {
        _rejection = new LingeringRejection(_transport);
        _attempt?.LeavePlace();
        RejectionCause cause = _attempt?.CauseOf(result.Error) ?? new(result.Error);
        HandshakeRejection response = result is { IsPlain: true, Response: { } plain }
            ? plain
            : _server.Failures.Reject(cause, _transport.RemoteEndPoint, result.Response);
        Measure(result, response.StatusCode);
        Outcome?.OnRejected(cause, response.StatusCode);
        return Send(response, _attempt is { IsHead: true });
    }

    private ReadVerdict Send(HandshakeRejection response, bool isHead)
    {
        LingeringRejection.Schedule(_settings.Wheel, this);
        _server.Pending.NoteRejected(this);
        if (UpgradeResponses.TrySendFinal(_transport, response, isHead))
        {
            _transport.ShutdownOutput();
        }

        if (_attempt?.Pending is not null)
        {
            // Reading may be paused. What the client still sends is read and discarded.
            CancelDecision();
            _transport.ResumeReading();
        }

        return ReadVerdict.Continue;
    }

    // The route is known once the head was parsed.
    private ConnectionGroup Group => (_attempt?.Settings ?? _settings).Scope.Groups.For(Role.Server, _transport.Network);

    private void Measure(in UpgradeResult result, int statusCode)
    {
        if (Measured is not { } measured)
        {
            return;
        }

        measured.NoteRoute(_attempt?.Route.Pattern?.Text);
        if (result.IsPlain)
        {
            measured.Dismiss(statusCode);
        }
        else
        {
            measured.Fail(Group, statusCode, result.Error);
        }
    }

    private void StartRejected(Func<HandshakeRejection> reject)
    {
        // A stop may have rejected the client already.
        bool isFirst = TryDecide();
        if (isFirst)
        {
            _rejection = new LingeringRejection(_transport);
        }

        StartTransport();
        if (isFirst)
        {
            Send(reject(), isHead: false);
        }
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
        Volatile.Write(ref _hasEnded, true);
        _settings.Wheel.Cancel(this);
        _server.Remove(this);
    }

    private sealed class HandshakeFollowers
    {
        /// <summary>What a caller of the acceptor waits for.</summary>
        public AcceptOutcome? Outcome { get; init; }

        /// <summary>What is measured, while anything listens.</summary>
        public MeasuredHandshake? Measured { get; set; }
    }
}
