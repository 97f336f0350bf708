using System.Buffers;
using System.Net;
using System.Net.Security;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;

namespace Sockeye.Server.Listening;

/// <summary>
/// A client on an event loop whose handshake runs on the thread pool, because it calls the application. After it, the loop serves TLS in
/// place.
/// </summary>
internal sealed class LoopTlsClient : TlsClient
{
    private readonly EventLoopTransport _transport;
    private readonly ArrayPool<byte> _pool;
    private readonly TransportStream _stream;
    private readonly CiphertextStream _ciphertext;
    private readonly TlsWitness _witness;
    private readonly Lock _gate = new();
    private SslStream? _tls;

    // Guarded by _gate: another thread disposes of a client that gives way.
    private TlsTransport? _secure;
    private bool _isDisposed;

    /// <summary>Takes ownership of a transport, and begins to read.</summary>
    public LoopTlsClient(EventLoopTransport transport, ArrayPool<byte> pool)
    {
        _transport = transport;
        _pool = pool;
        _stream = new TransportStream(transport, pool);
        _ciphertext = new CiphertextStream(_stream);
        _witness = new TlsWitness(_ciphertext);
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint => _transport.LocalEndPoint;

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint => _transport.RemoteEndPoint;

    /// <inheritdoc/>
    public override TlsOpening? Opening => _tls is null ? null : _witness.Opening;

    /// <inheritdoc/>
    public override async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await _stream.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public override Task AuthenticateAsync(TlsSelection selection, CancellationToken cancellationToken)
    {
        _tls = new SslStream(_witness);
        return selection.AuthenticateAsync(_tls, cancellationToken);
    }

    /// <inheritdoc/>
    public override Transport Secure()
    {
        lock (_gate)
        {
            // It may have given way as it was completed.
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _witness.StopRecording(_tls!.SslProtocol);
            _witness.ForbidRenegotiation();
            var engine = new SslStreamEngine(_ciphertext, _tls);
            EventLoopTransport transport = _stream.Detach(out ArraySegment<byte> unread)
                ?? throw new IOException("The client has disconnected.");
            _secure = new TlsTransport(transport, engine, _pool);
            _secure.Preload(unread);
            Return(unread);
            return _secure;
        }
    }

    /// <inheritdoc/>
    public override Transport? Expose()
    {
        lock (_gate)
        {
            if (_isDisposed || _secure is not null)
            {
                return null;
            }

            _isDisposed = true;
            EventLoopTransport? transport = _stream.Detach(out ArraySegment<byte> unread);
            Return(unread);
            _tls?.Dispose();
            return transport;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        lock (_gate)
        {
            if (_secure is not null)
            {
                // The loop drives TLS now.
                _secure.Abort(error: null);
            }
            else if (!_isDisposed)
            {
                _isDisposed = true;
                _tls?.Dispose();
                _stream.Dispose();
            }
        }
    }

    private void Return(ArraySegment<byte> unread)
    {
        if (unread.Array is { } array)
        {
            _pool.Return(array);
        }
    }
}
