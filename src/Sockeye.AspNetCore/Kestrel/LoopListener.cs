using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Sockeye.Transports;
using Sockeye.Transports.Loops;

namespace Sockeye.AspNetCore.Kestrel;

/// <summary>Listens on one address, and passes each connection that the event loops accept to Kestrel.</summary>
internal sealed class LoopListener : IConnectionListener, IAcceptorOwner
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    private readonly Channel<LoopConnection> _accepted = Channel.CreateUnbounded<LoopConnection>(new() { SingleReader = true });
    private readonly ListeningSocket _listening;
    private readonly LoopListenerFactory _factory;
    private readonly EventLoopGroup _loops;
    private readonly LoopAcceptor[] _acceptors;
    private int _isStopped;

    /// <summary>Listens on an address.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The address is not available.</exception>
    public LoopListener(LoopListenerFactory factory, EventLoopGroup loops, EndPoint endPoint)
    {
        _factory = factory;
        _loops = loops;
        _listening = ListeningSocket.Bind(endPoint, factory.Options.Backlog, isDual: true, factory.Options.Socket);
        _acceptors = [.. loops.Loops.Select(loop => new LoopAcceptor(loops, loop, _listening, this))];
        foreach (EventLoop loop in loops.Loops)
        {
            loop.Unresponsive += Resume;
        }

        Array.ForEach(_acceptors, static acceptor => acceptor.Start());
    }

    /// <inheritdoc/>
    public EndPoint EndPoint => _listening.LocalEndPoint;

    /// <inheritdoc/>
    TimeSpan IAcceptorOwner.AcceptRetryDelay => RetryDelay;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await _accepted.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_accepted.Reader.TryRead(out LoopConnection? connection))
            {
                return connection;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _isStopped, 1) != 0)
        {
            return;
        }

        foreach (EventLoop loop in _loops.Loops)
        {
            loop.Unresponsive -= Resume;
        }

        // A handler that blocks its loop must not block the stop.
        await Task.WhenAll(_acceptors.Select(static acceptor => acceptor.StopAsync()))
            .WaitAsync(LoopListenerFactory.StopPatience, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listening.Dispose();
        _accepted.Writer.TryComplete();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await UnbindAsync().ConfigureAwait(false);
        while (_accepted.Reader.TryRead(out LoopConnection? connection))
        {
            connection.Abort(new ConnectionAbortedException("The server stops."));
        }
    }

    /// <inheritdoc/>
    void IAcceptorOwner.OnAccepted(EventLoopTransport transport)
    {
        LoopConnection connection = _factory.CreateConnection(transport);
        connection.Start();
        if (!_accepted.Writer.TryWrite(connection))
        {
            connection.Abort(new ConnectionAbortedException("The server stops."));
        }
    }

    /// <inheritdoc/>
    void IAcceptorOwner.OnAcceptFailed(Exception exception) => _factory.Logger.AcceptFailed(EndPoint, exception);

    private void Resume() => Array.ForEach(_acceptors, static acceptor => acceptor.Resume());
}
