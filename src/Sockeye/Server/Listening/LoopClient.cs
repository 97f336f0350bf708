using System.Buffers;
using System.Net;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;

namespace Sockeye.Server.Listening;

/// <summary>
/// A client on an event loop whose handshake runs on the thread pool, because it calls the application. After it, the loop serves TLS in
/// place.
/// </summary>
internal abstract class LoopClient : TlsClient
{
    private readonly EventLoopTransport _transport;
    private TlsTransport? _secure;

    /// <summary>Takes ownership of a transport, and begins to read.</summary>
    protected LoopClient(EventLoopTransport transport, ArrayPool<byte> pool)
    {
        _transport = transport;
        Pool = pool;
        Stream = new TransportStream(transport, pool);
    }

    /// <inheritdoc/>
    public sealed override EndPoint? LocalEndPoint => _transport.LocalEndPoint;

    /// <inheritdoc/>
    public sealed override EndPoint? RemoteEndPoint => _transport.RemoteEndPoint;

    /// <summary>The transport as a stream, during the handshake.</summary>
    protected TransportStream Stream { get; }

    /// <summary>The pool that buffers are rented from.</summary>
    protected ArrayPool<byte> Pool { get; }

    /// <summary>Held while the client changes owners: another thread disposes of one that gives way.</summary>
    protected Lock Gate { get; } = new();

    /// <summary>Whether the client was disposed of, or has given up TLS. Guarded by <see cref="Gate"/>.</summary>
    protected bool IsDisposed { get; private set; }

    /// <inheritdoc/>
    public sealed override async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await Stream.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public sealed override Transport Secure()
    {
        lock (Gate)
        {
            // It may have given way as it was completed.
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            TlsEngine engine = CompleteEngine(out ReadOnlySpan<byte> rest);
            EventLoopTransport transport = Stream.Detach(out ArraySegment<byte> unread)
                ?? throw new IOException("The client has disconnected.");
            _secure = new TlsTransport(transport, engine, Pool);
            _secure.Preload(rest.IsEmpty ? unread.AsSpan() : [.. rest, .. unread.AsSpan()]);
            Return(unread);
            return _secure;
        }
    }

    /// <inheritdoc/>
    public sealed override Transport? Expose()
    {
        lock (Gate)
        {
            if (IsDisposed || _secure is not null)
            {
                return null;
            }

            IsDisposed = true;
            EventLoopTransport? transport = Stream.Detach(out ArraySegment<byte> unread);
            Return(unread);
            DisposeTls();
            return transport;
        }
    }

    /// <inheritdoc/>
    public sealed override void Dispose()
    {
        lock (Gate)
        {
            if (_secure is not null)
            {
                // The loop drives TLS now.
                _secure.Abort(error: null);
            }
            else if (!IsDisposed)
            {
                IsDisposed = true;
                DisposeTls();
                Stream.Dispose();
            }
        }
    }

    /// <summary>Returns the engine, whose handshake is complete, and which the caller owns. Called under <see cref="Gate"/>.</summary>
    /// <param name="rest">What was read from the stream behind the handshake, and not by the engine.</param>
    protected abstract TlsEngine CompleteEngine(out ReadOnlySpan<byte> rest);

    /// <summary>Disposes of TLS, if it has begun. Called under <see cref="Gate"/>, while the handshake may go on.</summary>
    protected abstract void DisposeTls();

    private void Return(ArraySegment<byte> unread)
    {
        if (unread.Array is { } array)
        {
            Pool.Return(array);
        }
    }
}
