using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Sockeye.Connections;
using Sockeye.Server.Handshakes;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls.OpenSsl;
using SocketAddress = Sockeye.Transports.Loops.SocketAddress;

namespace Sockeye.Server.Listening;

/// <summary>
/// Listens on one address, and begins the opening handshake on each connection that it accepts, after that of TLS if there is one: on event
/// loops if there are any, else with asynchronous sockets.
/// </summary>
internal sealed class Listener : IAcceptorOwner
{
    // Without descriptors or memory, an immediate attempt would fail too, and keep the thread busy.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    private readonly ServerContext _context;
    private readonly Admission _admission;
    private readonly ListeningSocket _listening;
    private readonly TlsAcceptor? _tls;
    private readonly CancellationTokenSource _stopped = new();
    private readonly AutoResetSignal _roomMade = new();
    private readonly EventLoopGroup? _loops;
    private LoopAcceptor[] _acceptors = [];
    private Task _accepting = Task.CompletedTask;

    private Listener(
        ServerContext context, Admission admission, WebSocketEndPoint endPoint, WebSocketTlsEngine engine, ListeningSocket listening,
        EventLoopGroup? loops)
    {
        _context = context;
        _admission = admission;
        _listening = listening;
        _tls = endPoint.IsSecure ? new TlsAcceptor(context, endPoint, engine, _stopped.Token) : null;
        _loops = loops;
    }

    /// <summary>The address on which the server listens.</summary>
    public EndPoint LocalEndPoint => _listening.LocalEndPoint;

    /// <inheritdoc/>
    TimeSpan IAcceptorOwner.AcceptRetryDelay => RetryDelay;

    /// <summary>Binds an address and listens. Nothing is accepted before <see cref="Accept"/>.</summary>
    /// <exception cref="SocketException">The address is not available.</exception>
    /// <exception cref="ArgumentException">TLS has no certificate, or one without its private key.</exception>
    public static Listener Bind(
        ServerContext context, Admission admission, WebSocketServerOptions options, WebSocketEndPoint endPoint, EventLoopGroup? loops)
    {
        if (endPoint is { Tls: { } tls, SelectTls: null } && TlsSetup.FaultOf(tls, endPoint.TlsEngine) is { } fault)
        {
            throw new ArgumentException($"No client could connect to {endPoint.EndPoint}: {fault}");
        }

        WebSocketTlsEngine engine = EngineFor(context, endPoint, loops);
        if (endPoint.Tls is { } secure)
        {
            // Now, because building a chain may take long.
            SslServerAuthenticationOptions complete = ServerTlsOptions.Complete(secure);
            if (engine == WebSocketTlsEngine.OpenSsl && complete.ServerCertificateContext is not null)
            {
                _ = OpenSslContexts.For(complete, options.TimeProvider);
            }
        }

        ListeningSocket listening = ListeningSocket.Bind(
            endPoint.EndPoint, options.Backlog, endPoint.DualStack, options.OwnSocket);
        context.Logger.Listening(
            listening.LocalEndPoint,
            !endPoint.IsSecure ? "without TLS"
            : engine == WebSocketTlsEngine.OpenSsl ? "with TLS by OpenSSL in place"
            : "with TLS by SslStream");
        return new Listener(context, admission, endPoint, engine, listening, loops);
    }

    /// <summary>Begins to accept.</summary>
    public void Accept()
    {
        _context.Pending.RoomMade += OnRoomMade;
        if (_loops is null)
        {
            _accepting = AcceptAsync();
        }
        else
        {
            _acceptors = [.. _loops.Loops.Select(loop => new LoopAcceptor(_loops, loop, _listening, this))];
            Array.ForEach(_acceptors, static acceptor => acceptor.Start());
            foreach (EventLoop loop in _loops.Loops)
            {
                loop.Unresponsive += ResumeAcceptors;
            }
        }
    }

    /// <summary>Stops accepting.</summary>
    /// <returns>
    /// Tasks that complete when the listening socket is no longer in use. They never complete if a handler blocks its loop, or a
    /// callback of the application does not return.
    /// </returns>
    public Task[] BeginStop()
    {
        _context.Pending.RoomMade -= OnRoomMade;
        foreach (EventLoop loop in _loops?.Loops ?? [])
        {
            loop.Unresponsive -= ResumeAcceptors;
        }

        // SelectTls receives this token: callbacks that the application has registered with it may take long.
        Task canceled = _stopped.CancelAsync();
        _roomMade.Set();

        return [canceled, _accepting, .. _acceptors.Select(static acceptor => acceptor.StopAsync())];
    }

