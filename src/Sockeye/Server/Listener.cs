using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Sockeye.Connections;
using Sockeye.Handshakes;
using Sockeye.Protocol;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using SocketAddress = Sockeye.Transports.Loops.SocketAddress;

namespace Sockeye.Server;

/// <summary>
/// Listens on one address, does TLS if that is wanted, and begins the opening handshake on each connection it accepts: on event loops
/// where there are any, else with asynchronous sockets.
/// </summary>
internal sealed class Listener : IAcceptorOwner
{
    // Out of descriptors, or of memory: the next attempt would fail too, and a loop that never rests helps nobody.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    private readonly ServerContext _context;
    private readonly Admission _admission;
    private readonly WebSocketEndPoint _endPoint;
    private readonly ListeningSocket _listening;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stopped = new();
    private readonly AutoResetSignal _roomMade = new();
    private readonly EventLoopGroup? _loops;
    private LoopAcceptor[] _acceptors = [];
    private Task _accepting = Task.CompletedTask;

    private Listener(ServerContext context, WebSocketEndPoint endPoint, ListeningSocket listening, EventLoopGroup? loops)
    {
        _context = context;
        _admission = context.Admission;
        _endPoint = endPoint;
        _listening = listening;
        _socket = listening.Socket;

        // TLS reads and writes through a stream, which is not the loop's way.
        _loops = endPoint.IsSecure ? null : loops;
    }

    /// <summary>Where the server listens.</summary>
    public EndPoint LocalEndPoint => _listening.LocalEndPoint;

    /// <inheritdoc/>
    TimeSpan IAcceptorOwner.AcceptRetryDelay => RetryDelay;

    /// <summary>Binds and listens; nothing is accepted before <see cref="Accept"/>.</summary>
    /// <exception cref="SocketException">The address is not available.</exception>
    /// <exception cref="ArgumentException">TLS has no certificate, or one without its private key.</exception>
    public static Listener Bind(ServerContext context, WebSocketEndPoint endPoint, EventLoopGroup? loops)
    {
        if (endPoint is { Tls: { } tls, SelectTls: null } && TlsSetup.FaultOf(tls) is { } fault)
        {
            throw new ArgumentException($"No client could connect to {endPoint.EndPoint}: {fault}", nameof(endPoint));
        }

        ListeningSocket listening = ListeningSocket.Bind(
            endPoint.EndPoint, context.Options.Backlog, endPoint.DualStack, context.Options.OwnSocket);
        context.Logger.Listening(listening.LocalEndPoint);
        return new Listener(context, endPoint, listening, loops);
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

    /// <summary>Accepts no more.</summary>
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

        // SelectTls gets this token: what the application has registered with it may take its time.
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
        answer = error == WebSocketHandshakeError.None ? default : _admission.Refuse(error, peer.ToEndPoint());
        return error != WebSocketHandshakeError.None;
    }

    /// <inheritdoc/>
    void IAcceptorOwner.OnRefused(Descriptor descriptor) => _admission.CloseSoon(descriptor, descriptor.Number);

    /// <inheritdoc/>
    void IAcceptorOwner.OnAccepted(EventLoopTransport transport)
    {
        try
        {
            ConnectionSettings settings = _context.SettingsOn(transport.Loop.Wheel, isSecure: false);
            var session = new ServerHandshakeSession(_context, settings, transport);
            _context.Pending.Enter(session, _admission.NetworkOf(transport.Peer));
            session.Start();
        }
        catch (Exception exception)
        {
            HandshakeFailures.TellLostBefore(_context, exception);
            throw;
        }
    }

    /// <inheritdoc/>
    void IAcceptorOwner.OnAcceptFailed(Exception exception) => _admission.NoteAcceptFailed(RetryDelay, exception);

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

