using System.Net;
using System.Net.Sockets;

namespace Sockeye.Transports.Loops;

/// <summary>One attempt to connect a socket for an event loop.</summary>
internal sealed class LoopConnector : IEventLoopSource
{
    private readonly EventLoop _loop;
    private readonly Descriptor _descriptor;
    private readonly TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isCanceled;

    // Used by the loop only.
    private ulong _number;
    private bool _isWatched;

    private LoopConnector(EventLoop loop, Descriptor descriptor)
    {
        _loop = loop;
        _descriptor = descriptor;
    }

    /// <summary>Connects to an address and creates a transport.</summary>
    /// <exception cref="SocketException">The address cannot be reached.</exception>
    public static async Task<EventLoopTransport> ConnectAsync(
        EventLoop loop, EndPoint endPoint, CancellationToken cancellationToken) =>
        Serve(loop, await ConnectAsync(loop, endPoint, local: null, options: null, cancellationToken).ConfigureAwait(false));

    /// <summary>Connects a socket to an address.</summary>
    /// <param name="loop">The loop that serves the socket.</param>
    /// <param name="endPoint">The address.</param>
    /// <param name="local">The local address; <see langword="null"/> lets the system choose.</param>
    /// <param name="options">The options to set on the socket; <see langword="null"/> for none.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <exception cref="SocketException">The address cannot be reached, or not from the local address.</exception>
    public static async Task<Descriptor> ConnectAsync(
        EventLoop loop, EndPoint endPoint, EndPoint? local, SocketOptions? options, CancellationToken cancellationToken)
    {
        SystemCalls calls = loop.Calls;
        var descriptor = new Descriptor(Require(calls.OpenSocket(endPoint.AddressFamily)));
        try
        {
            if (options is not null)
            {
                SocketTuning.Apply(calls, descriptor.Number, options, isTcp: endPoint.AddressFamily != AddressFamily.Unix);
            }

            if (local is not null)
            {
                Require(calls.Bind(descriptor.Number, Bytes(local)));
            }

            int result = calls.Connect(descriptor.Number, Bytes(endPoint));
            for (int attempt = 1; result == -Errno.WouldBlock && endPoint is UnixDomainSocketEndPoint; attempt++)
            {
                await BacklogRetry.WaitAsync(attempt, loop.Wheel.Time, cancellationToken).ConfigureAwait(false);
                result = calls.Connect(descriptor.Number, Bytes(endPoint));
            }

            if (result != -Errno.InProgress)
            {
                Require(result);
            }
            else
            {
                var connector = new LoopConnector(loop, descriptor);
                await connector.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            return descriptor;
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Creates a transport for a connected socket.</summary>
    public static EventLoopTransport Serve(EventLoop loop, Descriptor descriptor) =>
        new(loop, descriptor, SocketAddress.OfPeer(descriptor.Number));

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
        // A connector runs no application code, so there is nothing to report.
    }

    private static ReadOnlySpan<byte> Bytes(EndPoint endPoint)
    {
        System.Net.SocketAddress address = endPoint.Serialize();
        return address.Buffer.Span[..address.Size];
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