    /// <summary>
    /// Closes the listening socket, after <see cref="BeginStop"/>. A loop that a handler still blocks does not accept after the handler
    /// returns.
    /// </summary>
    public void EndStop() => _listening.Dispose();

    /// <inheritdoc/>
    bool IAcceptorOwner.CanAccept => _context.Pending.HasRoom();

    /// <inheritdoc/>
    bool IAcceptorOwner.MustRefuse(int descriptor, in SocketAddress peer, out ReadOnlyMemory<byte> answer)
    {
        WebSocketHandshakeError error = _admission.Check(descriptor, _admission.NetworkOf(peer));
        if (error == WebSocketHandshakeError.None)
        {
            answer = default;
            return false;
        }

        ReadOnlyMemory<byte> response = _admission.Reject(error, peer.ToEndPoint(), isSecure: _tls is not null);

        // Before TLS, no response would be understood.
        answer = _tls is null ? response : default;
        return true;
    }

    /// <inheritdoc/>
    void IAcceptorOwner.OnRefused(Descriptor descriptor) => _admission.CloseSoon(descriptor, descriptor.Number);

    /// <inheritdoc/>
    void IAcceptorOwner.OnAccepted(EventLoopTransport transport)
    {
        try
        {
            if (_tls is not null)
            {
                _tls.Begin(transport, _admission.NetworkOf(transport.Peer));
                return;
            }

            ConnectionSettings settings = _context.SettingsOn(transport.Loop.Wheel, isSecure: false);
            var session = new ServerHandshakeSession(_context, settings, transport);
            _context.Pending.Enter(session, _admission.NetworkOf(transport.Peer));
            session.Start();
        }
        catch (Exception exception)
        {
            _context.Failures.LogLost(exception);
            throw;
        }
    }

    /// <inheritdoc/>
    void IAcceptorOwner.OnAcceptFailed(Exception exception) => _admission.NoteAcceptFailed(RetryDelay, exception);

    private static WebSocketTlsEngine EngineFor(ServerContext context, WebSocketEndPoint endPoint, EventLoopGroup? loops)
    {
        if (endPoint is not { IsSecure: true, TlsEngine: WebSocketTlsEngine.OpenSsl })
        {
            return WebSocketTlsEngine.SslStream;
        }

        string? whyNot = loops is null ? "there are no event loops" : OpenSslNative.WhyNot;
        if (whyNot is null)
        {
            return WebSocketTlsEngine.OpenSsl;
        }

        context.Logger.OpenSslUnavailable(endPoint.EndPoint, whyNot);
        return WebSocketTlsEngine.SslStream;
    }

    private async Task AcceptAsync()
    {
        while (!_stopped.IsCancellationRequested)
        {
            try
            {
                while (!_context.Pending.HasRoom() && !_stopped.IsCancellationRequested)
                {
                    await _roomMade.WaitAsync().ConfigureAwait(false);
                }

                Begin(await _listening.Socket.AcceptAsync(_stopped.Token).ConfigureAwait(false));
            }
            catch (Exception) when (_stopped.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // The server continues after any failure.
                _admission.NoteAcceptFailed(RetryDelay, exception);
                await Task.Delay(RetryDelay, _context.Options.TimeProvider, _stopped.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void OnRoomMade()
    {
        _roomMade.Set();
        ResumeAcceptors();
    }

    private void ResumeAcceptors() => Array.ForEach(_acceptors, static acceptor => acceptor.Resume());

    private void Begin(Socket socket)
    {
        try
        {
            PeerNetwork network = _context.NetworkOf(socket.RemoteEndPoint);
            int descriptor = RejectedSockets.DescriptorOf(socket);
            WebSocketHandshakeError error = _admission.Check(descriptor, network);
            if (error != WebSocketHandshakeError.None)
            {
                // Before TLS, no response would be understood.
                ReadOnlyMemory<byte> response = _admission.Reject(error, socket.RemoteEndPoint, isSecure: _tls is not null);
                RejectedSockets.Send(socket, _tls is null ? response.Span : default);
                _admission.CloseSoon(socket, descriptor);
                return;
            }

            if (_listening.OptionsForAccepted is { } options)
            {
                SocketTuning.Apply(socket, options);
            }

            if (_tls is not null)
            {
                _tls.Begin(socket, network);
                return;
            }

            var session = new ServerHandshakeSession(
                _context, _context.SettingsOn(_context.Wheel, isSecure: false), new SocketTransport(socket, _context.Options.Pool));
            _context.Pending.Enter(session, network);
            session.Start();
        }
        catch (Exception exception)
        {
            // The server continues after any failure.
            _context.Failures.LogLost(exception);
            socket.Dispose();
        }
    }
}
