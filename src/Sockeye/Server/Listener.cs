using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.Server;

/// <summary>
/// Listens, does TLS if that is wanted, and begins the opening handshake on each connection it accepts: on event loops
/// where there are any, else with asynchronous sockets.
/// </summary>
internal sealed class Listener : IAcceptorOwner
{
    // Out of descriptors, or of memory: the next attempt would fail too, and a loop that never rests helps nobody.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    private readonly ServerContext _context;
    private readonly ListeningSocket _listening;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stopped = new();
    private readonly EventLoopGroup? _loops;
    private LoopAcceptor? _acceptor;
    private Task _accepting = Task.CompletedTask;

    private Listener(ServerContext context, ListeningSocket listening, EventLoopGroup? loops)
    {
        _context = context;
        _listening = listening;
        _socket = listening.Socket;
        _loops = loops;
    }

    /// <summary>Where the server listens.</summary>
    public EndPoint LocalEndPoint => _listening.LocalEndPoint;

    /// <inheritdoc/>
    TimeSpan IAcceptorOwner.AcceptRetryDelay => RetryDelay;

    /// <summary>Binds and listens.</summary>
    /// <exception cref="SocketException">The address cannot be had.</exception>
    public static Listener Start(ServerContext context)
    {
        ListeningSocket listening = ListeningSocket.Bind(context.Options.EndPoint);
        Listener listener;
        try
        {
            listener = new Listener(context, listening, StartLoops(context.Options));
        }
        catch
        {
            listening.Dispose();
            throw;
        }

        context.Logger.Listening(listening.LocalEndPoint);
        listener.Accept();
        return listener;
    }

    /// <summary>Accepts no more.</summary>
    public async Task StopAsync()
    {
        await _stopped.CancelAsync().ConfigureAwait(false);
        if (_acceptor is not null)
        {
            await _acceptor.StopAsync().ConfigureAwait(false);
        }

        _listening.Dispose();
        await _accepting.ConfigureAwait(false);
    }

    /// <summary>Lets the event loops end when the last connection has, a refused one that lingers included.</summary>
    public void EndLoops() => _loops?.StopWhenEmpty();

    /// <inheritdoc/>
    void IAcceptorOwner.OnAccepted(EventLoopTransport transport) =>
        new ServerHandshakeSession(_context, _context.SettingsOn(transport.Loop.Wheel, isSecure: false), transport).Start();

    /// <inheritdoc/>
    void IAcceptorOwner.OnAcceptFailed(Exception exception) => _context.Logger.AcceptFailed(RetryDelay, exception);

    // TLS reads and writes through a stream, which is not the loop's way.
    private static EventLoopGroup? StartLoops(WebSocketServerOptions options) =>
        options.EventLoop is { } loops && options.Tls is null && EventLoop.IsSupported
            ? EventLoopGroup.Start(loops, options.TimeProvider)
            : null;

    private void Accept()
    {
        if (_loops is null)
        {
            _accepting = AcceptAsync();
        }
        else
        {
            _acceptor = new LoopAcceptor(_loops, _socket, this);
            _acceptor.Start();
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stopped.IsCancellationRequested)
        {
            try
            {
                Socket accepted = await _socket.AcceptAsync(_stopped.Token).ConfigureAwait(false);
                Begin(accepted);
            }
            catch (Exception) when (_stopped.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException exception)
            {
                _context.Logger.AcceptFailed(RetryDelay, exception);
                await Task.Delay(RetryDelay, _context.Options.TimeProvider, _stopped.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Begin(Socket socket)
    {
        try
        {
            if (_context.Options.Tls is { } tls)
            {
                _ = AuthenticateAsync(socket, tls);
            }
            else
            {
                var transport = new SocketTransport(socket, _context.Settings.Pool);
                new ServerHandshakeSession(_context, _context.Settings, transport).Start();
            }
        }
        catch (Exception exception)
        {
            // Gone before it began. Whatever it was, the server goes on.
            _context.Logger.LostBeforeHandshake(exception);
            socket.Dispose();
        }
    }

    private async Task AuthenticateAsync(Socket socket, SslServerAuthenticationOptions tls)
    {
        EndPoint? remote = null;
        TlsStream? stream = null;
        try
        {
            remote = socket.RemoteEndPoint;
            EndPoint? local = socket.LocalEndPoint;
            stream = new TlsStream(socket);
            using var timeout =
                new CancellationTokenSource(_context.Options.HandshakeTimeout, _context.Options.TimeProvider);
            using var stopping = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stopped.Token);
            await stream.AuthenticateAsync(
                secure => secure.AuthenticateAsServerAsync(tls, stopping.Token), stopping.Token).ConfigureAwait(false);
            var transport = new StreamTransport(
                stream, _context.Settings.Pool, local, remote, stream.EndOutputAsync);
            new ServerHandshakeSession(_context, _context.Settings, transport).Start();
        }
        catch (Exception exception)
        {
            // Whatever TLS met: a client that speaks something else, a bad certificate, a lost connection.
            _context.Logger.TlsFailed(remote, exception);
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            socket.Dispose();
        }
    }
}
