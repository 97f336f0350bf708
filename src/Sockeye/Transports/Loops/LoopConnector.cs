using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports.Loops;

/// <summary>One attempt to connect a socket that is then served by an event loop.</summary>
internal sealed class LoopConnector : IEventLoopSource
{
    private readonly EventLoop _loop;
    private readonly Descriptor _descriptor;
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isCanceled;

    // Both are the loop's.
    private ulong _number;
    private bool _isWatched;

    private LoopConnector(EventLoop loop, Descriptor descriptor)
    {
        _loop = loop;
        _descriptor = descriptor;
    }

    /// <summary>Connects to a host by name or address: to the first of its addresses that answers.</summary>
    /// <exception cref="SocketException">The name is unknown, or none of its addresses can be reached.</exception>
    public static async Task<EventLoopTransport> ConnectAsync(
        EventLoop loop, DnsEndPoint host, CancellationToken cancellationToken)
    {
        IPAddress[] addresses =
            await Dns.GetHostAddressesAsync(host.Host, host.AddressFamily, cancellationToken).ConfigureAwait(false);
        SocketException? last = null;
        foreach (IPAddress address in addresses)
        {
            try
            {
                return await ConnectAsync(loop, new IPEndPoint(address, host.Port), cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (SocketException exception)
            {
                last = exception;
            }
        }

        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>Connects to an address.</summary>
    /// <exception cref="SocketException">It cannot be reached.</exception>
    public static async Task<EventLoopTransport> ConnectAsync(
        EventLoop loop, EndPoint endPoint, CancellationToken cancellationToken)
    {
        SystemCalls calls = loop.Calls;
        var descriptor = new Descriptor(Require(calls.OpenSocket(endPoint.AddressFamily)));
        try
        {
            int result = calls.Connect(descriptor.Number, endPoint.Serialize().Buffer.Span);
            if (result != -Errno.InProgress)
            {
                Require(result);
            }
            else
            {
                var connector = new LoopConnector(loop, descriptor);
                await connector.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            return new EventLoopTransport(loop, descriptor, SocketAddress.OfPeer(descriptor.Number));
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnPosted()
    {
        if (_isCanceled)
        {
            Finish(Errno.Canceled);
        }
        else if (!_connected.Task.IsCompleted)
        {
            int result = _loop.Add(
                _descriptor.Number, EpollEvents.Out | EpollEvents.EdgeTriggered, this, out _number);
            _isWatched = result >= 0;
            if (!_isWatched)
            {
                Finish(-result);
            }
        }
    }

    /// <inheritdoc/>
    void IEventLoopSource.OnEvents(EpollEvents events) => Finish(_loop.Calls.ConnectError(_descriptor.Number));

    /// <inheritdoc/>
    void IEventLoopSource.OnFaulted(Exception exception) => _connected.TrySetException(exception);

    /// <inheritdoc/>
    void IEventLoopSource.OnHeldUp(TimeSpan duration)
    {
        // No code of the application runs here.
    }

    private static int Require(int result) => result >= 0 ? result : throw SocketErrors.Exception(-result);

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        _loop.Post(this);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static connector => ((LoopConnector)connector!).Cancel(), this);
        try
        {
            await _connected.Task.ConfigureAwait(false);
        }
        catch (SocketException) when (_isCanceled)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    private void Cancel()
    {
        _isCanceled = true;
        _loop.Post(this);
    }

    private void Finish(int errno)
    {
        if (_isWatched)
        {
            _isWatched = false;

            // The transport will watch the same descriptor.
            _ = _loop.Unwatch(_descriptor.Number, _number);
        }

        if (errno == 0)
        {
            _connected.TrySetResult();
        }
        else
        {
            _connected.TrySetException(SocketErrors.Exception(errno));
        }
    }
}