                Socket accepted = await _socket.AcceptAsync(_stopped.Token).ConfigureAwait(false);
                Begin(accepted);
            }
            catch (Exception) when (_stopped.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // Whatever it was, the server goes on.
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
            PeerNetwork network = _admission.NetworkOf(socket.RemoteEndPoint);
            int descriptor = SocketRefusal.DescriptorOf(socket);
            WebSocketHandshakeError error = _admission.Check(descriptor, network);
            if (error != WebSocketHandshakeError.None)
            {
                // Before TLS there is nothing that the client would understand.
                ReadOnlyMemory<byte> answer = _admission.Refuse(error, socket.RemoteEndPoint);
                SocketRefusal.Send(socket, _endPoint.IsSecure ? default : answer.Span);
                _admission.CloseSoon(socket, descriptor);
                return;
            }

            if (_listening.OptionsForAccepted is { } options)
            {
                SocketTuning.Apply(socket, options);
            }

            if (_endPoint.IsSecure)
            {
                var pending = new PendingTls(socket);
                _context.Pending.Enter(pending, network);

                // On the thread pool: TLS calls the application in place, which must not delay accepting.
                ThreadPool.UnsafeQueueUserWorkItem(
                    static call => _ = call.Listener.AuthenticateAsync(call.Socket, call.Pending),
                    (Listener: this, Socket: socket, Pending: pending),
                    preferLocal: false);
            }
            else
            {
                ServerHandshakeSession session = SessionOn(new SocketTransport(socket, _context.Options.Pool), isSecure: false);
                _context.Pending.Enter(session, network);
                session.Start();
            }
        }
        catch (Exception exception)
        {
            // Whatever it was, the server goes on.
            HandshakeFailures.TellLostBefore(_context, exception);
            socket.Dispose();
        }
    }

    private ServerHandshakeSession SessionOn(Transport transport, bool isSecure) =>
        new(_context, _context.SettingsOn(_context.Wheel, isSecure), transport);

    private Task AuthenticateAsync(
        SslStream stream, EndPoint? remote, ClientCertificateCheck check, CancellationToken cancellationToken) =>
        _endPoint.SelectTls is { } select
            ? stream.AuthenticateAsServerAsync(
                async (_, hello, _, cancellation) =>
                    check.Over(await SelectAsync(select, hello, remote, cancellation).ConfigureAwait(false)),
                state: null, cancellationToken)
            : stream.AuthenticateAsServerAsync(check.Over(_endPoint.Tls!), cancellationToken);

    private async ValueTask<SslServerAuthenticationOptions> SelectAsync(
        Func<SslClientHelloInfo, CancellationToken, ValueTask<SslServerAuthenticationOptions>> select, SslClientHelloInfo hello,
        EndPoint? remote, CancellationToken cancellationToken)
    {
        try
        {
            return await WaitInTimeAsync(select(hello, cancellationToken).AsTask(), remote, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TlsCallbackException(exception);
        }
    }

    // TLS would wait for the application although its time is over.
    private async ValueTask<SslServerAuthenticationOptions> WaitInTimeAsync(
        Task<SslServerAuthenticationOptions> selecting, EndPoint? remote, CancellationToken cancellationToken)
    {
        try
        {
            SslServerAuthenticationOptions selected = await selecting.WaitAsync(cancellationToken).ConfigureAwait(false);
            return TlsSetup.FaultOf(selected) is { } fault ? throw new InvalidOperationException(fault) : selected;
        }
        catch (OperationCanceledException) when (!selecting.IsCompleted)
        {
            _ = selecting.ContinueWith(
                late => _context.Logger.SelectTlsThrewLate(EndPoints.Unmapped(remote), late.Exception!.GetBaseException()),
                CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
    }

    private async Task AuthenticateAsync(Socket socket, PendingTls pending)
    {
        // TLS and the request have one deadline.
        TimeProvider time = _context.Options.TimeProvider;
        long start = time.GetTimestamp();
        EndPoint? remote = null;
        TlsStream? stream = null;
        var check = new ClientCertificateCheck();
        try
        {
            remote = socket.RemoteEndPoint;
            EndPoint? local = socket.LocalEndPoint;
            using var timeout = new CancellationTokenSource(_context.Options.HandshakeTimeout, time);
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopped.Token);

            // A client that sends nothing costs no TLS.
            await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, stopping.Token).ConfigureAwait(false);
            _context.Pending.NoteBegun(pending);
            stream = new TlsStream(socket);
            await stream.AuthenticateAsync(
                secure => AuthenticateAsync(secure, remote, check, stopping.Token), stopping.Token).ConfigureAwait(false);
            ServerHandshakeSession session = SessionOn(
                new StreamTransport(stream, _context.Options.Pool, local, remote, stream.EndOutputAsync, socket), isSecure: true);
            _context.Pending.HandOver(pending, session);
            session.Start(_context.Options.HandshakeTimeout - time.GetElapsedTime(start));
        }
        catch (Exception exception)
        {
            // Whatever TLS met: a client that speaks something else, a bad certificate, a lost connection.
            HandshakeRejection? answer = TellFailed(pending, remote, stream?.Witness, check, exception);
            if (stream is not null && answer is not null && !_stopped.IsCancellationRequested)
            {
                stream.ReleaseSocket();
                await stream.DisposeAsync().ConfigureAwait(false);
                Answer(socket, answer, pending);
                return;
            }

            _context.Pending.Leave(pending);
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            socket.Dispose();
        }
    }

    private HandshakeRejection? TellFailed(
        PendingTls pending, EndPoint? remote, TlsWitness? witness, ClientCertificateCheck check, Exception exception)
    {
        if (pending.HasGivenWay)
        {
            HandshakeFailures.TellGaveWay(_context, EndPoints.Unmapped(remote));
            return null;
        }

        return HandshakeFailures.TellTlsFailed(
            _context, EndPoints.Unmapped(remote), TlsDiagnosis.For(witness, check.Check, exception),
            isSilent: witness?.HasReceived != true, TlsCallbackException.Unwrap(exception));
    }

    // A client without TLS on a port with it: HTTP is what it understands.
    private void Answer(Socket socket, HandshakeRejection answer, PendingTls pending)
    {
        try
        {
            ServerHandshakeSession session = SessionOn(new SocketTransport(socket, _context.Options.Pool), isSecure: false);
            _context.Pending.HandOver(pending, session);
            session.StartRefused(answer);
        }
        catch (Exception exception)
        {
            // Gone meanwhile.
            _context.Pending.Leave(pending);
            HandshakeFailures.TellLostBefore(_context, exception);
            socket.Dispose();
        }
    }
}
