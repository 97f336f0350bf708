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
    private SslStream? _tls;

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
    public override TlsWitness? Witness => _tls is null ? null : _witness;

    /// <inheritdoc/>
    public override async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await _stream.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public override Task AuthenticateAsync(Func<SslStream, Task> handshake, CancellationToken cancellationToken)
    {
        _tls = new SslStream(_witness);
        return handshake(_tls);
    }

    /// <inheritdoc/>
    public override Transport Secure()
    {
        _witness.StopRecording(_tls!.SslProtocol);
        _witness.ForbidRenegotiation();
        EventLoopTransport transport = _stream.Detach(out ArraySegment<byte> unread)
            ?? throw new IOException("The client has disconnected.");
        var secure = new TlsTransport(transport, new SslStreamEngine(_ciphertext, _tls!), _pool);
        secure.Preload(unread);
        Return(unread);
        return secure;
    }

    /// <inheritdoc/>
    public override Transport? Expose()
    {
        EventLoopTransport? transport = _stream.Detach(out ArraySegment<byte> unread);
        Return(unread);
        _tls?.Dispose();
        return transport;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _tls?.Dispose();
        _stream.Dispose();
    }

    private void Return(ArraySegment<byte> unread)
    {
        if (unread.Array is { } array)
        {
            _pool.Return(array);
        }
    }
}
