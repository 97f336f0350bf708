using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Sockeye.Transports;

namespace Sockeye.Server;

/// <summary>Accepts TCP connections, does TLS if that is wanted, and begins the opening handshake on each.</summary>
internal sealed class Listener
{
    // Out of descriptors, or of memory: the next attempt would fail too, and a loop that never rests helps nobody.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    private readonly ServerContext _context;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stopped = new();
    private Task _accepting = Task.CompletedTask;

    private Listener(ServerContext context, Socket socket)
    {
        _context = context;
        _socket = socket;
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>Where the server listens.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Binds and listens.</summary>
    /// <exception cref="SocketException">The address cannot be had.</exception>
    public static Listener Start(ServerContext context)
    {
        IPEndPoint endPoint = context.Options.EndPoint;
        if (endPoint.Address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6)
        {
            endPoint = new IPEndPoint(IPAddress.Any, endPoint.Port);
        }

        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(endPoint);
            socket.Listen();
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var listener = new Listener(context, socket);
        context.Logger.Listening(listener.LocalEndPoint);
        listener._accepting = listener.AcceptAsync();
        return listener;
    }

    /// <summary>Accepts no more.</summary>
    public async Task StopAsync()
    {
        await _stopped.CancelAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _accepting.ConfigureAwait(false);
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
            // Frames are written whole; waiting to fill packets would only delay them.
            socket.NoDelay = true;
            if (_context.Options.Tls is { } tls)
            {
                _ = AuthenticateAsync(socket, tls);
            }
            else
            {
                new ServerHandshakeSession(_context, new SocketTransport(socket, _context.Settings.Pool)).Start();
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
            new ServerHandshakeSession(_context, transport).Start();
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
