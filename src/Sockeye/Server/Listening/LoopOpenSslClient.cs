using System.Buffers;
using System.Net;
using System.Net.Security;
using Sockeye.Transports;
using Sockeye.Transports.Loops;
using Sockeye.Transports.Tls;
using Sockeye.Transports.Tls.OpenSsl;

namespace Sockeye.Server.Listening;

/// <summary>
/// A client on an event loop whose handshake OpenSSL performs on the thread pool, because it calls the application. After it, the loop
/// serves TLS in place.
/// </summary>
internal sealed class LoopOpenSslClient : TlsClient
{
    private const int BufferLength = 4 * 1024;

    private readonly EventLoopTransport _transport;
    private readonly WebSocketEndPoint _endPoint;
    private readonly TimeProvider _time;
    private readonly ArrayPool<byte> _pool;
    private readonly TransportStream _stream;
    private readonly TlsWitness _witness;
    private readonly Replies _replies = new();
    private readonly Lock _gate = new();
    private bool _hasBegun;

    // What was received behind the handshake.
    private byte[] _rest = [];

    // Guarded by _gate: another thread disposes of a client that gives way.
    private OpenSslEngine? _engine;
    private TlsTransport? _secure;
    private bool _isDisposed;

    /// <summary>Takes ownership of a transport, and begins to read.</summary>
    public LoopOpenSslClient(EventLoopTransport transport, WebSocketEndPoint endPoint, TimeProvider time, ArrayPool<byte> pool)
    {
        _transport = transport;
        _endPoint = endPoint;
        _time = time;
        _pool = pool;
        _stream = new TransportStream(transport, pool);
        _witness = new TlsWitness(_stream);
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint => _transport.LocalEndPoint;

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint => _transport.RemoteEndPoint;

    /// <inheritdoc/>
    public override TlsOpening? Opening => _hasBegun ? _witness.Opening : null;

    /// <inheritdoc/>
    public override async ValueTask WaitAsync(CancellationToken cancellationToken) =>
        await _stream.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public override async Task AuthenticateAsync(TlsSelection selection, CancellationToken cancellationToken)
    {
        _hasBegun = true;
        try
        {
            await HandshakeAsync(selection, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The alert, if there is one.
            await SendRepliesAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <inheritdoc/>
    public override Transport Secure()
    {
        lock (_gate)
        {
            // It may have given way as it was completed.
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            EventLoopTransport transport = _stream.Detach(out ArraySegment<byte> unread)
                ?? throw new IOException("The client has disconnected.");
            _secure = new TlsTransport(transport, _engine!, _pool);
            _secure.Preload([.. _rest, .. unread.AsSpan()]);
            _rest = [];
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
            _engine?.Dispose();
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
                _engine?.Dispose();
                _stream.Dispose();
            }
        }
    }

    private async Task HandshakeAsync(TlsSelection selection, CancellationToken cancellationToken)
    {
        byte[] buffer = _pool.Rent(BufferLength);
        try
        {
            byte[] first = [];
            SslServerAuthenticationOptions options;
            if (selection.NeedsHello)
            {
                (SslClientHelloInfo message, first) = await ReadHelloAsync(buffer, cancellationToken).ConfigureAwait(false);
                options = await selection.SelectAsync(_endPoint, message, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                options = selection.Select(_endPoint, host: "");
            }

            OpenSslEngine engine = Begin(options);
            while (!Continue(engine, first))
            {
                await SendRepliesAsync(cancellationToken).ConfigureAwait(false);
                first = await ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }

            await SendRepliesAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _pool.Return(buffer);
        }
    }

    private async Task<(SslClientHelloInfo Message, byte[] Received)> ReadHelloAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        using var hello = new OpenSslHello(_replies);
        while (true)
        {
            byte[] received = await ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            if (hello.Add(received) is { } message)
            {
                return (message, hello.Received.ToArray());
            }
        }
    }

    private OpenSslEngine Begin(SslServerAuthenticationOptions options)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            OpenSslContext context = OpenSslContexts.For(options, _time);
            return _engine = new OpenSslEngine(context, options, _endPoint, opening: null) { Output = _replies };
        }
    }

    private bool Continue(OpenSslEngine engine, byte[] received)
    {
        ReadOnlySpan<byte> rest = received;
        bool isComplete = engine.Handshake(ref rest);
        _rest = rest.ToArray();
        return isComplete;
    }

    private async Task<byte[]> ReadAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        int count = await _witness.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        return count != 0 ? buffer[..count] : throw new EndOfStreamException("The client has ended the handshake.");
    }

    private async Task SendRepliesAsync(CancellationToken cancellationToken)
    {
        byte[] replies = _replies.Take();
        if (replies.Length != 0)
        {
            await _witness.WriteAsync(replies, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Return(ArraySegment<byte> unread)
    {
        if (unread.Array is { } array)
        {
            _pool.Return(array);
        }
    }

    // Not that of the thread: the application's callbacks may send on other connections meanwhile.
    private sealed class Replies : ICiphertextSink
    {
        private readonly List<byte> _records = [];

        public void OnRecords(ReadOnlySpan<byte> records) => _records.AddRange(records);

        public byte[] Take()
        {
            byte[] records = [.. _records];
            _records.Clear();
            return records;
        }
    }
}
