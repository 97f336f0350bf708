using System.Net;
using Sockeye.Connections;
using Sockeye.Handshakes;
using Sockeye.Protocol;
using Sockeye.Server.Handshakes;
using Sockeye.Telemetry;
using Sockeye.Timing;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;

namespace Sockeye.Server.Listening;

/// <summary>
/// The TLS handshake of a client on an event loop, in place. Only with options that need no code of the application: that could block the
/// loop.
/// </summary>
internal sealed class LoopTlsHandshake : Deadline, ITlsHandshakeSink, IOpeningHandshake
{
    private readonly ServerContext _server;
    private readonly LoopTlsSetup _setup;
    private readonly EventLoopTransport _below;
    private readonly TlsTransport _tls;
    private readonly ConnectionSettings _settings;
    private readonly MeasuredHandshake? _measured;
    private readonly long _start;

    // The deadline and a stop come on other threads: the first to set this decides.
    private int _isDecided;
    private volatile bool _hasFailed;
    private bool _isClosing;
    private bool _isDoubted;

    /// <summary>Takes over a client. Nothing happens before <see cref="Start"/>.</summary>
    /// <param name="server">The rules and the connections of the server.</param>
    /// <param name="setup">What does TLS.</param>
    /// <param name="transport">The transport of the client.</param>
    public LoopTlsHandshake(ServerContext server, LoopTlsSetup setup, EventLoopTransport transport)
    {
        _server = server;
        _setup = setup;
        _below = transport;
        _settings = server.SettingsOn(transport.Loop.Wheel, isSecure: true);
        _measured = MeasuredHandshake.Begin(server.Options.TimeProvider);
        _start = server.Options.TimeProvider.GetTimestamp();
        _tls = new TlsTransport(transport, this, server.Options.Pool);

        // Added before it can be made to give way: a handshake that has ended must not be added.
        server.Add(this);
    }

    /// <inheritdoc/>
    public int Position { get; set; }

    /// <inheritdoc/>
    public PendingPlace? PendingPlace { get; set; }

    /// <summary>Begins to read.</summary>
    public void Start()
    {
        _settings.Wheel.Schedule(this, _server.Options.HandshakeTimeout);
        _tls.Start();
        if (_server.Connections.IsStopping)
        {
            RejectUndecided();
        }
    }

    /// <inheritdoc/>
    public TlsEngine CreateEngine()
    {
        _server.Pending.NoteBegun(this);
        return _setup.CreateEngine();
    }

    /// <inheritdoc/>
    public void OnHandshakeContinues()
    {
        if (_setup.Opening is { IsNotTls: true, MayBecomeHttp: true } && !_isDoubted)
        {
            // Another protocol than TLS is recognized by its first word, for which there is no reason to be late.
            _isDoubted = true;
            TimeSpan left = TimeLeft;
            _settings.Wheel.Schedule(this, left < TlsOpening.MaxFirstWordTime ? left : TlsOpening.MaxFirstWordTime);
        }
    }

    /// <inheritdoc/>
    public void OnHandshakeCompleted()
    {
        _setup.OnHandshakeCompleted(_tls.Tls!);
        if (!TryDecide())
        {
            // It was aborted meanwhile.
            return;
        }

        _settings.Wheel.Cancel(this);
        var session = new ServerHandshakeSession(_server, _settings, _tls);
        _server.Pending.HandOver(this, session);
        _server.Remove(this);
        session.Start(TimeLeft, _measured);
    }

    /// <inheritdoc/>
    public void OnHandshakeFailed(Exception exception)
    {
        if (TryDecide())
        {
            Fail(exception);
        }
    }

    /// <inheritdoc/>
    public void RejectUndecided()
    {
        if (TryDecide())
        {
            Report(new OperationCanceledException());
            _tls.Abort(error: null);
        }
    }

    /// <inheritdoc/>
    public void GiveWay()
    {
        if (TryDecide())
        {
            _server.Failures.ReportGaveWay(_below.RemoteEndPoint);
            _measured?.Fail(Group, statusCode: null, WebSocketHandshakeError.TimedOut);
        }

        _tls.Abort(error: null);
    }

    /// <inheritdoc/>
    public override void OnDue(DeadlineWheel wheel)
    {
        if (TryDecide())
        {
            Report(new OperationCanceledException());
        }
        else if (!_hasFailed)
        {
            // It was completed or aborted just now.
            return;
        }
        else if (_isClosing)
        {
            // The client reads nothing.
            _tls.Abort(error: null);
            return;
        }

        _hasFailed = true;
        _isClosing = true;
        LingeringRejection.Schedule(wheel, this);
        _tls.Close();
    }

    /// <inheritdoc cref="ITransportSink.OnFaulted"/>
    public override void OnFaulted(Exception exception)
    {
        _tls.Abort(exception);
        _server.Logger.HandshakeFaulted(_below.RemoteEndPoint ?? EndPoints.Unknown, exception);
    }

    /// <inheritdoc/>
    public ReadVerdict OnReceived(Span<byte> bytes) => ReadVerdict.Continue;

    /// <inheritdoc/>
    public ReadVerdict OnReadingResumed() => ReadVerdict.Continue;

    /// <inheritdoc/>
    public void OnWritten()
    {
        // Nothing is written but by TLS.
    }

    /// <inheritdoc/>
    public void OnInputEnded() => _tls.Close();

    /// <inheritdoc/>
    public void OnHeldUp(TimeSpan duration) => _server.Logger.HandshakeHeldUp(_below.RemoteEndPoint ?? EndPoints.Unknown, duration);

    /// <inheritdoc/>
    public void OnStuck(TimeSpan duration) => _server.Logger.HandshakeStuck(_below.RemoteEndPoint ?? EndPoints.Unknown, duration);

    /// <inheritdoc/>
    public void OnClosed(Exception? error)
    {
        _settings.Wheel.Cancel(this);
        _server.Remove(this);
    }

    private TimeSpan TimeLeft => _server.Options.HandshakeTimeout - _server.Options.TimeProvider.GetElapsedTime(_start);

    private ConnectionGroup Group => _settings.Scope.Groups.For(Role.Server, _below.Network);

    private bool TryDecide() => Interlocked.Exchange(ref _isDecided, 1) == 0;

    private void Fail(Exception exception)
    {
        HandshakeRejection? response = Report(exception);
        if (_tls.IsEnded)
        {
            return;
        }

        if (response is not null)
        {
            RejectWithoutTls(response);
            return;
        }

        // A reset would destroy the alert before the client has read it.
        _hasFailed = true;
        LingeringRejection.Schedule(_settings.Wheel, this);
        _tls.EndFailedHandshake();
    }

    private HandshakeRejection? Report(Exception exception)
    {
        EndPoint? remote = _below.RemoteEndPoint;
        HandshakeRejection? response = _server.Failures.RejectTls(
            remote, TlsDiagnosis.For(_setup.Opening, check: null, exception), isSilent: _setup.Opening?.HasReceived != true,
            TlsCallbackException.Unwrap(exception));
        _measured?.Fail(Group, response?.StatusCode, WebSocketHandshakeError.TlsFailed);
        return response;
    }

    // The client speaks HTTP without TLS.
    private void RejectWithoutTls(HandshakeRejection response)
    {
        _settings.Wheel.Cancel(this);
        _tls.Abandon();
        var session = new ServerHandshakeSession(_server, _server.SettingsOn(_below.Loop.Wheel, isSecure: false), _below);
        _server.Pending.HandOver(this, session);
        _server.Remove(this);
        session.StartRejected(response);
    }
}
